"""Writes data/metrics.json: random inputs and what the metrics of METHOD.md §7 make of them, by brute force in plain Python.

usage: python3 make_metrics.py > data/metrics.json
"""
import json
import math
import random

random.seed(7)


def rounded(values):
    # Values with few digits are the same float in C++ as here, and ties are frequent.
    return [round(v, 2) for v in values]


def f1(p, t, threshold=0.5):
    hits = sum(1 for a, b in zip(p, t) if a >= threshold and b > 0)
    precision = hits / (sum(a >= threshold for a in p) + 1e-10)
    recall = hits / (sum(b > 0 for b in t) + 1e-10)
    return [precision, recall, 2 * precision * recall / (precision + recall + 1e-10)]


def grid(columns, rows):
    """A bent sheet, two triangles a cell, and a triangle apart from it."""
    vertices = [[0.1 * c + random.uniform(0, 0.04), 0.1 * r + random.uniform(0, 0.04), random.uniform(0, 0.05)]
                for r in range(rows) for c in range(columns)]
    faces = []
    for r in range(rows - 1):
        for c in range(columns - 1):
            a = r * columns + c
            faces += [[a, a + 1, a + columns], [a + 1, a + columns + 1, a + columns]]
    n = len(vertices)
    vertices += [[1.0, 1.0, 1.0], [1.1, 1.0, 1.0], [1.0, 1.1, 1.0]]
    faces.append([n, n + 1, n + 2])
    return [[round(x, 3) for x in v] for v in vertices], faces


def all_pairs(vertices, faces):
    n = len(vertices)
    d = [[0.0 if i == j else math.inf for j in range(n)] for i in range(n)]
    for f in faces:
        for a, b in ((f[0], f[1]), (f[1], f[2]), (f[2], f[0])):
            d[a][b] = d[b][a] = math.dist(vertices[a], vertices[b])
    for k in range(n):   # Floyd and Warshall
        for i in range(n):
            for j in range(n):
                d[i][j] = min(d[i][j], d[i][k] + d[k][j])
    low = [min(v[k] for v in vertices) for k in range(3)]
    high = [max(v[k] for v in vertices) for k in range(3)]
    apart = math.dist(low, high)
    return [[apart if math.isinf(x) else x for x in row] for row in d]


def geodesic(d, rows, columns):
    everything = list(range(len(d)))
    rows, columns = rows or everything, columns or everything
    return [sum(min(d[r][c] for c in columns) for r in rows) / len(rows), sum(min(d[r][c] for r in rows) for c in columns) / len(columns)]


def corrected(d, p, t):
    return geodesic(d, [i for i, v in enumerate(p) if v >= 0.5], [i for i, v in enumerate(t) if v > 0])


def official(d, p, t):
    return geodesic(d, [i for i, v in enumerate(t) if v >= 0.5], [i for i, v in enumerate(p) if v == 1])


def auc(p, positive):
    pairs = [(a, b) for a, x in zip(p, positive) if x for b, y in zip(p, positive) if not y]
    return sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs) / len(pairs)


def affordance(p, g):
    ps, gs = sum(p) + 1e-12, sum(g) + 1e-12
    positive = [v >= 0.5 for v in g]
    out = {"predicted": p, "truth": g, "sim": sum(min(a / ps, b / gs) for a, b in zip(p, g)),
           "mae": sum(abs(a - b) for a, b in zip(p, g)) / len(p), "auc": None, "aiou": None}
    if any(positive) and not all(positive):
        out["auc"] = auc(p, positive)
        total = 0.0
        for k in range(20):
            inside = [a >= k / 19 for a in p]
            total += sum(a and b for a, b in zip(inside, positive)) / sum(a or b for a, b in zip(inside, positive))
        out["aiou"] = total / 20
    return out


def segmentation(views, targets, threshold, is_inside):
    both, either, iou = 0, 0, 0.0
    for v, t in zip(views, targets):
        kept = [(a > threshold, is_inside(b)) for a, b in zip(v, t) if b >= 0]
        i, u = sum(a and b for a, b in kept), sum(a or b for a, b in kept)
        both, either, iou = both + i, either + u, iou + (1.0 if u == 0 else i / (u + 1e-5))
    return [both / len(views), either / len(views), iou / len(views)]


def semantic(samples, soft):
    hits = sum(1 for s in samples for a, b in zip(s["predicted"], s["truth"]) if b > 0 and (a != 0 if soft else a >= 0.5))
    said = sum(a if soft else float(a >= 0.5) for s in samples for a in s["predicted"])
    there = sum(b > 0 for s in samples for b in s["truth"])
    return [len(samples), sum(f1(s["predicted"], s["truth"])[2] for s in samples) / len(samples), hits / (said + 1e-10), hits / (there + 1e-10)]


def binary(samples, d, error):
    images = {}
    for s in samples:
        images.setdefault(s["image"], []).append(s)
    hits = said = there = 0
    total, fp, fn = 0.0, 0.0, 0.0
    for group in images.values():
        p = [any(s["predicted"][i] >= 0.5 for s in group) for i in range(len(group[0]["truth"]))]
        t = [any(s["truth"][i] > 0 for s in group) for i in range(len(p))]
        i = sum(a and b for a, b in zip(p, t))
        total += 2 * i / (sum(p) + sum(t)) if i else 0.0
        hits, said, there = hits + i, said + sum(p), there + sum(t)
        errors = [error(d, s["predicted"], s["truth"]) for s in group]
        fp, fn = fp + max(e[0] for e in errors), fn + max(e[1] for e in errors)
    n = len(images)
    return [n, total / n, hits / said, hits / there, fp / n, fn / n]


vertices, faces = grid(6, 5)
count = len(vertices)
d = all_pairs(vertices, faces)


def contact(kind):
    p = rounded(random.random() if random.random() < 0.6 else random.choice([0.0, 0.5, 1.0]) for _ in range(count))
    t = [1.0 if random.random() < 0.3 else 0.0 for _ in range(count)]
    if kind == "empty truth":
        t = [0.0] * count
    if kind == "empty prediction":
        p = [round(0.49 * v, 2) for v in p]
    if kind == "soft":   # nothing is exactly 1
        p = [min(v, 0.99) for v in p]
    return {"predicted": p, "truth": t, "score": f1(p, t), "score_at_0.3": f1(p, t, 0.3),
            "corrected": corrected(d, p, t), "official": official(d, p, t)}


kinds = ["any"] * 3 + ["empty truth", "empty prediction", "soft"]
points = [affordance(rounded(random.random() for _ in range(60)), rounded(random.random() ** 2 for _ in range(60))) for _ in range(3)]
points.append(affordance(rounded(random.random() for _ in range(60)), [0.0] * 60))


def mean(key, only_both):
    chosen = [s[key] for s in points if s["auc"] is not None or not only_both]
    return sum(chosen), len(chosen)


means = {}
for mode in ("corrected", "official"):
    means[mode] = []
    for key in ("sim", "mae", "auc", "aiou"):
        total, n = mean(key, mode == "official" or key in ("auc", "aiou"))
        means[mode].append(total / (n + (1e-5 if mode == "official" else 0)))

views = []
for sample in range(3):
    # The last sample's first view has nothing to see.
    values = [[round(random.uniform(-1, 1), 2) if sample < 2 or v else -1.0 for _ in range(48)] for v in range(2)]
    targets = [[random.choice([0.0, 0.0, 1.0, 0.7, -1.0]) if sample < 2 or v else 0.0 for _ in range(48)] for v in range(2)]
    chances = [[round(0.5 + 0.5 * a, 3) for a in v] for v in values]
    views.append({"values": values, "targets": targets, "chances": chances,
                  "corrected": segmentation(values, targets, 0, lambda b: b >= 0.5),
                  "official": segmentation(values, targets, 0, lambda b: int(b) == 1),
                  "corrected_chances": segmentation(chances, targets, 0.5, lambda b: b >= 0.5),
                  "official_chances": segmentation(chances, targets, 0, lambda b: int(b) == 1)})
iou = {mode: [sum(v[mode][2] for v in views) / len(views), sum(v[mode][0] for v in views) / (sum(v[mode][1] for v in views) + 1e-10)]
       for mode in ("corrected", "official")}

samples = []
for image in ("a.jpg", "b.jpg", "c.jpg"):
    for name in {"a.jpg": ("chair", "Cell_phone"), "b.jpg": ("chair", "traffic_light"), "c.jpg": ("supporting", "bottle")}[image]:
        c = contact("any")
        samples.append({"image": image, "object": name, "predicted": c["predicted"], "truth": c["truth"]})
chairs = [s for s in samples if s["object"] == "chair"]
damon = {"samples": samples}
for mode in ("corrected", "official"):
    soft = mode == "official"
    everyday = [s for s in samples if s["object"] in ("Cell_phone", "bottle") or (s["object"] == "traffic_light" and not soft)]
    damon[mode] = {"chair": semantic(chairs, soft), "everyday-objects": semantic(everyday, soft), "all": semantic(samples, soft),
                   "binary": binary(samples, d, official if soft else corrected)}

chance = rounded(random.random() for _ in range(200)) + [0.0, 1.0]
truth = [1 if random.random() < p * p else 0 for p in chance]
bins = [[i for i, p in enumerate(chance) if min(14, math.floor(p * 15 + 1e-12)) == b] for b in range(15)]
ece = sum(abs(sum(chance[i] for i in b) - sum(truth[i] for i in b)) for b in bins) / len(chance)
logits = rounded(random.uniform(-6, 6) for _ in range(300))
labels = [1 if random.random() < 1 / (1 + math.exp(-x / 2.5)) else 0 for x in logits]


def nll(temperature):
    return sum(math.log(1 + math.exp(-x / temperature * (1 if y else -1))) for x, y in zip(logits, labels)) / len(logits)


best = min((nll(t / 1000), t / 1000) for t in range(500, 8000, 2))
print(json.dumps({
    "mesh": {"vertices": vertices, "faces": faces}, "contact": [contact(k) for k in kinds],
    "affordance": points, "affordance_means": means, "segmentation": views, "iou": iou, "damon": damon,
    "calibration": {"chance": chance, "truth": truth, "ece": ece, "auc": auc(chance, truth), "logits": logits, "labels": labels,
                    "nll_1": nll(1.0), "temperature": best[1], "nll": best[0]}}, separators=(",", ":")))
