"""Runs the command line on the sample and on bad input.  usage: test_command_line.py TACTUS BUILD_DIR"""
import fcntl
import json
import os
import pathlib
import pty
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest
import zlib

from processes import wait_until_it_listens

TACTUS, BUILD = sys.argv[1:3]
OFFICIAL = pathlib.Path(__file__).parent.parent / "reconstruct/data"
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


def run_on_terminal(*arguments, columns=100, **environment):
    """Exit status and what a terminal would have been sent on standard error."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([TACTUS, *map(str, arguments)], stdout=subprocess.PIPE, stderr=follower, env={**os.environ, "TERM": "xterm", **environment})
    os.close(follower)
    sent = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:   # the terminal closes with its last writer
            break
        if not piece:
            break
        sent += piece
    out = process.communicate(timeout=300)[0].decode()
    os.close(leader)
    return process.returncode, out, sent.decode()


class Analyse(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.out = [pathlib.Path(cls.folder.name) / name for name in ("first", "second")]
        cls.runs = [run("analyse", "--sample", "camera", "--out", out) for out in cls.out]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_says_what_was_found_and_where(self):
        self.assertEqual(self.runs[0].returncode, 0, self.runs[0].stderr)
        self.assertIn("hand", self.runs[0].stdout)
        self.assertIn(f"written to {self.out[0]}", self.runs[0].stdout)
        self.assertEqual(self.runs[0].stderr, "", "no progress bar in a pipe")

    def test_same_seed_same_bytes(self):
        names = sorted(p.relative_to(self.out[0]) for p in self.out[0].rglob("*") if p.is_file() and p.name != "report.json")
        self.assertGreater(len(names), 20)
        for name in names:
            self.assertEqual((self.out[0] / name).read_bytes(), (self.out[1] / name).read_bytes(), name)


class Interrupt(unittest.TestCase):
    def stopped(self, sent, status, delay, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "results"
            process = subprocess.Popen([TACTUS, *map(str, arguments), "--out", out], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            wait_until_it_listens(process, sent)
            time.sleep(delay)
            process.send_signal(sent)
            text, error = process.communicate(timeout=60)
            self.assertEqual((process.returncode, text), (status, ""), error)
            self.assertEqual(error, "tactus: stopped; nothing was written\n")
            self.assertEqual(list(pathlib.Path(folder).iterdir()), [])

    def test_leaves_nothing(self):
        long = ("reconstruct", OFFICIAL / "chair", "--mode", "official", "--iterations", 100000)
        for delay in (0.6, 1.5, 3.0):
            self.stopped(signal.SIGINT, 130, delay, *long)
        self.stopped(signal.SIGTERM, 143, 1.0, *long)
        self.stopped(signal.SIGINT, 130, 0.6, "views", "chair", "--size", 4096)


class Terminal(unittest.TestCase):
    def test_bar_on_a_terminal_only(self):
        with tempfile.TemporaryDirectory() as folder:
            view = ("views", "cup", "--size", 256, "--out", pathlib.Path(folder) / "out")
            status, out, sent = run_on_terminal(*view)
            self.assertEqual(status, 0)
            self.assertIn("█", sent)
            self.assertIn("%", sent)
            self.assertTrue(sent.endswith("\r\033[K"), "the bar is left behind")
            self.assertIn("written to", out)
            for line in run_on_terminal(*view, columns=40)[2].split("\r\033[K"):
                self.assertLess(len(line), 40, "the bar wraps")
            for quiet in ("--quiet", "--json"):
                self.assertEqual(run_on_terminal(*view, quiet)[2], "")
            self.assertEqual(run_on_terminal(*view, TERM="dumb")[2], "")

    def test_an_error_starts_its_own_line(self):
        status, _, sent = run_on_terminal("analyse", SAMPLE / "camera.png", "--prompt", "camera", "--out", "/proc/nothing")
        self.assertEqual(status, 3)
        self.assertTrue(sent.startswith("tactus: /proc/nothing: the folder cannot be written to"), sent)


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
        self.refused("analyse", photo, "--prompt", "camera", "--marks-only", says=["joints"])
        self.refused("analyse", photo, "--prompt", "camera", "--marks-only", "--keypoints", SAMPLE / "keypoints.json", says=["object mask"])
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
        self.refused("reconstruct", self.here / "absent", says=["absent", "not a folder"])

    def test_damaged_sample_folders(self):
        sample = self.here / "chair"
        shutil.copytree(OFFICIAL / "chair", sample)
        self.refused("reconstruct", sample, "--iterations", "0", says=["max_iterations is 0", "1 to"])
        vertices = sum(line.startswith("v ") for line in (sample / "object_mesh.obj").read_text().splitlines())
        for name in ("osx_human2.npz", "hcontact_vertices.npz", "ocontact_vertices.npz", "object_mesh.obj"):
            whole = (sample / name).read_bytes()
            (sample / name).unlink()
            self.refused("reconstruct", sample, says=[name, "missing"])
            if name.endswith("npz"):
                (sample / name).write_bytes(whole[:len(whole) // 2])
                self.refused("reconstruct", sample, says=[name])
            (sample / name).write_bytes(whole)
        whole = (sample / "object_mesh.obj").read_text()
        (sample / "object_mesh.obj").write_text("v 9 9 9\n" + whole)
        self.refused("reconstruct", sample, says=["ocontact_vertices.npz", f"{vertices} values", f"{vertices + 1} vertices"])
        (sample / "object_mesh.obj").write_text(whole)
        (sample / "object_mask.png").write_bytes(png(64, 64))
        self.refused("reconstruct", sample, says=["object_mask.png", "64×64", "photograph"])

    def test_options(self):
        photo = SAMPLE / "camera.png"
        self.refused("analyse", photo, "--prompt", "   ", says=["prompt", "empty"])
        self.refused("analyse", "--prompt", "cup", says=["photograph", "PHOTO"])
        self.refused("analyse", photo, "--sample", "camera", says=["--sample", "one of them"])
        self.refused("analyse", "--sample", "dog", says=["dog", "camera"])
        self.refused("analyse", "--sample", "camera", "--model", "oracle", says=["oracle", "prior"])
        self.refused("analyse", "--sample", "camera", "--person", "3", says=["--person", "--keypoints"])
        self.refused("analyse", "--sample", "camera", "--object-size", "-1", says=["object size", "metres"])
        self.refused("analyse", self.here, "--prompt", "cup", says=["this is a folder"])
        self.refused("contact", photo, "--prompt", "cup", "--object", "scan.stl", says=["scan.stl", "no such file"])
        self.refused("contact", photo, "--prompt", "cup", "--object", self.file("scan.stl", b"solid"), says=["scan.stl", ".obj, .ply and .glb"])
        self.refused("analyse", photo, "--prompt", "camera", "--marks-only", "--keypoints", SAMPLE / "keypoints.json", says=["--object-mask", "tactus contact"])
        self.refused("views", "chiar", says=["chiar", "chair"])
        self.refused("views", "chair", "--size", "9", says=["--size", "16 to 4096"])
        self.refused("analyse", self.file("x.tactus", b"no project"), says=["x.tactus", "not a zip"])
        for wrong in (("--mode", "odd"), ("--seed", "many"), ("--promt", "x"), ("--device", "gpu")):
            self.refused("analyse", "--sample", "camera", *wrong, says=[wrong[0], "--help"])

    def test_out(self):
        taken = self.file("taken", b"mine")
        for command in (("analyse", "--sample", "camera"), ("views", "cup"), ("reconstruct", OFFICIAL / "chair")):
            done = run(*command)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1))
            self.assertIn("--out DIR", done.stderr)
            done = run(*command, "--out", taken)
            self.assertEqual(done.returncode, 2)
            self.assertIn("this is a file", done.stderr)
            done = run(*command, "--out", "/proc/nothing")
            self.assertEqual(done.returncode, 3)
            self.assertIn("cannot be written to", done.stderr)
        self.assertEqual(taken.read_bytes(), b"mine")

    def test_no_gpu_code_could_not_run(self):
        done = run("analyse", "--sample", "camera", "--device", "cuda", "--out", self.out)
        self.assertEqual((done.returncode, self.out.exists()), (3, False))
        self.assertIn("--device cpu", done.stderr)


class Others(unittest.TestCase):
    def test_help_has_an_example(self):
        for command in ("analyse", "contact", "views", "reconstruct", "doctor"):
            done = run(command, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn(f"Example:\n  tactus {command} ", done.stdout)
            self.assertIn("--json", done.stdout)
        for command in ("analyse", "contact", "views", "reconstruct", "doctor"):
            self.assertIn(command, run("--help").stdout)
        self.assertRegex(run("--version").stdout, r"^tactus \d+\.\d+\.\d+\n$")

    def test_nothing_or_nonsense(self):
        for arguments in ((), ("analyze",), ("analyse", "--nonsense"), ("views",), ("reconstruct",)):
            done = run(*arguments)
            self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (2, "", 1), done.stderr)
            self.assertIn("--help", done.stderr)

    def test_lists(self):
        samples = json.loads(run("analyse", "--sample", "list", "--json").stdout)
        self.assertIn("camera", samples)
        self.assertEqual(run("analyse", "--sample", "list").stdout.split("\n")[:-1], samples)
        objects = json.loads(run("views", "list", "--json").stdout)
        self.assertGreaterEqual(len(objects), 30)
        self.assertEqual(run("contact", "--object", "list").stdout.split("\n")[:-1], objects)

    def test_doctor(self):
        done = run("doctor", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertTrue(report["usable"])
        found = {f["what"]: f for f in report["findings"]}
        for what in ("body model", "object library", "samples", "contact models", "licensed data", "GPU", "memory", "Studio", "display"):
            self.assertIn(found[what]["state"], ("ok", "missing", "limited"))
            self.assertGreater(len(found[what]["detail"]), 5)
        self.assertIn("does not look at the photograph", found["contact models"]["detail"])
        text = run("doctor").stdout
        self.assertIn("✓ body model", text)
        self.assertLess(max(map(len, text.split("\n"))), 115)
        self.assertEqual(run("doctor", "--data", "/nowhere").returncode, 2)
        with tempfile.TemporaryDirectory() as empty:
            done = run("doctor", "--data", empty, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("missing", {f["state"] for f in json.loads(done.stdout)["findings"] if "SMPL" in f["what"]})

    def test_views(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "new/chair"
            done = run("views", "chair", "--size", 128, "--json", "--out", out)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            report = json.loads(done.stdout)
            self.assertEqual(sorted(p.name for p in out.iterdir()), sorted([f"{v}.png" for v in report["views"]] + ["maps.npz", "mesh.obj"]))
            self.assertEqual(len(report["views"]), 4)
            self.assertEqual(report["vertices"], sum(line.startswith("v ") for line in (out / "mesh.obj").read_text().splitlines()))
            # What was there stays; a mesh that views wrote can be given back.
            (out / "notes.txt").write_text("mine")
            self.assertEqual(run("views", out / "mesh.obj", "--size", 128, "--out", out).returncode, 0)
            self.assertEqual((out / "notes.txt").read_text(), "mine")

    def test_a_mesh_in_millimetres_is_noticed(self):
        with tempfile.TemporaryDirectory() as folder:
            mesh = pathlib.Path(folder) / "cube.obj"
            mesh.write_text("v 0 0 0\nv 400 0 0\nv 0 300 0\nv 0 0 200\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n")
            ask = ("contact", SAMPLE / "camera.png", "--prompt", "Who holds the box?", "--object", mesh, "--json", "--out", pathlib.Path(folder) / "out")
            warnings = json.loads(run(*ask).stdout)["warnings"]
            self.assertIn("largest side is 400 m", warnings[0])
            warnings = json.loads(run(*ask, "--object-size", 0.4).stdout)["warnings"]
            self.assertFalse([w for w in warnings if "largest side" in w])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]], verbosity=1)
