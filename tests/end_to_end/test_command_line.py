"""Runs the command line on the sample and on bad input.  usage: test_command_line.py TACTUS BUILD_DIR"""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile
import zlib

TACTUS, BUILD = sys.argv[1:3]
SAMPLE = pathlib.Path(BUILD) / "share/tactus/samples/camera"


def run(*arguments):
    return subprocess.run([TACTUS, *map(str, arguments)], capture_output=True, text=True, timeout=300)


def png(width, height, value=200):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    rows = b"".join(b"\0" + bytes([value]) * width for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Analyse(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.out = [pathlib.Path(cls.folder.name) / name for name in ("first", "second")]
        cls.runs = [run("analyse", "--sample", "camera", "--out", out) for out in cls.out]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_writes_every_file(self):
        self.assertEqual(self.runs[0].returncode, 0, self.runs[0].stderr)
        names = {p.relative_to(self.out[0]).as_posix() for p in self.out[0].rglob("*") if p.is_file()}
        expected = {"report.json", "contacts.npz", "trace.npz", "body.obj", "object.obj", "scene.glb", "overlay.png", "analysis.tactus"}
        views = [f"body_{v}.png" for v in ("topfront", "bottomfront", "topback", "bottomback")]
        views += [f"object_{v}.png" for v in ("frontleft", "frontright", "backleft", "backright")]
        expected |= {f"{folder}/{v}" for folder in ("views", "masks") for v in views}
        self.assertEqual(names, expected)
        self.assertEqual([p.name for p in self.out[0].parent.iterdir() if p.name.endswith(".part")], [])

    def test_report_and_quality(self):
        report = json.loads((self.out[0] / "report.json").read_text())
        self.assertEqual(report["model"], "prior")
        self.assertIn("hand", report["answer"])
        self.assertLess(report["body_fit"]["reprojection_rms_px"], 6.0)
        self.assertLess(report["fit"]["smallest_distance_m"], 0.02)
        self.assertGreater(report["fit"]["mask_iou"], 0.5)
        self.assertTrue(all(s["state"] == "done" for s in report["stages"]))
        losses = report["fit"]["last_losses"]
        self.assertAlmostEqual(sum(v for k, v in losses.items() if k != "total"), losses["total"], places=9)

    def test_same_seed_same_bytes(self):
        for name in ("contacts.npz", "trace.npz", "scene.glb", "body.obj", "object.obj", "overlay.png", "analysis.tactus"):
            self.assertEqual((self.out[0] / name).read_bytes(), (self.out[1] / name).read_bytes(), name)

    def test_arrays(self):
        keys = set(zipfile.ZipFile(self.out[0] / "contacts.npz").namelist())
        self.assertLessEqual({f"{k}.npy" for k in ("body_contact", "body_coverage", "object_contact", "object_coverage", "body_vertices",
                                                   "object_vertices", "photo_from_object", "scale")}, keys)
        keys = set(zipfile.ZipFile(self.out[0] / "trace.npz").namelist())
        self.assertLessEqual({f"{k}.npy" for k in ("align_rotation", "align_translation", "align_rmse", "fit_rotation", "fit_translation", "fit_scale",
                                                   "fit_loss_mask", "fit_loss_centroid", "fit_loss_contact", "fit_loss_total")}, keys)

    def test_glb_is_a_scene_with_an_animation(self):
        data = (self.out[0] / "scene.glb").read_bytes()
        magic, version, length = struct.unpack_from("<4sII", data)
        self.assertEqual((magic, version, length), (b"glTF", 2, len(data)))
        size, = struct.unpack_from("<I", data, 12)
        document = json.loads(data[20:20 + size])
        self.assertEqual([n["name"] for n in document["nodes"]], ["body", "object", "camera"])
        self.assertEqual({c["target"]["path"] for c in document["animations"][0]["channels"]}, {"translation", "rotation", "scale"})
        self.assertTrue(all("COLOR_0" in m["primitives"][0]["attributes"] for m in document["meshes"]))

    def test_the_project_runs_again(self):
        again = pathlib.Path(self.folder.name) / "again"
        done = run("contact", self.out[0] / "analysis.tactus", "--out", again)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue((again / "contacts.npz").exists())


class BadInput(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.here = pathlib.Path(self.folder.name)
        self.out = self.here / "out"

    def refused(self, *arguments, says):
        done = run(*arguments, "--out", self.out)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for words in says:
            self.assertIn(words, done.stderr)
        self.assertFalse(self.out.exists(), "half-written output")

    def file(self, name, data):
        path = self.here / name
        path.write_bytes(data)
        return path

    def test_pictures(self):
        ask = ("--prompt", "What touches the cup?")
        self.refused("analyse", self.file("text.png", b"no picture"), *ask, says=["text.png", "not a picture"])
        self.refused("analyse", self.here / "absent.png", *ask, says=["absent.png"])
        self.refused("analyse", self.file("one.png", png(1, 1)), *ask, says=["one.png", "1×1"])
        self.refused("analyse", self.file("cut.png", png(64, 64)[:60]), *ask, says=["cut.png"])
        header = png(8, 8)
        huge = header[:16] + struct.pack(">II", 20000, 20000) + header[24:]
        self.refused("analyse", self.file("huge.png", huge), *ask, says=["huge.png", "20000×20000", "100 megapixels"])

    def test_words_and_marks(self):
        photo = SAMPLE / "camera.png"
        self.refused("analyse", photo, says=["prompt"])
        self.refused("contact", photo, "--prompt", "What is touched?", says=["object"])
        self.refused("contact", photo, "--prompt", "x", "--object", "chiar", says=["chiar", "chair"])
        self.refused("analyse", photo, "--prompt", "camera", says=["joints"])
        self.refused("analyse", photo, "--prompt", "camera", "--keypoints", SAMPLE / "keypoints.json", says=["object mask"])
        self.refused("analyse", photo, "--prompt", "camera", "--object-mask", self.file("small.png", png(40, 40)), says=["small.png", "40×40", "512×512"])
        self.refused("analyse", photo, "--prompt", "camera", "--object-mask", self.file("black.png", png(512, 512, 0)), says=["black.png", "empty"])
        marks = json.loads((SAMPLE / "keypoints.json").read_text())
        for change, words in ((lambda p: p.__setitem__(0, 1e6), "far outside"), (lambda p: p.__setitem__(0, None), "not a number"), (lambda p: p.pop(), "51")):
            points = list(marks["annotations"][0]["keypoints"])
            change(points)
            copy = json.loads(json.dumps(marks))
            copy["annotations"][0]["keypoints"] = points
            self.refused("analyse", photo, "--prompt", "camera", "--keypoints", self.file("k.json", json.dumps(copy).encode()), says=["k.json", words])

    def test_meshes(self):
        photo = SAMPLE / "camera.png"
        cases = {"empty.obj": (b"v 0 0 0\n", "no faces"), "nan.obj": (b"v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", "finite"),
                 "index.obj": (b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9\n", "index.obj"), "cut.ply": (b"ply\nformat ascii 1.0\nelement vertex 3\n", "cut off"),
                 "text.glb": (b"nothing", "text.glb")}
        for name, (data, words) in cases.items():
            self.refused("contact", photo, "--prompt", "camera", "--object", self.file(name, data), says=[name, words])

    def test_polygons_and_negative_indices_are_read(self):
        mesh = self.file("cube.obj", b"v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nv .5 1.5 0\nf 1 2 3 4\nf -3 -1 -2\n")
        done = run("views", mesh, "--size", "64", "--out", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("5 vertices, 3 faces", done.stdout)

    def test_sample_folder_without_files(self):
        empty = self.here / "empty"
        empty.mkdir()
        self.refused("reconstruct", empty, says=["photograph"])
        (empty / "a.png").write_bytes(png(64, 64))
        self.refused("reconstruct", empty, says=["osx_human2.npz"])
        (empty / "osx_human2.npz").write_bytes(b"PK\x03\x04 cut")
        self.refused("reconstruct", empty, says=["osx_human2.npz"])


class Others(unittest.TestCase):
    def test_doctor_and_help(self):
        done = run("doctor", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("body model", [f["what"] for f in json.loads(done.stdout)["findings"]])
        for command in ("analyse", "contact", "views", "reconstruct", "doctor"):
            self.assertIn("Example", run(command, "--help").stdout)

    def test_wrong_option(self):
        done = run("analyse", "--nonsense")
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]], verbosity=1)
