"""tactus evaluate on a small split: its object, its files, what it refuses.

usage: test_evaluate.py TACTUS BUILD_FOLDER
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

TACTUS = None
SMALL = {"--model": "prior", "--perception": "none", "--prompts": "8", "--validation-prompts": "4", "--prior-scenes": "8"}
KEYS = """prompts human_f1 human_precision human_recall prior_f1 heuristic_f1 left_right_accuracy one_hand_f1 mode_f1 swap_own_f1
swap_other_f1 swap_follow false_contact near_miss_false_contact empty_mask_false_contact missed presence_auc ece noise2_f1 clean_f1
tolerant_4cm_f1 shuffled_f1 object_f1 perception photo_only_f1 threshold seed""".split()


# Weights of a perception that has learned next to nothing.
LITTLE = {"model": "perception", "pictures": 8, "validation_pictures": 1, "bodies": 2, "instances": 1, "side": 64, "supersampling": 1, "batch": 8,
          "slice": 4, "epochs": 2, "network": {"image": 48, "width_2": 16, "width_4": 16, "width_8": 24, "width_16": 32, "blocks_4": 1, "blocks_8": 1,
                                               "attention_layers": 1}}
PERCEPTION = "trained hands_iou arms_iou left_right joint_error person_iou object_iou photo_only".split()
PHOTO_ONLY = "f1 prior_f1 answered_from_photo joints_found object_found denied false_contact marked_f1 prompts untouched".split()


def run(*flags, **changed):
    options = SMALL | {"--" + name.replace("_", "-"): value for name, value in changed.items()}
    words = [word for pair in options.items() for word in pair]
    return subprocess.run([TACTUS, "evaluate", *words, "--quiet", *flags], capture_output=True, text=True, timeout=500)


class Evaluate(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def test_one_object_and_its_files(self):
        out = self.folder / "out"
        done = run("--json", split="test", seed="5", out=str(out))
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual([k for k in KEYS if k not in found], [])
        self.assertEqual((found["prompts"], found["seed"]), (8, 5))
        self.assertIsInstance(found["mode_f1"], dict)
        self.assertEqual(json.loads((out / "evaluation.json").read_text()), found)
        self.assertEqual((found["perception"], found["photo_only_f1"]), ({"trained": False}, None))
        self.assertTrue((out / "prompts.npz").is_file())
        self.assertIn("</html>", (out / "report.html").read_text())

    def test_from_photographs_alone(self):
        first, second, begun, weights, out = (self.folder / name for name in ("1.json", "2.json", "1.safetensors", "2.safetensors", "out"))
        first.write_text(json.dumps(LITTLE | {"output": str(begun)}))
        second.write_text(json.dumps(LITTLE | {"output": str(weights), "start": str(begun), "epochs": 1}))
        done = subprocess.run([TACTUS, "train", str(first), str(second), "--json"], capture_output=True, text=True, timeout=500)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([(r["output"], r["steps"]) for r in json.loads(done.stdout)], [(str(begun), 2), (str(weights), 1)])
        done = run("--json", perception=str(weights), photographs="3", out=str(out))
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        perception = found["perception"]
        self.assertEqual([k for k in PERCEPTION if k not in perception], [])
        self.assertIs(perception["trained"], True)
        self.assertEqual(sorted(perception["photo_only"]), sorted(PHOTO_ONLY))
        self.assertEqual(perception["photo_only"]["prompts"], 3)
        self.assertGreaterEqual(perception["photo_only"]["untouched"], 1)
        self.assertEqual(perception["photo_only"]["false_contact"], 1.0)   # the prior never denies
        self.assertEqual(perception["photo_only"]["f1"], found["photo_only_f1"])
        self.assertIsInstance(found["photo_only_f1"], float)
        # The prior is the model here, so whoever answers says the same.
        self.assertAlmostEqual(found["photo_only_f1"], perception["photo_only"]["prior_f1"])
        self.assertIn("Contact from the photograph alone", (out / "report.html").read_text())
        # One line a requirement, those of the perception among them.
        done = run(perception=str(weights), photographs="1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("photographs alone", done.stdout)

    def test_refuses(self):
        for changed, words in (({"split": "tests"}, "no split"), ({"prompts": "0"}, "at least 1"), ({"validation_prompts": "0"}, "at least 1"),
                               ({"prior_scenes": "0"}, "at least one"), ({"model": str(self.folder / "none.safetensors")}, "no file"),
                               ({"perception": str(self.folder / "none.safetensors")}, "no file"), ({"photographs": "0"}, "at least 1")):
            done = run(**changed)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(words, done.stderr)
            self.assertEqual(len(done.stderr.strip().splitlines()), 1)
        wrong = self.folder / "wrong.safetensors"
        wrong.write_bytes(b"not weights at all")
        for option in "model", "perception":
            done = run(**{option: str(wrong)})
            self.assertEqual(done.returncode, 2, done.stderr)


if __name__ == "__main__":
    TACTUS = sys.argv[1]
    unittest.main(argv=sys.argv[:1])
