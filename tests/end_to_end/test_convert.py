"""tactus convert and doctor on model folders made here.  usage: test_convert.py TACTUS BUILD_DIR"""
import json
import os
import pathlib
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

TACTUS = sys.argv[1]
SIZES = {"BF16": 2, "F32": 4, "I8": 1, "U8": 1}


def write_safetensors(path, shapes):
    """Tensors of zeros; the file takes no room on the disk."""
    header, at = {}, 0
    for name, shape in shapes.items():
        size = 2
        for dimension in shape:
            size *= dimension
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + at)


def read_header(path):
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        return json.loads(file.read(length))


def model(folder, width, height, layers):
    shapes = {"model.embed_tokens.weight": [8, width], "lm_head.weight": [8, width], "model.norm.weight": [width],
              "model.mm_projector.weight": [width, 4], "model.visual_model.image_encoder.pos_embed": [1, 2, 2, 64]}
    for layer in range(layers):
        shapes[f"model.layers.{layer}.mlp.up_proj.weight"] = [height, width]
    folder.mkdir()
    write_safetensors(folder / "model.safetensors", shapes)
    (folder / "config.json").write_text(json.dumps({"model_type": "llava", "num_hidden_layers": layers, "vocab_size": 8}))
    (folder / "tokenizer.model").write_text("pieces")
    return shapes


class Convert(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.here = pathlib.Path(folder.name)
        self.out = self.here / "out"

    def run_tactus(self, *arguments, **options):
        return subprocess.run([TACTUS, *map(str, arguments)], capture_output=True, text=True, timeout=300, **options)

    def refused(self, *arguments, status=2, says, **options):
        before = sorted(self.here.iterdir())
        done = self.run_tactus("convert", *arguments, "--out", self.out, **options)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn(says, done.stderr)
        self.assertEqual(sorted(self.here.iterdir()), before, "something is left")

    def test_every_form(self):
        shapes = model(self.here / "model", 128, 96, 3)
        for form in ("safetensors", "int8", "int4"):
            out = self.here / form
            done = self.run_tactus("convert", self.here / "model", "--to", form, "--out", out, "--json")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            report = json.loads(done.stdout)
            self.assertEqual(report["tensors"], len(shapes))
            self.assertEqual(report["precision"], "bf16" if form == "safetensors" else form)
            self.assertEqual((report["int8"], report["int4"]), {"safetensors": (0, 0), "int8": (4, 0), "int4": (0, 4)}[form])
            self.assertEqual(sorted(report["files"]), sorted(p.name for p in out.iterdir()))
            self.assertEqual(json.loads((out / "config.json").read_text())["tactus_precision"], report["precision"])
            index = json.loads((out / "model.safetensors.index.json").read_text())["weight_map"]
            header = read_header(out / "model-00001-of-00001.safetensors")
            self.assertEqual(set(index), set(header) - {"__metadata__"})
            up = header["model.layers.0.mlp.up_proj.weight"]
            self.assertEqual((up["dtype"], up["shape"]), {"safetensors": ("BF16", [96, 128]), "int8": ("I8", [96, 128]), "int4": ("U8", [96, 64])}[form])
            for entry in (e for name, e in header.items() if name != "__metadata__"):
                begin, end = entry["data_offsets"]
                self.assertEqual(begin % SIZES[entry["dtype"]], 0)
                self.assertLessEqual(begin, end)
        text = self.run_tactus("convert", self.here / "int4", "--to", "safetensors", "--out", self.here / "copy").stdout
        self.assertIn("files written to", text)

    def test_memory_stays_near_one_tensor(self):
        model(self.here / "model", 5120, 13824, 12)   # 1.7 GB
        done = self.run_tactus("convert", self.here / "model", "--to", "int4", "--out", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
        self.assertLess(peak, 0.9, "GB")

    def test_a_stop_leaves_nothing(self):
        model(self.here / "model", 5120, 13824, 60)   # 8.5 GB
        for delay in (0.0, 1.0):
            process = subprocess.Popen([TACTUS, "convert", self.here / "model", "--to", "int4", "--out", self.out],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            while len(list(self.here.iterdir())) == 1 and process.poll() is None:
                time.sleep(0.01)
            time.sleep(delay)
            process.send_signal(signal.SIGINT)
            text, error = process.communicate(timeout=60)
            self.assertEqual((process.returncode, text, error), (130, "", "tactus: stopped; nothing was written\n"))
            self.assertEqual([p.name for p in self.here.iterdir()], ["model"])

    def test_a_full_disk_leaves_nothing(self):
        model(self.here / "model", 128, 96, 3)

        def little_room():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
        self.refused(self.here / "model", "--to", "int8", status=3, says="could not be written", preexec_fn=little_room, restore_signals=False)

    def test_bad_input(self):
        whole = self.here / "model"
        model(whole, 128, 96, 3)
        self.refused(self.here / "none", "--to", "int8", says="there is no such file")
        self.refused(whole, "--to", "int5", says="int5")
        self.refused(whole, says="--to")
        self.refused(whole / "config.json", "--to", "safetensors", says="neither a safetensors file nor a torch zip archive")
        size = (whole / "model.safetensors").stat().st_size
        os.truncate(whole / "model.safetensors", size - 1)
        self.refused(whole, "--to", "safetensors", says="lies beyond the end of the file")
        self.out.mkdir()
        (self.out / "mine.txt").write_text("keep")
        done = self.run_tactus("convert", whole, "--to", "int8", "--out", self.out)
        self.assertEqual((done.returncode, [p.name for p in self.out.iterdir()]), (2, ["mine.txt"]))
        self.assertIn("not empty", done.stderr)

    def test_weights_of_a_wrong_type_are_named(self):
        whole = self.here / "model"
        model(whole, 128, 96, 3)
        path, name = whole / "model.safetensors", "model.layers.1.mlp.up_proj.weight"
        data = path.read_bytes()
        length, = struct.unpack_from("<Q", data)
        text = data[8:8 + length].replace(f'"{name}": {{"dtype": "BF16"'.encode(), f'"{name}": {{"dtype": "I16" '.encode())
        self.assertNotEqual(text, data[8:8 + length])
        path.write_bytes(data[:8] + text + data[8 + length:])
        for form in ("int8", "int4"):
            self.refused(whole, "--to", form, says=f"model.safetensors: {name} is of type Short; only floats are quantised")
        done = self.run_tactus("convert", whole, "--to", "safetensors", "--out", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(read_header(self.out / "model-00001-of-00001.safetensors")[name]["dtype"], "I16")

    def findings(self, path):
        done = self.run_tactus("doctor", path, "--json")
        return [(f["what"], f["state"], f["detail"]) for f in json.loads(done.stdout)["findings"] if f["what"].startswith("model")]

    def test_doctor_describes_a_folder(self):
        model(self.here / "model", 128, 96, 3)
        found = self.findings(self.here / "model")
        self.assertEqual(found[0][:2], ("model", "damaged"))
        self.assertTrue(found[0][2].startswith("LISA, 0.0 million parameters, stored in bf16 (0.0 GB)"), found[0])
        lacks = "\n".join(f[2] for f in found if f[0] == "model lacks")
        for words in ("added_tokens.json", "model.text_hidden_fcs.*", "model.visual_model.mask_decoder.*", "vision tower"):
            self.assertIn(words, lacks)
        self.assertNotIn("tokenizer.model", lacks)
        self.assertEqual(found[-1][0], "model memory")
        for words in ("fp32 1.1 GB", "bf16 0.6 GB", "int8", "int4"):
            self.assertIn(words, found[-1][2])
        self.assertEqual(self.run_tactus("doctor", self.here / "nothing").returncode, 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
