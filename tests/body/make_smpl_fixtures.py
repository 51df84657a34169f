"""Writes fixtures/smpl_small.{npz,pkl…}: a body like SMPL with 50 vertices and 6 joints, and what numpy makes of it.

usage: python make_smpl_fixtures.py [FOLDER]       needs numpy, scipy, joblib; seconds

The model is random; nothing of a licensed body is in it. The same model is written as
  smpl_small.npz               arrays alone
  smpl_small_python2.pkl       as Python 2 wrote the published files: protocol 2, byte strings, numpy.core,
                               scipy.sparse.csc, chumpy arrays (stand-ins of the same names; chumpy is not needed)
  smpl_small_protocol0.pkl     the regressor and the template alone, in the text protocol
  smpl_small_protocol2.pkl, smpl_small_protocol4.pkl, smpl_small_protocol5.pkl   as Python 3 writes it
  joblib_plain.pkl, joblib_zlib.pkl   {"matrix": [7, 5]} by joblib
and smpl_posed.npz holds shape and pose of each case with vertices and joints by the literal formulas of METHOD.md §9.6.
"""
import pathlib
import pickle
import struct
import sys
import types

import joblib
import numpy as np
import scipy.sparse

V, K, S, CASES = 50, 6, 7, 5


def module_class(module, name):
    """A class that pickles under a name of a package that need not be installed."""
    made = type(name, (), {})
    made.__module__, made.__qualname__ = module, name
    parts = module.split(".")
    for i in range(1, len(parts) + 1):
        sys.modules.setdefault(".".join(parts[:i]), types.ModuleType(".".join(parts[:i])))
    setattr(sys.modules[module], name, made)
    return made


class Python2Pickler(pickle._Pickler):
    """Text and bytes as Python 2's str, and the module names of its time."""
    dispatch = dict(pickle._Pickler.dispatch)

    def save_str(self, value):
        raw = value if isinstance(value, bytes) else value.encode()
        if len(raw) < 256:
            self.write(b"U" + struct.pack("<B", len(raw)) + raw)
        else:
            self.write(b"T" + struct.pack("<i", len(raw)) + raw)
        self.memoize(value)

    dispatch[str] = save_str
    dispatch[bytes] = save_str

    def save_global(self, obj, name=None):
        module = obj.__module__.replace("numpy._core", "numpy.core")
        self.write(b"c" + f"{module}\n{name or obj.__qualname__}\n".encode())
        self.memoize(obj)

    dispatch[type] = save_global
    dispatch[types.FunctionType] = save_global
    dispatch[types.BuiltinFunctionType] = save_global


def tiny_model(random):
    regressor = np.zeros((K, V))
    for k in range(K):
        chosen = random.choice(V, 5, replace=False)
        regressor[k, chosen] = random.dirichlet(np.ones(5))
    weights = random.dirichlet(np.full(K, 0.3), V)
    weights[weights < 0.05] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    parents = np.array([2**32 - 1, 0, 1, 0, 3, 3], dtype=np.uint32)
    return {
        "v_template": random.normal(size=(V, 3)) * 0.4,
        "shapedirs": random.normal(size=(V, 3, S)) * 0.02,
        "posedirs": (random.normal(size=(V, 3, 9 * (K - 1))) * 0.01).astype(np.float32),
        "J_regressor": regressor,
        "weights": weights,
        "kintree_table": np.stack([parents, np.arange(K, dtype=np.uint32)]),
        "f": np.array([[i, (i + 1) % V, (i + 2) % V] for i in range(V)], dtype=np.uint32),
    }


def rodrigues(r):
    angle = np.linalg.norm(r + 1e-8)
    x, y, z = r / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def posed(model, betas, pose, translation):
    shaped = model["v_template"] + np.einsum("vds,s->vd", model["shapedirs"], betas)
    joints = model["J_regressor"] @ shaped
    turns = [rodrigues(r) for r in pose]
    feature = np.concatenate([(turn - np.eye(3)).ravel() for turn in turns[1:]])
    bent = shaped + np.einsum("vdp,p->vd", model["posedirs"].astype(np.float64), feature)
    chain = []
    for k in range(K):
        local = np.eye(4)
        local[:3, :3] = turns[k]
        parent = int(model["kintree_table"][0, k]) if k > 0 else -1
        local[:3, 3] = joints[k] - (joints[parent] if k > 0 else 0)
        chain.append(local if k == 0 else chain[parent] @ local)
    chain = np.stack(chain)
    moved_joints = chain[:, :3, 3].copy()
    chain[:, :3, 3] -= np.einsum("kij,kj->ki", chain[:, :3, :3], joints)
    skin = np.einsum("vk,kij->vij", model["weights"], chain)
    vertices = np.einsum("vij,vj->vi", skin, np.concatenate([bent, np.ones((V, 1))], axis=1))[:, :3]
    return vertices + translation, moved_joints + translation


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "fixtures"
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(914)
    model = tiny_model(random)
    np.savez_compressed(folder / "smpl_small.npz", **model)
    sparse = dict(model, J_regressor=scipy.sparse.csc_matrix(model["J_regressor"]))
    for protocol in (2, 4, 5):
        with open(folder / f"smpl_small_protocol{protocol}.pkl", "wb") as file:
            pickle.dump(sparse, file, protocol=protocol)
    with open(folder / "smpl_small_protocol0.pkl", "wb") as file:
        pickle.dump({"v_template": model["v_template"], "J_regressor": sparse["J_regressor"], "name": "caf\u00e9 \u2192"},
                    file, protocol=0)

    ch = module_class("chumpy.ch", "Ch")
    select = module_class("chumpy.reordering", "Select")
    csc = module_class("scipy.sparse.csc", "csc_matrix")

    def made(kind, **parts):
        value = kind()
        value.__dict__.update(parts)
        return value

    shuffled = random.permutation(V * 3)
    scattered = np.empty(V * 3)
    scattered[shuffled] = model["v_template"].ravel()
    regressor = sparse["J_regressor"]
    python2 = dict(
        model,
        v_template=made(select, a=made(ch, x=scattered), idxs=shuffled, preferred_shape=(V, 3)),
        shapedirs=made(ch, x=np.asfortranarray(model["shapedirs"])),
        J_regressor=made(csc, _shape=regressor.shape, maxprint=50, data=regressor.data, indices=regressor.indices,
                         indptr=regressor.indptr),
        bs_type="lrotmin", bs_style="lbs")
    with open(folder / "smpl_small_python2.pkl", "wb") as file:
        Python2Pickler(file, protocol=2).dump(python2)

    matrix = np.arange(35, dtype=np.float64).reshape(7, 5) / 8
    joblib.dump({"matrix": matrix, "after": "the array"}, folder / "joblib_plain.pkl")
    joblib.dump({"matrix": np.asfortranarray(matrix), "after": "the array"}, folder / "joblib_zlib.pkl", compress=3)

    betas = random.normal(size=(CASES, S))
    poses = random.normal(size=(CASES, K, 3)) * np.array([0, 0.1, 0.6, 1.2, 2.0])[:, None, None]
    translations = random.normal(size=(CASES, 3))
    betas[0], translations[0] = 0, 0
    poses[2, :3] = 0
    results = [posed(model, *case) for case in zip(betas, poses, translations)]
    np.savez_compressed(folder / "smpl_posed.npz", betas=betas, pose=poses, translation=translations,
                        vertices=np.stack([r[0] for r in results]), joints=np.stack([r[1] for r in results]))


if __name__ == "__main__":
    main()
