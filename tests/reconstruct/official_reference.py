#!/usr/bin/env python3
"""The published joint fit, written a second time from METHOD.md §8, as the reference for mode `official`.

It shares no code with the C++: dense fragment lists instead of tiles, autograd instead of gradients by hand, float32
throughout as the published code has it. It needs Python with torch and numpy, which the project itself does not:
run it only to make the committed fixtures again.

    official_reference.py make DIR            write the sample folders into DIR/<name>/
    official_reference.py run DIR/<name> [--iterations 250] [--double]   write DIR/<name>/reference.json
"""
import argparse
import json
import pathlib
import struct
import time
import zlib

import numpy as np


# ---------------------------------------------------------------------------------------------- sample folders

def grid_box(size, step, centre=(0, 0, 0)):
    """A closed box, every side a grid of its own (vertices of different sides are not shared)."""
    size, centre = np.asarray(size, float), np.asarray(centre, float)
    vertices, faces = [], []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        nu, nv = max(1, int(np.ceil(size[u] / step))), max(1, int(np.ceil(size[v] / step)))
        for sign in (-1, 1):
            first = sum(len(p) for p in vertices)
            points = np.zeros(((nu + 1) * (nv + 1), 3))
            a, b = np.meshgrid(np.linspace(-.5, .5, nu + 1), np.linspace(-.5, .5, nv + 1), indexing="ij")
            points[:, u], points[:, v], points[:, axis] = a.ravel() * size[u], b.ravel() * size[v], sign * size[axis] / 2
            vertices.append(points + centre)
            for i in range(nu):
                for j in range(nv):
                    p = [first + i * (nv + 1) + j, first + (i + 1) * (nv + 1) + j,
                         first + (i + 1) * (nv + 1) + j + 1, first + i * (nv + 1) + j + 1]
                    quad = [p[0], p[1], p[2], p[3]] if sign > 0 else [p[0], p[3], p[2], p[1]]
                    faces += [[quad[0], quad[1], quad[2]], [quad[0], quad[2], quad[3]]]
    return np.concatenate(vertices), np.array(faces)


def ball(centre, radius, rings=10, stretch=(1, 1, 1)):
    vertices, faces, around = [[0, 1, 0]], [], 2 * rings
    for i in range(1, rings):
        t = np.pi * i / rings
        for j in range(around):
            p = 2 * np.pi * j / around
            vertices.append([np.sin(t) * np.cos(p), np.cos(t), np.sin(t) * np.sin(p)])
    vertices.append([0, -1, 0])
    last = len(vertices) - 1
    at = lambda i, j: 1 + (i - 1) * around + j % around
    for j in range(around):
        faces.append([0, at(1, j + 1), at(1, j)])
        faces.append([last, at(rings - 1, j), at(rings - 1, j + 1)])
        for i in range(1, rings - 1):
            faces += [[at(i, j), at(i, j + 1), at(i + 1, j + 1)], [at(i, j), at(i + 1, j + 1), at(i + 1, j)]]
    return np.array(vertices) * radius * np.asarray(stretch) + centre, np.array(faces)


def joined(parts):
    vertices, faces, first = [], [], 0
    for v, f in parts:
        vertices.append(v)
        faces.append(f + first)
        first += len(v)
    return np.concatenate(vertices), np.concatenate(faces)


def rotation(axis, degrees):
    axis = np.asarray(axis, float) / np.linalg.norm(axis)
    k = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    a = np.radians(degrees)
    return np.eye(3) + np.sin(a) * k + (1 - np.cos(a)) * k @ k


def seated_person():
    """Ellipsoids in camera coordinates (x right, y down), hips at the origin."""
    parts = [ball([0, -.02, 0], 1, 12, (.18, .12, .14)), ball([0, -.34, 0], 1, 12, (.17, .30, .11)),
             ball([0, -.76, 0], 1, 10, (.09, .12, .10))]
    for s in (-1, 1):
        parts += [ball([s * .1, .0, -.24], 1, 10, (.08, .08, .27)), ball([s * .1, .24, -.46], 1, 10, (.06, .27, .06)),
                  ball([s * .24, -.38, -.05], 1, 8, (.05, .18, .05)), ball([s * .24, -.2, -.2], 1, 8, (.04, .04, .2))]
    return joined(parts)


def chair():
    parts = [grid_box((.45, .04, .45), .05), grid_box((.45, .45, .04), .05, (0, .25, -.2))]
    parts += [grid_box((.04, .42, .04), .05, (x, -.23, z)) for x in (-.2, .2) for z in (-.2, .2)]
    return joined(parts)


def racket():
    """A rim, strings on top of each other in the picture, and a handle: more than 100 faces meet in a pixel."""
    parts = [grid_box((.03, .3, .03), .02, (0, -.32, 0))]
    for a in np.linspace(0, 2 * np.pi, 28, endpoint=False):
        parts.append((grid_box((.03, .014, .014), .02)[0] @ rotation((0, 0, 1), np.degrees(a) + 90).T
                      + [.12 * np.cos(a), .15 * np.sin(a), 0], grid_box((.03, .014, .014), .02)[1]))
    for x in np.linspace(-.1, .1, 15):
        h = 2 * .15 * np.sqrt(max(0, 1 - (x / .12) ** 2))
        parts.append(grid_box((.003, h, .003), .03, (x, 0, 0)))
    for y in np.linspace(-.13, .13, 19):
        w = 2 * .12 * np.sqrt(max(0, 1 - (y / .15) ** 2))
        parts.append(grid_box((w, .003, .003), .03, (0, y, 0)))
    return joined(parts)


def write_png(path, picture):
    """8 bits, grey or RGB."""
    height, width = picture.shape[:2]
    colour = 2 if picture.ndim == 3 else 0
    rows = b"".join(b"\0" + picture[r].astype(np.uint8).tobytes() for r in range(height))
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def read_png(path):
    """What write_png wrote."""
    data, at, packed = path.read_bytes(), 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, _, colour = struct.unpack(">IIBB", body[:10])
        if kind == b"IDAT":
            packed += body
        at += 12 + length
    channels = 3 if colour == 2 else 1
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + width * channels)[:, 1:]
    return rows.reshape(height, width, channels).squeeze()


def camera(box):
    x, y, w, h = box
    return 5000 / 192 * w, 5000 / 256 * h, w / 2 + x, h / 2 + y


def hard_mask(vertices, faces, box, size):
    height, width = size
    fx, fy, px, py = camera(box)
    pixels = np.stack([fx * vertices[:, 0] / vertices[:, 2] + px, fy * vertices[:, 1] / vertices[:, 2] + py], 1)
    mask = np.zeros((height, width), np.uint8)
    for face in faces:
        a, b, c = pixels[face]
        low = np.maximum(np.floor(np.minimum(np.minimum(a, b), c)), 0).astype(int)
        high = np.minimum(np.ceil(np.maximum(np.maximum(a, b), c)), [width, height]).astype(int)
        if (high <= low).any():
            continue
        u, v = np.meshgrid(np.arange(low[0], high[0]) + .5, np.arange(low[1], high[1]) + .5)
        side = lambda p, q: (q[0] - p[0]) * (v - p[1]) - (q[1] - p[1]) * (u - p[0])
        s = np.stack([side(a, b), side(b, c), side(c, a)])
        mask[low[1]:high[1], low[0]:high[0]][(s >= 0).all(0) | (s <= 0).all(0)] = 255
    return mask


def nearest_distance(a, b):
    return np.array([np.sqrt(((b - p) ** 2).sum(1).min()) for p in a])


def make(root):
    random = np.random.default_rng(7)
    body, body_faces = seated_person()
    up = np.diag([1., -1, -1])                                   # camera axes from an upright object
    cases = {
        "chair": (chair(), rotation((0, 1, 0), 25) @ rotation((1, 0, 0), 4) @ up, [0, .13, .02], (480, 640), (190, 60, 260, 380)),
        "racket": (racket(), rotation((0, 0, 1), 20) @ rotation((0, 1, 0), 15) @ up, [.2, -.52, -.4], (480, 640), (140, 40, 340, 420)),
        "chair_cut": (chair(), rotation((0, 1, 0), -70) @ up, [.03, .13, 0], (300, 260), (40, 90, 210, 240)),
    }
    for name, ((object_vertices, object_faces), truth, place, size, box) in cases.items():
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        fx, fy, _, _ = camera(box)
        depth = np.array([.0, .0, 1.5 * fy / box[3]])              # the person fills the box
        human = (body @ rotation((0, 1, 0), 25).T + [0, .15, 0] + depth).astype(np.float32)
        posed = object_vertices @ truth.T + place + [0, .15, 0] + depth
        d_object, d_human = nearest_distance(posed, human), nearest_distance(human, posed)
        p_object = np.clip(1.15 - d_object / .08 + .1 * random.normal(size=len(posed)), 0, 1).astype(np.float32)
        p_human = np.clip(1.15 - d_human / .08 + .1 * random.normal(size=len(human)), 0, 1).astype(np.float32)
        mask = hard_mask(posed, object_faces, box, size)
        picture = np.stack([np.linspace(60, 160, size[0])[:, None] + np.zeros(size)] * 3, 2)
        picture[mask > 0] = [200, 170, 90]
        write_png(folder / f"{name}.png", picture)
        write_png(folder / "object_mask.png", mask)
        np.savez_compressed(folder / "osx_human2.npz", smpl_vertices=human[None], smpl_faces=body_faces.astype(np.int32),
                            bbox_2=np.array([box], np.float32))
        np.savez_compressed(folder / "hcontact_vertices.npz", pred_contact_3d_smplx=p_human)
        np.savez_compressed(folder / "ocontact_vertices.npz", pred_contact_3d=p_object[None])
        with open(folder / "object_mesh.obj", "w") as f:
            f.writelines("v %.5f %.5f %.5f\n" % tuple(v) for v in object_vertices)
            f.writelines("f %d %d %d\n" % tuple(t + 1) for t in object_faces)
        json.dump({"bbox": [float(b) for b in box]}, open(folder / "object_detection.json", "w"))
        print(name, len(human), "body vertices,", len(posed), "object vertices,", len(object_faces), "faces,",
              int((p_human > .5).sum()), "and", int((p_object > .3).sum()), "in contact, mask", int((mask > 0).sum()))


# ---------------------------------------------------------------------------------------------- the published fit

def read_obj(path):
    vertices, faces = [], []
    for line in open(path):
        words = line.split()
        if words and words[0] == "v":
            vertices.append([float(w) for w in words[1:4]])
        if words and words[0] == "f":
            faces.append([int(w) - 1 for w in words[1:4]])
    return np.array(vertices), np.array(faces)


def surface_centroid(vertices, faces):
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    return ((a + b + c) / 3 * area[:, None]).sum(0) / area.sum()


def run(folder, iterations, real):
    import torch
    torch.manual_seed(42)
    torch.set_default_dtype(real)

    def tensor(a):
        return torch.as_tensor(np.asarray(a), dtype=real)

    osx = np.load(folder / "osx_human2.npz")
    human, human_faces = osx["smpl_vertices"][0].astype(np.float64), osx["smpl_faces"]
    box = [float(b) for b in osx["bbox_2"][0]]
    p_h = tensor(np.load(folder / "hcontact_vertices.npz")["pred_contact_3d_smplx"])
    p_o = tensor(np.load(folder / "ocontact_vertices.npz")["pred_contact_3d"].reshape(-1))
    thing, thing_faces = read_obj(folder / "object_mesh.obj")
    mask = tensor(read_png(folder / "object_mask.png") > 0)
    height, width = mask.shape
    fx, fy, px, py = camera(box)

    # §8.3
    off = surface_centroid(human, human_faces)
    centre = surface_centroid(thing, thing_faces)
    flip = np.diag([1., -1, -1])
    human_c, thing_c = tensor(human - off), tensor((thing - centre) @ flip)

    def normals(v, f):
        f = torch.as_tensor(np.asarray(f, np.int64))
        a, b, c = v[f[:, 0]], v[f[:, 1]], v[f[:, 2]]
        n = torch.zeros_like(v)
        face = torch.linalg.cross(b - a, c - a)
        for k in range(3):
            n = n.index_add(0, f[:, k], face)
        return torch.nn.functional.normalize(n, eps=1e-6, dim=1)

    n_h, n_o = normals(human_c, human_faces), normals(thing_c, thing_faces)
    in_h, in_o = torch.nonzero(p_h > .5)[:, 0], torch.nonzero(p_o > .3)[:, 0]

    # §8.5: everything but exactly zero is valid; what is at or below 0.3 becomes 0.
    product = torch.nn.functional.normalize(n_o[in_o], dim=1) @ torch.nn.functional.normalize(-n_h[in_h], dim=1).T
    valid = ((product > 0) | (product < 0)).any(1)
    kept = in_o[valid]
    filtered = torch.zeros_like(p_o)
    filtered[kept] = p_o[kept]

    # §8.4
    index = torch.nonzero(mask).to(real)
    z0 = human_c[in_h][:, 2].mean()
    t0 = torch.stack([(index[1].mean() - px) * z0 / fx, (index[0].mean() - py) * z0 / fy, z0])

    # §8.6
    X0, Y = thing_c[kept], human_c[in_h]
    R, T = torch.eye(3), t0
    A = torch.cat([X0 @ R + T, n_o[kept]], 1)
    B = torch.cat([Y, -n_h[in_h]], 1)
    align, previous = [], None
    for _ in range(10):
        row = {"rotation": R.clone(), "translation": T.clone()}
        nn = ((A[:, None] - B[None]) ** 2).sum(2).argmin(1)
        q, nq = B[nn, :3], -B[nn, 3:]
        mx, mq = X0.mean(0), q.mean(0)
        U, _, Vt = torch.linalg.svd((X0 - mx).T @ (q - mq) / len(X0))
        E = torch.eye(3)
        E[2, 2] = torch.det(U @ Vt)
        R = U @ E @ Vt
        T = mq - mx @ R
        rmse = ((X0 @ R + T - q) ** 2).sum(1).mean().sqrt()
        row["rmse"] = float(rmse)
        align.append(row)
        combined = rmse + 1 - ((nq @ R) * nq).sum(1)
        if previous is not None and bool((((combined - previous) / previous) <= 1e-6).all()):
            break
        previous = combined

    # §8.7
    r6 = torch.stack([R[:, 0], R[:, 1]], 1).reshape(6).clone().requires_grad_(True)
    t = T.clone().requires_grad_(True)
    adam = torch.optim.Adam([{"params": [r6], "lr": .05}, {"params": [t], "lr": .01}])

    def matrix(r6):
        a1, a2 = r6.reshape(3, 2)[:, 0], r6.reshape(3, 2)[:, 1]
        b1 = a1 / a1.norm()
        b2 = a2 - (b1 @ a2) * b1
        b2 = b2 / b2.norm()
        return torch.stack([b1, b2, torch.linalg.cross(b1, b2)], 1)

    # §8.9, in PyTorch3D's axes: x left, y up, z forward; one NDC unit is half of the shorter side.
    sigma, blur, cap = 1e-4, float(np.log(1 / 1e-4 - 1) * 1e-4), 100
    F = torch.as_tensor(thing_faces.astype(np.int64))
    half = min(height, width) / 2
    xs = -(torch.arange(width) + .5 - width / 2) / half
    ys = -(torch.arange(height) + .5 - height / 2) / half

    def line_distance(p, v0, v1):
        d = v1 - v0
        l2 = (d * d).sum(1)
        k = (((p - v0) * d).sum(1) / torch.where(l2 > 1e-8, l2, torch.ones_like(l2))).clamp(0, 1)
        near = torch.where((l2 > 1e-8)[:, None], v0 + k[:, None] * d, v1)
        return ((p - near) ** 2).sum(1)

    def edge(p, a, b):
        return (p[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1]) - (p[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0])

    def silhouette(v):
        ndc = torch.stack([-(fx * v[:, 0] / v[:, 2] + px - width / 2) / half,
                           -(fy * v[:, 1] / v[:, 2] + py - height / 2) / half], 1)
        with torch.no_grad():
            p, z = ndc[F], v[:, 2][F]
            area = edge(p[:, 2], p[:, 0], p[:, 1])
            usable = (z.min(1).values >= 1e-8) & (area.abs() > 1e-8)
            reach = blur ** .5
            low, high = p.min(1).values - reach, p.max(1).values + reach
            lists = []
            for f in torch.nonzero(usable)[:, 0].tolist():
                cols = torch.nonzero((xs >= low[f, 0]) & (xs <= high[f, 0]))[:, 0]
                rows = torch.nonzero((ys >= low[f, 1]) & (ys <= high[f, 1]))[:, 0]
                if len(cols) and len(rows):
                    pixel = (rows[:, None] * width + cols[None]).reshape(-1)
                    lists.append(torch.stack([pixel, torch.full_like(pixel, f)]))
            pixel, face = torch.cat(lists, 1)
            at = torch.stack([xs[pixel % width], ys[pixel // width]], 1)
            a, b, c = p[face, 0], p[face, 1], p[face, 2]
            full = edge(c, a, b) + 1e-8
            w = torch.stack([edge(at, b, c) / full, edge(at, c, a) / full, edge(at, a, b) / full], 1)
            zf = z[face]
            top = torch.stack([w[:, 0] * zf[:, 1] * zf[:, 2], w[:, 1] * zf[:, 0] * zf[:, 2], w[:, 2] * zf[:, 0] * zf[:, 1]], 1)
            w = top / top.sum(1, keepdim=True).clamp(min=1e-8)
            inside = (w > 0).all(1)
            clipped = w.clamp(min=0)
            clipped = clipped / clipped.sum(1, keepdim=True).clamp(min=1e-5)
            depth = (clipped * zf).sum(1)
            d = torch.minimum(torch.minimum(line_distance(at, a, b), line_distance(at, b, c)), line_distance(at, c, a))
            keep = (depth >= 0) & (inside | (d < blur))
            pixel, face, depth, inside = pixel[keep], face[keep], depth[keep], inside[keep]
            order = np.lexsort((face.numpy(), depth.numpy(), pixel.numpy()))
            sorted_pixel = pixel.numpy()[order]
            first = np.r_[0, np.nonzero(np.diff(sorted_pixel))[0] + 1]
            rank = np.arange(len(order)) - np.repeat(first, np.diff(np.r_[first, len(order)]))
            order = torch.as_tensor(order[rank < cap])
            pixel, face, inside = pixel[order], face[order], inside[order]
            at = torch.stack([xs[pixel % width], ys[pixel // width]], 1)
        a, b, c = ndc[F[face, 0]], ndc[F[face, 1]], ndc[F[face, 2]]
        d = torch.minimum(torch.minimum(line_distance(at, a, b), line_distance(at, b, c)), line_distance(at, c, a))
        d = torch.where(inside, -d, d)
        log_out = torch.nn.functional.logsigmoid(d / sigma)        # log(1 - sigmoid(-d/σ))
        total = torch.zeros(height * width).index_add(0, pixel, log_out)
        return (1 - total.exp()).reshape(height, width), int((rank >= cap).sum())

    rows = torch.nonzero(mask.any(1))[:, 0].to(real)
    cols = torch.nonzero(mask.any(0))[:, 0].to(real)
    target = torch.stack([(rows.min() + rows.max()) / 2, (cols.min() + cols.max()) / 2])
    row_of, col_of = torch.arange(height).to(real)[:, None], torch.arange(width).to(real)[None]
    weights = filtered[:, None] * p_h[None]

    def as_photo(R, t):
        rotation = R.T.double().numpy() @ flip
        return {"rotation": rotation.tolist(), "translation": (t.double().numpy() + off - rotation @ centre).tolist()}

    fit = []
    for i in range(iterations):
        started = time.time()
        R = matrix(r6)
        v = thing_c @ R + t
        alpha, beyond = silhouette(v + tensor(off))
        overlap = (alpha * mask).sum()
        loss_mask = 5 * (1 - overlap / (alpha + mask).sum())
        mass = alpha.sum()
        seen = torch.stack([(alpha * row_of).sum() / mass, (alpha * col_of).sum() / mass])
        loss_centroid = 1e-4 * ((seen - target) ** 2).sum()
        loss_contact = 10 * (weights * torch.cdist(v, human_c)).sum() / weights.sum()
        total = loss_mask + loss_centroid + loss_contact
        fit.append({"mask": float(loss_mask), "centroid": float(loss_centroid), "contact": float(loss_contact),
                    "total": float(total), **as_photo(R.detach(), t.detach())})
        adam.zero_grad()
        total.backward()
        if i == 0:
            fit[0]["gradient_rotation6"] = r6.grad.tolist()
            fit[0]["gradient_translation"] = t.grad.tolist()
            fit[0]["fragments_beyond_the_cap"] = beyond
        adam.step()
        if i % 25 == 0:
            print(folder.name, i, fit[-1]["total"], "%.1f s" % (time.time() - started), flush=True)
    kept_rows = sorted({*range(min(20, iterations)), *range(0, iterations, 25), iterations - 1})
    result = {"iterations": iterations, "dtype": str(real),
              "align": [{"rmse": a["rmse"], **as_photo(a["rotation"], a["translation"])} for a in align],
              "fit": {str(i): fit[i] for i in kept_rows}}
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["make", "run"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--iterations", type=int, default=250)
    parser.add_argument("--double", action="store_true")
    arguments = parser.parse_args()
    if arguments.what == "make":
        make(arguments.folder)
    else:
        import torch
        result = run(arguments.folder, arguments.iterations, torch.float64 if arguments.double else torch.float32)
        name = "reference.json" if not arguments.double else "reference_double.json"
        (arguments.folder / name).write_text(json.dumps(result, indent=1))
