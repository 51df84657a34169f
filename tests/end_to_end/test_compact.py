"""The contact model that comes with Tactus, on the bundled photograph and on what a user may mark in it.

usage: test_compact.py TACTUS BUILD_FOLDER PHOTOGRAPHS
"""
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

from readers import read_npz

TACTUS = SAMPLE = PHOTOGRAPHS = None
PROMPT = "Which body parts touch the camera?"


def write_mask(path, width, height, box):
    """An 8-bit grey PNG, 255 inside the box (left, top, right, bottom)."""
    left, top, right, bottom = box
    rows = b"".join(b"\0" + bytes(255 if left <= x < right and top <= y < bottom else 0 for x in range(width)) for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Compact(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def ask(self, name, *marks, prompt=PROMPT, sample=()):
        out = self.folder / name
        photo = sample or (SAMPLE / "camera.png", "--prompt", prompt)
        done = subprocess.run([TACTUS, "contact", *photo, *marks, "--out", out, "--json"], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout), read_npz(out / "contacts.npz")

    def marks(self, mask=None):
        return ("--keypoints", SAMPLE / "keypoints.json", "--human-mask", SAMPLE / "human_mask.png", "--object-mask", mask or SAMPLE / "object_mask.png")

    def test_the_bundled_photograph(self):
        report, contacts = self.ask("sample", sample=("--sample", "camera"))
        self.assertEqual(report["model"], "compact")
        self.assertIn("hand", report["answer"])
        touched = sum(p > 0.5 for p in contacts["body_contact"].values)
        self.assertTrue(100 < touched < 3000, touched)
        again, same = self.ask("again", *self.marks())
        self.assertEqual(again["answer"], report["answer"])
        self.assertEqual(same["body_contact"].values, contacts["body_contact"].values)

    def test_without_a_mask_or_without_joints_the_prior_answers_and_says_so(self):
        for marks, missing in (((), "joints are not marked"), (self.marks()[:4], "not marked in the photograph"), (self.marks()[4:], "joints are not marked")):
            report, contacts = self.ask(f"unmarked{len(marks)}{missing[:3]}", *marks, "--marks-only")
            self.assertEqual(report["model"], "prior")
            self.assertTrue(any(missing in w and "prior" in w for w in report["warnings"]), report["warnings"])
            self.assertTrue(any(p > 0.5 for p in contacts["body_contact"].values))

    def test_what_is_not_marked_is_guessed_and_said_to_be(self):
        report, contacts = self.ask("guessed")
        guessed = report["inputs"]["guessed"]
        self.assertGreaterEqual(guessed["joints"], 6)
        self.assertTrue(guessed["human_mask"] and guessed["object_mask"])
        self.assertEqual((report["model"], report["answered_from"]), ("compact", "marks and guesses"))
        self.assertTrue(any("not marked" in w and f"{guessed['joints']} joints" in w for w in report["warnings"]), report["warnings"])
        _, again = self.ask("guessed_again")
        self.assertEqual(again["body_contact"].values, contacts["body_contact"].values)
        # Marks stay as they are.
        partly, _ = self.ask("partly", *self.marks()[:4])
        self.assertEqual(partly["inputs"]["guessed"], {"joints": 0, "human_mask": False, "object_mask": True})
        marked, _ = self.ask("marked", *self.marks())
        self.assertEqual(marked["inputs"]["guessed"], {"joints": 0, "human_mask": False, "object_mask": False})
        self.assertEqual(marked["answered_from"], "marks")

    def test_a_project_keeps_which_marks_were_guessed(self):
        self.ask("first")
        report, _ = self.ask("second", sample=(self.folder / "first" / "analysis.tactus",))
        self.assertGreaterEqual(report["inputs"]["guessed"]["joints"], 6)
        self.assertTrue(report["inputs"]["guessed"]["object_mask"])

    def test_a_photograph_without_anybody(self):
        plain = self.folder / "plain.png"
        write_mask(plain, 320, 240, (0, 0, 0, 0))
        report, _ = self.ask("nobody", sample=(plain, "--prompt", PROMPT))
        self.assertEqual(report["model"], "prior")
        done = subprocess.run([TACTUS, "analyse", plain, "--prompt", PROMPT, "--out", self.folder / "none"], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 2)
        self.assertIn("not marked and were not found", done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        self.assertFalse((self.folder / "none").exists())

    def test_in_photographs_of_other_things_nobody_is_found(self):
        for photo in ("chelsea.png", "coffee.png", "rocket.jpg"):   # a cat, a cup on a table, a launch
            report, _ = self.ask(photo, sample=(PHOTOGRAPHS / photo, "--prompt", "Which body parts touch the cup?"))
            self.assertEqual(report["model"], "prior", photo)
            guessed = report["inputs"].get("guessed", {"joints": 0, "human_mask": False})
            self.assertEqual((guessed["joints"], guessed["human_mask"]), (0, False), photo)

    def test_a_thing_far_from_the_person_is_not_touched(self):
        mask = self.folder / "far.png"
        write_mask(mask, 512, 512, (440, 20, 480, 60))   # in the sky
        report, contacts = self.ask("far", *self.marks(mask))
        self.assertEqual(report["model"], "compact")
        self.assertFalse(any(p > 0.5 for p in contacts["body_contact"].values), report["answer"])

    def test_another_thing_at_the_same_place_is_another_answer(self):
        _, camera = self.ask("camera", *self.marks())
        _, bicycle = self.ask("bicycle", *self.marks(), prompt="Which body parts touch the bicycle?")
        self.assertNotEqual(camera["body_contact"].values, bicycle["body_contact"].values)

    def test_the_sentence_names_the_thing_and_no_other(self):
        # The questions name nothing, so the words must come from the object that was chosen.
        names = json.loads(subprocess.run([TACTUS, "analyse", "--object", "list", "--json"], capture_output=True, text=True, check=True).stdout)
        names = {n if isinstance(n, str) else n["name"] for n in names}
        self.assertIn("umbrella", names)
        for thing in ("umbrella", "suitcase", "cup", "bicycle", "racket", "snowboard"):
            for prompt in ("What does the person touch?", "Which body parts touch it?"):
                report, _ = self.ask(f"named_{thing}", *self.marks(), "--object", thing, prompt=prompt)
                answer = report["answer"].lower()
                words = set(re.findall(r"[a-z-]+", answer))
                self.assertFalse((names - {thing}) & words, answer)
                self.assertIn(thing, words, answer)
                self.assertNotRegex(answer, r"\b(the|a|an) (the|a|an|of|at|is|are|in|near|not|with|and)\b")   # nothing is left out

    def test_a_thing_of_no_known_kind_is_said_to_be_uncertain(self):
        mesh = self.folder / "thing.obj"
        mesh.write_text("v 0 0 0\nv .2 0 0\nv 0 .2 0\nv 0 0 .2\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n")
        report, _ = self.ask("unknown", *self.marks(), "--object", mesh, prompt="What does he touch?")
        self.assertEqual(report["model"], "compact")
        self.assertTrue(any("less certain" in w for w in report["warnings"]), report["warnings"])


if __name__ == "__main__":
    TACTUS = sys.argv[1]
    SAMPLE = pathlib.Path(sys.argv[2]) / "share/tactus/samples/camera"
    PHOTOGRAPHS = pathlib.Path(sys.argv[3])
    unittest.main(argv=sys.argv[:1])
