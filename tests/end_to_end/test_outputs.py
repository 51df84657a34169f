"""Every file that analyse, contact and reconstruct write, by its contents.  usage: test_outputs.py TACTUS BUILD_DIR"""
import json
import math
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "io")]
from check_glb import Glb
from readers import read_npz, read_obj, read_png

TACTUS, BUILD = sys.argv[1:3]
SAMPLE = pathlib.Path(BUILD) / "share/tactus/samples/camera"
OFFICIAL = HERE.parent / "reconstruct/data"
BODY_VIEWS = ("topfront", "bottomfront", "topback", "bottomback")
OBJECT_VIEWS = ("frontleft", "frontright", "backleft", "backright")
VIEWS = {f"body_{v}.png" for v in BODY_VIEWS} | {f"object_{v}.png" for v in OBJECT_VIEWS}
RESULTS = {"report.json", "contacts.npz", "trace.npz", "body.obj", "object.obj", "scene.glb", "overlay.png", "analysis.tactus"}


def run(*arguments):
    done = subprocess.run([TACTUS, *map(str, arguments)], capture_output=True, text=True, timeout=500)
    if done.returncode != 0:
        raise AssertionError(f"{arguments}: {done.returncode}\n{done.stderr}")
    return done.stdout


def files(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def apply(matrix, p):
    return tuple(sum(matrix[4 * r + c] * p[c] for c in range(3)) + matrix[4 * r + 3] for r in range(3))


class Outputs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        cls.out = cls.root / "camera"
        cls.printed = json.loads(run("analyse", "--sample", "camera", "--json", "--out", cls.out))
        cls.report = json.loads((cls.out / "report.json").read_text())
        cls.contacts = read_npz(cls.out / "contacts.npz")
        cls.trace = read_npz(cls.out / "trace.npz")
        cls.body, cls.object = read_obj(cls.out / "body.obj"), read_obj(cls.out / "object.obj")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_these_files_and_no_others(self):
        self.assertEqual(files(self.out), RESULTS | {f"{d}/{v}" for d in ("views", "masks") for v in VIEWS})
        self.assertEqual([p.name for p in self.root.iterdir() if "part" in p.name], [])

    def test_report(self):
        r = self.report
        self.assertEqual(self.printed, r)
        self.assertEqual(r["program"], "tactus")
        self.assertRegex(r["version"], r"^\d+\.\d+\.\d+$")
        self.assertEqual(r["versions"]["tactus"], r["version"])
        self.assertEqual(r["photograph"], {"name": "camera.png", "width": 512, "height": 512})
        self.assertEqual(r["prompt"], json.loads((SAMPLE / "sample.json").read_text())["prompt"])
        self.assertEqual(r["object"], "camera on a tripod")
        self.assertEqual(r["inputs"], {"keypoints": True, "human_mask": True, "object_mask": True, "object_mesh": False, "body": "marked joints",
                                       "guessed": {"joints": 0, "human_mask": False, "object_mask": False}})
        self.assertEqual((r["options"]["mode"], r["options"]["run"]["seed"], r["options"]["fit"]["max_iterations"]), ("corrected", 42, 120))
        self.assertEqual(r["model"], "compact")
        self.assertIn("hand", r["answer"])
        self.assertEqual([s["stage"] for s in r["stages"]], ["Photograph", "Body", "Views", "Masks", "Lift", "Align", "Fit", "Result"])
        for stage in r["stages"]:
            self.assertEqual(stage["state"], "done")
            self.assertTrue(0 <= stage["seconds"] < 300, stage)
        peaks = [s["peak_memory_mb"] for s in r["stages"]]
        self.assertTrue(0 < peaks[0] and peaks == sorted(peaks), peaks)
        self.assertIsInstance(r["warnings"], list)
        for losses in (r["fit"]["first_losses"], r["fit"]["last_losses"]):
            self.assertAlmostEqual(sum(v for k, v in losses.items() if k != "total"), losses["total"], places=9)
        self.assertLess(r["fit"]["last_losses"]["total"], r["fit"]["first_losses"]["total"])
        self.assertLess(r["body_fit"]["reprojection_rms_px"], 6.0)
        self.assertGreater(r["fit"]["mask_iou"], 0.7)
        self.assertLess(r["fit"]["smallest_distance_m"], 0.02)

    def test_contacts(self):
        c = self.contacts
        v, n = len(self.body[0]), len(self.object[0])
        shapes = {"body_contact": ("<f4", (v,)), "body_coverage": ("|u1", (v,)), "object_contact": ("<f4", (n,)), "object_coverage": ("|u1", (n,)),
                  "body_vertices": ("<f4", (v, 3)), "object_vertices": ("<f4", (n, 3)), "object_mesh_vertices": ("<f4", (n, 3)),
                  "body_faces": ("<i4", (len(self.body[1]), 3)), "object_faces": ("<i4", (len(self.object[1]), 3)),
                  "photo_from_object": ("<f8", (4, 4)), "scale": ("<f8", ()), "camera_matrix": ("<f8", (3, 3))}
        self.assertEqual({k: (a.dtype, a.shape) for k, a in c.items()}, shapes)
        for who in ("body", "object"):
            contact, coverage = c[f"{who}_contact"].values, c[f"{who}_coverage"].values
            self.assertTrue(all(0 <= p <= 1 for p in contact))
            self.assertTrue(all(k <= 4 for k in coverage))
            self.assertTrue(all(p == 0 for p, k in zip(contact, coverage) if k == 0))
            self.assertTrue(sum(p > 0.5 for p in contact) > 20)
        matrix = c["photo_from_object"].values
        self.assertEqual(matrix[12:], (0, 0, 0, 1))
        scale = c["scale"].values[0]
        for row in range(3):
            self.assertAlmostEqual(math.hypot(*matrix[4 * row:4 * row + 3]), scale, 9)
        for own, placed in zip(c["object_mesh_vertices"].rows(), c["object_vertices"].rows()):
            self.assertLess(math.dist(apply(matrix, own), placed), 1e-5)

    def test_the_camera_stands_upright_and_looks_away_from_the_man(self):
        matrix = self.contacts["photo_from_object"].values
        up, lens = [matrix[i] for i in (1, 5, 9)], [matrix[i] for i in (2, 6, 10)]   # the object's y and z, photo frame
        self.assertLess(up[1], -0.97)
        self.assertGreater(lens[0], 0.85)   # the man stands at the left of the picture and looks to the right

    def test_placement_agrees_with_the_photograph(self):
        c = self.contacts
        fx, _, cx, _, fy, cy = c["camera_matrix"].values[:6]
        for name, mask_name, least in (("body_vertices", "human_mask.png", 0.75), ("object_vertices", "object_mask.png", 0.5)):
            width, height, channels, rows = read_png(SAMPLE / mask_name)
            inside = seen = 0
            for x, y, z in c[name].rows():
                self.assertGreater(z, 0)
                column, row = int(fx * x / z + cx), int(fy * y / z + cy)
                if 0 <= column < width and 0 <= row < height:
                    seen += 1
                    inside += any(rows[row][column * channels:(column + 1) * channels])
            self.assertGreater(inside / seen, least, name)

    def test_objs_hold_the_same_meshes(self):
        for (vertices, faces), who in ((self.body, "body"), (self.object, "object")):
            self.assertEqual([f for f in faces], [tuple(f) for f in self.contacts[f"{who}_faces"].rows()])
            for vertex, wanted in zip(vertices, self.contacts[f"{who}_vertices"].rows()):
                # To the bit: a float written in full and read as one is itself.
                self.assertEqual(struct.pack("<3f", *vertex[:3]), struct.pack("<3f", *wanted))
                self.assertEqual(len(vertex), 6)
                self.assertTrue(all(0 <= k <= 1 for k in vertex[3:]))
            self.assertGreater(len({v[3:] for v in vertices}), 1, "one colour all over")

    def test_trace(self):
        t, r = self.trace, self.report
        k, n = t["align_rmse"].shape[0], t["fit_scale"].shape[0]
        self.assertEqual(n, r["fit"]["iterations"])
        self.assertGreater(k, 0)
        trials = t["trial_loss_total"].shape[0]
        self.assertGreater(trials, 1)
        self.assertEqual({name: a.shape for name, a in t.items()},
                         {"align_rotation": (k, 3, 3), "align_translation": (k, 3), "align_rmse": (k,), "fit_rotation": (n, 3, 3), "fit_translation": (n, 3),
                          **{f"fit_{x}": (n,) for x in ("scale", "sigma", "loss_mask", "loss_centroid", "loss_contact", "loss_scale_prior", "loss_total")},
                          "fit_reversed_at": (), "trial_rotation": (trials, 3, 3), "trial_translation": (trials, 3),
                          **{f"trial_{x}": (trials,) for x in ("scale", "loss_total", "iterations", "chosen")}})
        # The fit goes on where the rows of ICP end, its own reversal of depth or not.
        self.assertLess(t["fit_reversed_at"].values[0], n)
        self.assertLess(math.dist(t["align_translation"].rows(3)[-1], t["fit_translation"].rows(3)[0]), 0.02)
        for name in ("align_rotation", "fit_rotation"):
            for m in t[name].rows(9):
                for a in range(3):
                    for b in range(3):
                        self.assertAlmostEqual(sum(m[3 * a + i] * m[3 * b + i] for i in range(3)), float(a == b), 6)
        terms = [t[f"fit_loss_{x}"].values for x in ("mask", "centroid", "contact", "scale_prior")]
        for total, *parts in zip(t["fit_loss_total"].values, *terms):
            self.assertAlmostEqual(sum(parts), total, 9)
        self.assertEqual(sum(t["trial_chosen"].values), 1)
        self.assertEqual(t["trial_iterations"].values[list(t["trial_chosen"].values).index(1)], t["fit_scale"].shape[0])
        self.assertEqual(t["fit_loss_total"].values[0], r["fit"]["first_losses"]["total"])
        self.assertEqual(t["fit_loss_total"].values[-1], r["fit"]["last_losses"]["total"])
        # Rows are the poses before their update, so the last is one step from the result.
        step = math.dist(t["fit_translation"].rows(3)[-1], [self.contacts["photo_from_object"].values[i] for i in (3, 7, 11)])
        self.assertLess(step, 0.02)

    def test_scene(self):
        glb = Glb(self.out / "scene.glb")
        self.assertEqual([n["name"] for n in glb.document["nodes"]], ["body", "object", "camera"])
        positions, _, colours, triangles = glb.mesh("body")
        self.assertEqual(triangles, self.body[1])
        for p, v in zip(positions, self.body[0]):
            self.assertLess(math.dist(p, (v[0], -v[1], -v[2])), 1e-5)
        for c, v in zip(colours, self.body[0]):   # linear here, sRGB in the OBJ
            for linear, srgb in zip(c, v[3:]):
                self.assertAlmostEqual(linear, srgb / 12.92 if srgb <= 0.04045 else ((srgb + 0.055) / 1.055) ** 2.4, 3)
        positions, _, _, triangles = glb.mesh("object")
        self.assertEqual(triangles, self.object[1])
        node = glb.nodes["object"]
        x, y, z, w = node["rotation"]
        s, t = node["scale"][0], node["translation"]
        for p, v in zip(positions, self.object[0]):
            cross = (y * p[2] - z * p[1] + w * p[0], z * p[0] - x * p[2] + w * p[1], x * p[1] - y * p[0] + w * p[2])
            turned = [p[i] + 2 * d for i, d in enumerate((y * cross[2] - z * cross[1], z * cross[0] - x * cross[2], x * cross[1] - y * cross[0]))]
            placed = [s * turned[i] + t[i] for i in range(3)]
            self.assertLess(math.dist(placed, (v[0], -v[1], -v[2])), 1e-4)
        frames = self.trace["align_rmse"].shape[0] + self.trace["fit_scale"].shape[0] + 1
        for path, (times, rows) in glb.animation("fit", "object").items():
            self.assertEqual(len(times), frames, path)
            self.assertLess(math.dist(rows[-1], node[path]), 1e-5)
        _, _, _, _, fy, _ = self.contacts["camera_matrix"].values[:6]
        self.assertAlmostEqual(glb.document["cameras"][0]["perspective"]["yfov"], 2 * math.atan(256 / fy), 6)

    def test_pictures(self):
        for name in sorted(VIEWS):
            width, height, channels, rows = read_png(self.out / "views" / name)
            self.assertEqual((width, height, channels), (512, 512, 3), name)
            white = sum(row.count(b"\xff\xff\xff") for row in rows)
            self.assertTrue(0.01 * 512 * 512 < 512 * 512 - white, f"{name} is nearly empty")
            width, height, channels, rows = read_png(self.out / "masks" / name)
            self.assertEqual((width, height, channels), (512, 512, 1), name)
        touched = [sum(value > 127 for row in read_png(self.out / "masks" / name)[3] for value in row) for name in sorted(VIEWS)]
        self.assertGreater(sum(t > 0 for t in touched), 2, "contact in hardly any view")
        photo, overlay = read_png(SAMPLE / "camera.png"), read_png(self.out / "overlay.png")
        self.assertEqual(overlay[:3], (512, 512, 3))
        person = read_png(SAMPLE / "human_mask.png")
        same = changed = 0
        for y in range(0, 512, 4):
            for x in range(0, 512, 4):
                grey = photo[3][y][x * photo[2]]
                equal = all(abs(c - grey) <= 1 for c in overlay[3][y][3 * x:3 * x + 3])
                same += equal
                changed += not equal and any(person[3][y][x * person[2]:(x + 1) * person[2]])
        self.assertGreater(same, 0.4 * 128 * 128, "the photograph is not under it")
        self.assertGreater(changed, 200, "the body is not over it")

    def test_project_runs_again_to_the_same_contact(self):
        with zipfile.ZipFile(self.out / "analysis.tactus") as archive:
            project = json.loads(archive.read("project.json"))
            pixels = archive.read("photo.rgb")
        self.assertEqual((project["format"], project["photo_name"], project["prompt"]), ("tactus", "camera.png", self.report["prompt"]))
        self.assertEqual(project["options"], self.report["options"])
        photo = read_png(SAMPLE / "camera.png")
        self.assertEqual(pixels[::3], b"".join(row[::photo[2]] for row in photo[3]))
        again = self.root / "again"
        run("contact", self.out / "analysis.tactus", "--out", again)
        self.assertEqual(files(again), {"report.json", "contacts.npz", "body.obj", "object.obj", "scene.glb", "analysis.tactus"}
                         | {f"{d}/{v}" for d in ("views", "masks") for v in VIEWS})
        contacts = read_npz(again / "contacts.npz")
        self.assertEqual(set(contacts), set(self.contacts) - {"object_vertices", "photo_from_object", "scale"})
        for name in contacts:
            self.assertEqual(contacts[name].values, self.contacts[name].values, name)
        glb = Glb(again / "scene.glb")
        self.assertEqual([n["name"] for n in glb.document["nodes"]], ["body", "camera"])

    def test_reconstruct_of_the_folder_gives_the_same_bytes(self):
        again = self.root / "reconstructed"
        run("reconstruct", self.out, "--out", again)
        self.assertEqual(files(again), RESULTS)
        for name in RESULTS - {"report.json", "analysis.tactus"}:
            self.assertEqual((again / name).read_bytes(), (self.out / name).read_bytes(), name)
        self.assertEqual(json.loads((again / "report.json").read_text())["options"], self.report["options"])


@unittest.skipIf(not OFFICIAL.exists(), "no sample folders")
class OfficialSamples(unittest.TestCase):
    def test_samples_in_both_modes(self):
        with tempfile.TemporaryDirectory() as folder:
            for sample in sorted(p.name for p in OFFICIAL.iterdir() if p.is_dir()):
                for mode in ("official", "corrected"):
                    out = pathlib.Path(folder) / f"{sample}_{mode}"
                    report = json.loads(run("reconstruct", OFFICIAL / sample, "--mode", mode, "--iterations", 3, "--json", "--out", out))
                    self.assertEqual(files(out), RESULTS)
                    self.assertEqual(report["options"]["mode"], mode)
                    self.assertEqual(report["inputs"]["body"], "osx_human2.npz")
                    trace, contacts = read_npz(out / "trace.npz"), read_npz(out / "contacts.npz")
                    # A reversed start has the way to its reversal before its own iterations.
                    self.assertEqual(trace["fit_scale"].shape, (3 + trace["fit_reversed_at"].values[0],))
                    given = read_npz_values(OFFICIAL / sample / "hcontact_vertices.npz", "pred_contact_3d_smplx")
                    self.assertEqual(len(contacts["body_contact"].values), given)
                    vertices, faces = read_obj(OFFICIAL / sample / "object_mesh.obj")
                    self.assertEqual(contacts["object_mesh_vertices"].shape, (len(vertices), 3))
                    for vertex, kept in zip(vertices, contacts["object_mesh_vertices"].rows()):
                        self.assertEqual(struct.pack("<3f", *vertex[:3]), struct.pack("<3f", *kept))
                    self.assertEqual(faces, [tuple(f) for f in contacts["object_faces"].rows()])
                    Glb(out / "scene.glb").animation("fit", "object")


def read_npz_values(path, key):
    """How many values; NumPy may have written them in any type."""
    import ast
    with zipfile.ZipFile(path) as archive:
        data = archive.read(key + ".npy")
    length, = struct.unpack_from("<H", data, 8)
    count = 1
    for n in ast.literal_eval(data[10:10 + length].decode())["shape"]:
        count *= n
    return count


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]], verbosity=1)
