"""Writes data/icosphere.bin: what tests R5 and R6 expect, computed pixel by pixel in double precision with numpy.

usage: make_icosphere.py OUT

Little-endian, one after the other: vertices float32 [642, 3], faces int16 [1280, 3], nearest face int16 [128, 128]
(-1 = none), picture uint8 [128, 128, 3]. View topfront (distance 2, elevation 45°, azimuth 315°, field of view 60°),
colours (n + 1)/2, light at (0, 0, 3).
"""
import sys

import numpy as np

SIZE = 128


def icosphere(times, radius):
    t = (1 + 5 ** 0.5) / 2
    points = [(-1, t, 0), (1, t, 0), (-1, -t, 0), (1, -t, 0), (0, -1, t), (0, 1, t), (0, -1, -t), (0, 1, -t),
              (t, 0, -1), (t, 0, 1), (-t, 0, -1), (-t, 0, 1)]
    points = [np.array(p) / np.linalg.norm(p) for p in points]
    faces = [(0, 11, 5), (0, 5, 1), (0, 1, 7), (0, 7, 10), (0, 10, 11), (1, 5, 9), (5, 11, 4), (11, 10, 2), (10, 7, 6),
             (7, 1, 8), (3, 9, 4), (3, 4, 2), (3, 2, 6), (3, 6, 8), (3, 8, 9), (4, 9, 5), (2, 4, 11), (6, 2, 10),
             (8, 6, 7), (9, 8, 1)]
    for _ in range(times):
        middles = {}

        def middle(a, b):
            key = (min(a, b), max(a, b))
            if key not in middles:
                p = points[a] + points[b]
                points.append(p / np.linalg.norm(p))
                middles[key] = len(points) - 1
            return middles[key]

        faces = [new for a, b, c in faces
                 for m in [(middle(a, b), middle(b, c), middle(c, a))]
                 for new in [(a, m[0], m[2]), (b, m[1], m[0]), (c, m[2], m[1]), m]]
    return (radius * np.array(points)).astype(np.float32), np.array(faces, np.int16)


def unit(v, eps=1e-12):
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), eps)


def main(out):
    vertices, faces = icosphere(3, 0.55)
    v = vertices.astype(float)
    e, a = np.radians(45), np.radians(315)
    centre = 2 * np.array([np.cos(e) * np.sin(a), np.sin(e), np.cos(e) * np.cos(a)])
    z = unit(-centre)
    x = unit(np.cross([0, 1, 0], z))
    y = unit(np.cross(z, x))
    view = (v - centre) @ np.stack([x, y, z], 1)
    ndc = view[:, :2] / np.tan(np.radians(30)) / view[:, 2:]
    grid = 1 - (2 * np.arange(SIZE) + 1) / SIZE
    px, py = np.meshgrid(grid, grid)   # [row, column]

    def edge(ax, ay, bx, by):
        return (px - ax) * (by - ay) - (py - ay) * (bx - ax)

    nearest = np.full((SIZE, SIZE), np.inf)
    face_ids = np.full((SIZE, SIZE), -1, np.int16)
    weights = np.zeros((SIZE, SIZE, 3))
    for f, ids in enumerate(faces):
        (x0, y0), (x1, y1), (x2, y2) = ndc[ids]
        area = (x2 - x0) * (y1 - y0) - (y2 - y0) * (x1 - x0)
        if abs(area) <= 1e-8:
            continue
        zs = view[ids, 2]
        w = np.stack([edge(x1, y1, x2, y2), edge(x2, y2, x0, y0), edge(x0, y0, x1, y1)], -1) / (area + 1e-8)
        w = w * np.array([zs[1] * zs[2], zs[0] * zs[2], zs[0] * zs[1]])
        w = w / np.maximum(w.sum(-1, keepdims=True), 1e-8)
        depth = w @ zs
        wins = (w > 0).all(-1) & (depth >= 0) & (depth < nearest)
        nearest[wins], face_ids[wins], weights[wins] = depth[wins], f, w[wins]

    cross = np.cross(v[faces[:, 1]] - v[faces[:, 0]], v[faces[:, 2]] - v[faces[:, 0]])
    normals = np.zeros_like(v)
    for k in range(3):
        np.add.at(normals, faces[:, k], cross)
    normals = unit(normals, 1e-6)
    corners = faces[face_ids]
    mix = lambda values: (weights[..., None] * values[corners]).sum(-2)
    point, n, texel = mix(v), unit(mix(normals), 1e-6), mix((normals + 1) / 2)
    light = unit(np.array([0, 0, 3.0]) - point)
    facing = (n * light).sum(-1)
    mirrored = -light + 2 * facing[..., None] * n
    glint = np.maximum((unit(centre - point) * mirrored).sum(-1), 0) ** 64 * (facing > 0)
    colour = (0.5 + 0.3 * np.maximum(facing, 0))[..., None] * texel + 0.2 * glint[..., None]
    picture = np.where(face_ids[..., None] < 0, 255, (colour * 255).astype(np.uint8)).astype(np.uint8)
    with open(out, "wb") as file:
        for array in (vertices, faces, face_ids, picture):
            file.write(array.tobytes())


if __name__ == "__main__":
    main(sys.argv[1])
