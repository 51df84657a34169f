"""Runs the command line on tiny checkpoint folders and compares every stage with what an independent program computed
(tests/parity/make_interactvlm.py).  usage: test_checkpoints.py TACTUS BUILD_DIR"""
import json
import math
import os
import pathlib
import pickle
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile

from processes import wait_until_it_listens
from readers import read_npz

TACTUS = sys.argv[1]
FIXTURES = pathlib.Path(__file__).parent.parent / "parity/data/interactvlm"
FORMATS = {"F32": "f", "I64": "q"}


def read_safetensors(path):
    data = path.read_bytes()
    length, = struct.unpack_from("<Q", data)
    tensors = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        letter = FORMATS[entry["dtype"]]
        values = struct.unpack(f"<{(end - begin) // struct.calcsize(letter)}{letter}", data[8 + length + begin:8 + length + end])
        tensors[name] = (entry["shape"], values)
    return tensors


def pieces_of(path):
    """A safetensors file in parts: header, data."""
    data = path.read_bytes()
    length, = struct.unpack_from("<Q", data)
    return json.loads(data[8:8 + length]), bytearray(data[8 + length:])


def write_pieces(path, header, data):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


class Foreign:
    """Unpickled, it would make a file."""
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def strided(array, step):
    """Every step-th row and column of the last two dimensions."""
    shape = list(array.shape)
    height, width = shape[-2:]
    planes = len(array.values) // (height * width)
    values = [array.values[(p * height + r) * width + c] for p in range(planes) for r in range(0, height, step) for c in range(0, width, step)]
    return shape[:-2] + [len(range(0, height, step)), len(range(0, width, step))], values


class Checkpoints(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="Tactus checkpoints ")   # with a blank, as people have them
        cls.root = pathlib.Path(cls.scratch.name)
        for packed in sorted(FIXTURES.glob("*.tar.xz")):
            with tarfile.open(packed) as archive:
                archive.extractall(cls.root)
        cls.environment = {**os.environ, "XDG_CACHE_HOME": str(cls.root / "cache")}

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def run_tactus(self, *arguments):
        return subprocess.run([TACTUS, *map(str, arguments)], capture_output=True, text=True, timeout=300, env=self.environment)

    def arguments(self, folder, case, out):
        common = self.root / "common"
        arguments = ["contact", common / case["photo"], "--official-layout", "--model", self.root / folder / "model", "--clip",
                     self.root / folder / "clip", "--task", case["task"], "--out", out, "--precision", case.get("precision", "fp32"),
                     "--dump-tensors", out / "stages.npz", "--json"]
        if case["task"] == "segment":
            arguments += ["--prompt", case["name"], "--object", "mug"]
        else:
            arguments += ["--object", case["name"]]
        if case["task"].startswith("hcontact"):
            arguments += ["--data", common / case.get("data", "data")]
        return arguments

    def compare(self, folder, case):
        out = self.root / "out" / f"{folder}-{case['case']}"
        done = self.run_tactus(*self.arguments(folder, case, out))
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(report["tasks"][0]["answer"] + "</s>", case["answer"])
        found, expected = read_npz(out / "stages.npz"), read_safetensors(self.root / folder / f"{case['case']}.safetensors")
        bf16 = case.get("precision") == "bf16"
        compared = 0
        for name, (shape, values) in expected.items():
            if name == "probabilities":
                tokens = [t["probability"] for t in report["tasks"][0]["tokens"]]
                for a, b in zip(tokens, values, strict=True):
                    self.assertAlmostEqual(a, b, delta=0.05 if bf16 else 1e-4)
                continue
            array = found[name]
            got_shape, got = list(array.shape), array.values
            if name in case["strides"] and case["strides"][name] > 1:
                got_shape, got = strided(array, case["strides"][name])
            self.assertEqual(got_shape, shape, name)
            self.assertEqual(array.dtype, "<i8" if name.endswith("_ids") else "<f4", name)
            if name.endswith("_ids"):
                self.assertEqual(list(got), list(values), name)
            elif bf16 and ("masks" in name or name == "vertex_contact"):
                # Rounding of every layer before adds up; held against the exact answer, as near as the reference's own bf16 run.
                exact = read_safetensors(self.root / folder / f"{case['case'].removesuffix('_bf16')}.safetensors")[name][1]
                ours, theirs = (math.sqrt(sum((a - b) ** 2 for a, b in zip(run, exact)) / len(exact)) for run in (got, values))
                self.assertLessEqual(ours, 0.02 if name == "vertex_contact" else 1.5 * theirs, name)
            elif bf16:
                largest = max(map(abs, values))
                self.assertLessEqual(max(abs(a - b) for a, b in zip(got, values)), 2e-2 * max(largest, 1e-6), name)
                norm = math.sqrt(sum(a * a for a in got) * sum(b * b for b in values))
                if norm > 0:
                    self.assertGreater(sum(a * b for a, b in zip(got, values)) / norm, 0.999, name)
            else:
                worst = max(abs(a - b) - 1e-4 * abs(b) for a, b in zip(got, values))
                self.assertLessEqual(worst, 1e-4, name)
            compared += 1
        self.assertGreaterEqual(compared, 9)
        return out, report

    def test_every_stage_of_every_folder_equals_the_reference(self):
        for folder in sorted(p.name for p in self.root.iterdir() if (p / "cases.json").exists()):
            for case in json.loads((self.root / folder / "cases.json").read_text()):
                with self.subTest(folder=folder, case=case["case"]):
                    self.compare(folder, case)

    def test_a_body_leaves_the_published_files(self):
        case = json.loads((self.root / "hu_obj/cases.json").read_text())[0]
        out, report = self.compare("hu_obj", case)
        contact = read_npz(out / "bottle__000001_hcontact_vertices.npz")
        self.assertEqual((contact["pred_contact_3d_smplh"].dtype, contact["pred_contact_3d_smplh"].shape), ("<f4", (1, 40)))
        self.assertEqual(contact["pred_contact_3d_smplx"].shape, (60,))
        for name in ("contact_output/model_bottle__000001_hcontact_concat.jpg", "contact_output/model_bottle__000001_hcontact_combined.jpg",
                     "contacts.npz", "report.json", "masks/body_topfront.png"):
            self.assertTrue((out / name).is_file(), name)
        self.assertEqual(read_npz(out / "contacts.npz")["body_contact"].shape, (40,))
        self.assertIn("[HSEG]", report["decoded_text"])
        self.assertTrue(report["tasks"][0]["prompt"].startswith("Which body parts are in contact with the bottle?"))
        made = [t for t in report["tasks"][0]["tokens"] if t["makes_mask"]]
        self.assertEqual(len(made), 1)
        kept = list((self.root / "cache/tactus").glob("sam-*.safetensors"))
        self.assertGreaterEqual(len(kept), 4, "the body's embeddings are kept on disk")

    def test_both_questions_about_a_folder(self):
        out = self.root / "out" / "both"
        done = self.run_tactus("contact", self.root / "common/objects", "--official-layout", "--model", self.root / "hu_obj/model", "--clip",
                               self.root / "hu_obj/clip", "--task", "hcontact-ocontact", "--data", self.root / "common/data_small", "--out", out, "--quiet")
        # The lamp's pictures are ten: this model knows four.
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("lift2d_dict.pkl", done.stderr)
        shutil.move(self.root / "common/objects/lamp__000005", self.root / "lamp__000005")
        done = self.run_tactus("contact", self.root / "common/objects", "--official-layout", "--model", self.root / "hu_obj/model", "--clip",
                               self.root / "hu_obj/clip", "--task", "hcontact-ocontact", "--data", self.root / "common/data_small", "--out", out, "--quiet")
        shutil.move(self.root / "lamp__000005", self.root / "common/objects/lamp__000005")
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in ("mug__000002", "chair__000004"):
            self.assertTrue((out / name / f"{name}_hcontact_vertices.npz").is_file())
            self.assertTrue((out / name / f"{name}_oafford_vertices.npz").is_file())
            arrays = read_npz(out / name / "contacts.npz")
            self.assertIn("body_contact", arrays)
            self.assertIn("object_contact", arrays)

    def test_an_object_without_pictures_gets_them(self):
        folder = self.root / "fresh" / "mug__1"
        folder.mkdir(parents=True)
        source = self.root / "common/objects/mug__000002"
        shutil.copy(source / "object_mesh.obj", folder)
        shutil.copy(source / "mug__000002.jpg", folder / "mug__1.jpg")
        for _ in range(2):   # the second time it reads what it made
            done = self.run_tactus("contact", folder / "mug__1.jpg", "--official-layout", "--model", self.root / "hu_obj/model", "--clip",
                                   self.root / "hu_obj/clip", "--task", "ocontact", "--out", folder, "--quiet", "--precision", "fp32")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue((folder / "sam_inp_objs/lift2d_dict.pkl").is_file())
            values = read_npz(folder / "mug__1_oafford_vertices.npz")["pred_contact_3d"].values
            if _ == 0:
                first = values
        for a, b in zip(first, values, strict=True):
            self.assertAlmostEqual(a, b, delta=1e-5)

    def test_precisions_give_an_answer(self):
        case = json.loads((self.root / "hu_obj/cases.json").read_text())[0]
        for precision in ("int8", "int4", "auto"):
            out = self.root / "out" / precision
            done = self.run_tactus(*self.arguments("hu_obj", {**case, "precision": precision}, out))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["model"]["precision"], "bf16" if precision == "auto" else precision)

    def test_the_whole_analysis_runs_on_a_checkpoint(self):
        out = self.root / "out" / "analysis"
        done = self.run_tactus("contact", "--sample", "camera", "--model", self.root / "hu_obj/model", "--clip", self.root / "hu_obj/clip", "--out", out,
                               "--dump-tensors", out / "stages.npz", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(report["model"], "interactvlm, bf16")
        stages = read_npz(out / "stages.npz")
        self.assertEqual(stages["input_ids"].dtype, "<i8")
        self.assertEqual(list(stages["object_input_ids"].values)[:1], list(stages["input_ids"].values)[:1])
        self.assertGreater(len(read_npz(out / "contacts.npz")["body_contact"].values), 10000)

    def refuse(self, change, words, task="hcontact", status=2, clip=True, extra=()):
        with tempfile.TemporaryDirectory() as scratch:
            scratch = pathlib.Path(scratch)
            shutil.copytree(self.root / "gen", scratch / "gen")
            change(scratch / "gen")
            arguments = ["contact", self.root / "common/photos/bottle__000001.png", "--official-layout", "--model", scratch / "gen/model", "--task", task,
                         "--data", self.root / "common/data", "--out", scratch / "out", *extra]
            if clip:
                arguments += ["--clip", scratch / "gen/clip"]
            done = self.run_tactus(*arguments)
            self.assertEqual(done.returncode, status, done.stderr + done.stdout)
            self.assertEqual(done.stderr.strip().count("\n"), 0, done.stderr)
            for word in words:
                self.assertIn(word, done.stderr)
            self.assertFalse((scratch / "out").exists(), "something was written")

    def test_bad_folders_are_refused_in_one_sentence(self):
        def shard(folder):
            return sorted((folder / "model").glob("pytorch_model-*.bin"))[1]

        def edit(name, **values):
            def change(folder):
                path = folder / "model" / name
                path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
            return change
        self.refuse(lambda f: shard(f).write_bytes(shard(f).read_bytes()[:2000]), ["pytorch_model-00002"])
        self.refuse(lambda f: shard(f).unlink(), ["pytorch_model-00002"])
        self.refuse(lambda f: (f / "model/tokenizer.model").unlink(), ["tokenizer.model"])
        self.refuse(lambda f: (f / "model/config.json").unlink(), ["config.json"])
        self.refuse(edit("config.json", hidden_size=128), ["model.embed_tokens.weight is [426, 64] instead of [426, 128]"])
        self.refuse(edit("config.json", model_type="bert", architectures=["BertModel"]), ["BertModel"])
        self.refuse(edit("config.json", vocab_size=424), ["vocabulary"])
        self.refuse(edit("config.json", multiview_channels=3), ["config.json", "the network was made for 3"])
        self.refuse(edit("config.json", hC_sam_view_type="2viewsFix"), ["config.json", "2viewsFix", "4MV-Z_Vitru"])
        self.refuse(edit("config.json", cam_encoder_type="round"), ["config.json", "round", "vi_v1"])
        self.refuse(lambda f: shutil.rmtree(f / "clip"), ["clip-vit-large-patch14", "--clip"], clip=False)
        self.refuse(lambda f: (f / "clip/config.json").write_text("{"), ["config.json"])
        self.refuse(lambda f: None, ["object_mesh.obj"], task="ocontact")
        self.refuse(lambda f: shutil.rmtree(f / "model"), ["neither a contact model"])

    def test_a_pickle_with_a_foreign_constructor_is_not_executed(self):
        made = self.root / "made by a pickle"

        def change(folder):
            shard = sorted((folder / "model").glob("pytorch_model-*.bin"))[0]
            with zipfile.ZipFile(shard, "w") as archive:
                archive.writestr("archive/data.pkl", pickle.dumps({"model.norm.weight": Foreign(made)}, protocol=2))
        self.refuse(change, ["pytorch_model-00001", "it wants to build posix.mkdir", "nothing was executed"])
        self.assertFalse(made.exists())

    def converted(self, folder, form="safetensors"):
        """A copy of a model as one file of safetensors."""
        out = self.root / "converted" / f"{folder}-{form}"
        if not out.exists():
            done = self.run_tactus("convert", self.root / folder / "model", "--to", form, "--out", out)
            self.assertEqual(done.returncode, 0, done.stderr)
        return out

    def change_converted(self, edit, form="safetensors"):
        def change(folder):
            shutil.rmtree(folder / "model")
            shutil.copytree(self.converted("gen", form), folder / "model")
            path = folder / "model/model-00001-of-00001.safetensors"
            header, data = pieces_of(path)
            edit(folder / "model", header, data)
            write_pieces(path, header, data)
        return change

    def test_weights_of_a_wrong_type_are_refused_by_name(self):
        for name in ("model.layers.1.mlp.up_proj.weight", "model.norm.weight"):
            def whole_numbers(_, header, __):
                self.assertEqual(header[name]["dtype"], "BF16")
                header[name]["dtype"] = "I16"
            self.refuse(self.change_converted(whole_numbers), ["do not fit the network", name, "Short"])

    def test_too_little_memory_is_said_before_anything_is_read(self):
        def enormous(name):
            def edit(folder, _, __):
                """Four terabytes that take no room on the disk."""
                text = json.dumps({name: {"dtype": "BF16", "shape": [1 << 20, 1 << 21], "data_offsets": [0, 1 << 42]}}).encode()
                with open(folder / "more.safetensors", "wb") as file:
                    file.write(struct.pack("<Q", len(text)) + text)
                    file.truncate(8 + len(text) + (1 << 42))
                index = folder / "model.safetensors.index.json"
                content = json.loads(index.read_text())
                content["weight_map"][name] = "more.safetensors"
                index.write_text(json.dumps(content))
            return edit
        more = enormous("model.layers.3.more")
        for precision, form, words in (("auto", "safetensors", ["even in int4 this model needs", "close other programs"]),
                                       ("bf16", "safetensors", ["in bf16 this model needs", "choose a smaller precision"]),
                                       ("auto", "int8", ["in int8 this model needs", "convert the original to int4"])):
            self.refuse(self.change_converted(more, form), [*words, "GB of memory and"], status=3, extra=("--precision", precision))

    def test_answers_that_mark_nothing_or_never_end(self):
        case = json.loads((self.root / "gen/cases.json").read_text())[0]
        tokens = {name: json.loads((self.root / "gen/model/config.json").read_text())[name] for name in ("seg_token_idx", "eos_token_id")}
        for token, says in (("seg_token_idx", "without a contact token"), ("eos_token_id", "cut off after 512 tokens")):
            def silence(_, header, data):
                entry = header["lm_head.weight"]
                size = 2 * entry["shape"][1]
                begin = entry["data_offsets"][0] + size * tokens[token]
                data[begin:begin + size] = bytes(size)
            folder = self.root / token
            shutil.copytree(self.root / "gen/clip", folder / "clip")
            (folder / "model").mkdir()
            self.change_converted(silence)(folder)
            out = self.root / "out" / token
            done = self.run_tactus(*self.arguments(token, case, out))
            self.assertEqual(done.returncode, 0, done.stderr)
            report = json.loads(done.stdout)
            self.assertTrue(any(says in warning for warning in report["warnings"]), report["warnings"])
            contact = read_npz(out / "bottle__000001_hcontact_vertices.npz")["pred_contact_3d_smplh"].values
            marks = token == "eos_token_id"
            self.assertEqual((report["tasks"][0]["contact_tokens"] > 0, max(contact) > 0), (marks, marks))
            self.assertEqual(report["tasks"][0]["reached_limit"], marks)
            if marks:
                self.assertEqual(len(report["tasks"][0]["tokens"]), 512)

    def test_doctor_finds_what_would_be_refused(self):
        def lacks(folder):
            done = self.run_tactus("doctor", folder / "model", "--json")
            return [f["detail"] for f in json.loads(done.stdout)["findings"] if f["what"] == "model lacks"]
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch) / "gen"
            shutil.copytree(self.root / "gen", folder)
            self.assertEqual(lacks(folder), [])
            config = folder / "model/config.json"
            config.write_text(json.dumps({**json.loads(config.read_text()), "architectures": ["BertModel"], "model_type": "bert"}))
            self.assertEqual([("BertModel" in said) for said in lacks(folder)], [True])
            self.change_converted(lambda _, header, __: header["model.norm.weight"].update(dtype="I16"))(folder)
            self.assertEqual([("model.norm.weight is of type Short" in said) for said in lacks(folder)], [True])

    def test_bad_requests_are_refused(self):
        model = ["--model", self.root / "gen/model", "--clip", self.root / "gen/clip"]
        photo = self.root / "common/photos/bottle__000001.png"
        unnamed = self.root / "photo.png"
        shutil.copy(photo, unnamed)
        for arguments, words in (
                (["contact", unnamed, "--official-layout", *model, "--data", self.root / "common/data", "--out", self.root / "o"], "OBJECT__NAME"),
                (["contact", photo, "--official-layout", *model, "--out", self.root / "o"], "--data"),
                (["contact", photo, "--official-layout", "--out", self.root / "o"], "--model DIR"),
                (["contact", photo, "--prompt", "bottle", "--task", "hcontact", "--out", self.root / "o"], "--official-layout"),
                (["contact", photo, "--prompt", "bottle", "--dump-tensors", "a.npz", "--out", self.root / "o"], "--dump-tensors"),
                (["contact", self.root / "lisa", "--official-layout", *model, "--task", "segment", "--out", self.root / "o"], "no photograph"),
                (["contact", photo, "--official-layout", "--model", self.root / "lisa/model", "--clip", self.root / "lisa/clip", "--data",
                  self.root / "common/data", "--out", self.root / "o"], "one picture")):
            done = self.run_tactus(*arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(words, done.stderr)
            self.assertFalse((self.root / "o").exists())

    def test_a_stop_leaves_nothing(self):
        out = self.root / "out" / "stopped"
        case = json.loads((self.root / "gen/cases.json").read_text())[0]
        environment = {**self.environment, "XDG_CACHE_HOME": str(self.root / "no cache")}
        process = subprocess.Popen([TACTUS, *map(str, self.arguments("gen", case, out))], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        wait_until_it_listens(process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        if process.returncode != 0:   # a fast machine may have finished
            self.assertEqual(process.returncode, 130)
            self.assertFalse(out.exists())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
