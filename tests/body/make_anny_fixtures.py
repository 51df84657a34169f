"""Writes fixtures/anny_poses.npz: bodies posed by the Python package anny, the oracle of core/body.

usage: python make_anny_fixtures.py [OUT]       needs anny==0.6.2, torch, roma, numpy; a few minutes

The package is run as it is: the rig "makehuman" (every bone of the default rig), linear blend skinning, poses as
rotations about the axes of the world ("local-ref"), the phenotype's own blend shapes ("original"). Its frame has z up
and the person facing -y; ours has y up and the person facing +z: ours = (x, z, -y).

Arrays, a row a case (C cases, B bones, S sampled vertices):
  phenotype [C, 6]     gender, age, muscle, weight, height, proportions
  pose [C, B, 3]       rotation vectors about our axes
  vertices [C, S, 3]   posed, metres, our frame, the root bone's head at the origin
  heads [C, B, 3]      posed heads of the bones, likewise
  keypoints [C, 23, 3] COCO-WholeBody's body and feet, likewise
  sample [S]           numbers of the sampled vertices among those of the body and eyes, in the source mesh's order
  bone_names [N]       the bones' names as bytes, separated by line feeds
"""
import pathlib
import sys

import anny
import numpy as np
import torch
from anny.keypoints import KeypointsRegressor

VERTICES = 320
FIELDS = ["gender", "age", "muscle", "weight", "height", "proportions"]
KEYPOINTS = [
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle", "left_big_toe", "left_small_toe", "left_heel", "right_big_toe", "right_small_toe", "right_heel"]


def phenotypes(random):
    """The default, the ends and corners of the sliders, points between, values outside (clamped)."""
    third = 1 / 3
    rows = [
        [0.5, 0.67, 0.5, 0.5, 0.5, 0.5],
        [0.0, 2 * third, 1.0, 0.0, 1.0, 0.0],    # man, muscular, thin, tall, ideal
        [1.0, 2 * third, 0.0, 1.0, 0.0, 1.0],    # woman, weak, heavy, short, uncommon
        [0.0, -third, 0.5, 0.5, 0.5, 0.5],       # newborn boy
        [1.0, 0.0, 0.0, 1.0, 1.0, 1.0],          # baby girl
        [0.5, third, 1.0, 1.0, 0.0, 0.0],        # child
        [1.0, 1.0, 0.0, 0.0, 0.0, 0.0],          # old woman
        [0.0, 1.0, 1.0, 1.0, 1.0, 1.0],          # old man
        [0.3, -0.2, 0.25, 0.8, 0.6, 0.9],        # between newborn and baby
        [0.7, 0.15, 0.75, 0.3, 0.4, 0.2],        # between baby and child
        [1.3, 1.4, -0.2, 1.2, 1.1, -0.5],        # outside the sliders
    ]
    while len(rows) < 16:
        rows.append([random.uniform(0, 1), random.uniform(-third, 1), *random.uniform(0, 1, 4)])
    return np.array(rows, dtype=np.float32)


def poses(random, cases, bones):
    """Rest, one turned root, all bones turned a little or much."""
    rotations = np.zeros((cases, bones, 3))
    for case in range(cases):
        size = [0.0, 0.2, 0.5, 1.0][case % 4]
        axes = random.normal(size=(bones, 3))
        axes /= np.linalg.norm(axes, axis=1, keepdims=True)
        rotations[case] = axes * random.uniform(0, size, (bones, 1))
        if case % 4 != 0:
            rotations[case, 0] *= 2.5 / max(size, 1e-9)
    rotations[4, 0] = [0.0, 1.2, 0.0]            # rest but for the root
    return rotations.astype(np.float32)


def to_ours(points):
    return np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=-1)


def from_ours(vectors):
    return np.stack([vectors[..., 0], -vectors[..., 2], vectors[..., 1]], axis=-1)


def rotation_matrices(vectors):
    angle = np.linalg.norm(vectors, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-300), -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*x.shape, 3, 3)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


def main():
    here = pathlib.Path(__file__).parent
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here / "fixtures" / "anny_poses.npz"
    topology = anny.models.model_data.TopologyConfig(
        base_mesh="makehuman", nudity_edits=False, remove_unattached_vertices=True, triangulate_faces=False,
        eyes=True, tongue=False)
    model = anny.Anny(rig="makehuman", topology=topology, phenotype_blendshapes="original",
                      pose_parameterization="local-ref", skinning_method="lbs")
    assert model.dtype == torch.float64 and model.reference_bone_orientations is None
    used = model.base_mesh_vertex_indices.numpy()
    assert (np.diff(used) > 0).all()
    random = np.random.default_rng(2026)
    shapes = phenotypes(random)
    turns = poses(random, len(shapes), model.bone_count)
    delta = np.tile(np.eye(4), (*turns.shape[:2], 1, 1))
    delta[..., :3, :3] = rotation_matrices(from_ours(turns.astype(np.float64)))
    result = model(
        torch.from_numpy(delta),
        phenotype_kwargs={name: torch.from_numpy(shapes[:, i].astype(np.float64)) for i, name in enumerate(FIELDS)})
    regressor = KeypointsRegressor.coco(model, labels=KEYPOINTS)
    sample = np.sort(random.choice(len(used), VERTICES, replace=False))
    arrays = {
        "phenotype": shapes,
        "pose": turns,
        "vertices": to_ours(result["vertices"].numpy()[:, sample]).astype(np.float32),
        "heads": to_ours(result["bone_poses"].numpy()[..., :3, 3]).astype(np.float32),
        "keypoints": to_ours(regressor(result).numpy()).astype(np.float32),
        "sample": sample.astype(np.int32),
        "vertex_count": np.array([len(used)], dtype=np.int32),
        "bone_names": np.frombuffer("\n".join(model.bone_labels).encode(), dtype=np.uint8),
    }
    out.parent.mkdir(exist_ok=True)
    np.savez_compressed(out, **arrays)
    print(f"{out}: {len(shapes)} cases, {len(used)} vertices, {model.bone_count} bones, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
