"""libtorch is loaded when a network is needed and not before.
usage: test_networks.py TACTUS BUILD_DIR LIBRARY_OF_ANOTHER_VERSION"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

TACTUS = pathlib.Path(sys.argv[1])
BUILD = pathlib.Path(sys.argv[2])
WRONG = pathlib.Path(sys.argv[3])
FIXTURES = pathlib.Path(__file__).parent.parent / "parity/data/interactvlm"
LIBRARY = "libtactus-networks.so"
LOADED = re.compile(r"calling init: (\S+)")


def libraries(program, *arguments, **environment):
    """The names of all libraries that the program loaded, and how it ended."""
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "loader"
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=300,
                              env={**os.environ, "LD_DEBUG": "libs", "LD_DEBUG_OUTPUT": str(log), **environment})
        text = "".join(path.read_text(errors="replace") for path in pathlib.Path(folder).iterdir())
    names = {pathlib.Path(path).name for path in LOADED.findall(text)}
    assert any(name.startswith("libstdc++") for name in names), "the loader's report was not understood"
    return names, done


def of_the_networks(names):
    return sorted(name for name in names if re.match(r"libtorch|libc10|libtactus-networks|libsentencepiece", name))


class Loading(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="Tactus networks ")
        self.addCleanup(folder.cleanup)
        self.here = pathlib.Path(folder.name)

    def test_not_loaded_without_a_network(self):
        for arguments in (["--version"], ["--help"], ["doctor", "--json"], ["analyse", "--sample", "list"],
                          ["contact", "--sample", "camera", "--model", "prior", "--out", self.here / "out"],
                          ["contact", "--sample", "camera", "--model", self.here / "nowhere", "--out", self.here / "none"]):
            names, done = libraries(TACTUS, *arguments)
            self.assertEqual(done.returncode, 2 if "--model" in arguments and "prior" not in arguments else 0, done.stderr)
            self.assertEqual(of_the_networks(names), [], arguments)

    def test_not_loaded_for_an_analysis_with_the_prior(self):
        names, done = libraries(TACTUS, "analyse", "--sample", "camera", "--model", "prior", "--out", self.here / "out")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(of_the_networks(names), [])

    def test_programs_do_not_link_it(self):
        studio = TACTUS.parent / "tactus-studio"
        for program in (TACTUS, studio):
            if program.exists():
                linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
                self.assertNotRegex(linked, "libtorch|libc10")

    def test_loaded_for_a_folder(self):
        names, done = libraries(TACTUS, "doctor", self.here, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(LIBRARY, of_the_networks(names))
        self.assertTrue(any(name.startswith("libtorch") for name in names))

    def test_multiplies_with_its_own_blas(self):
        # OpenCV brings the reference BLAS into the program, with a function of the same name and a tenth of the speed.
        log = self.here / "loader"
        subprocess.run([TACTUS, "doctor", self.here, "--json"], capture_output=True, check=True, timeout=300,
                       env={**os.environ, "LD_DEBUG": "bindings", "LD_DEBUG_OUTPUT": str(log)})
        bound = set()
        for path in self.here.glob("loader.*"):
            with open(path, errors="replace") as lines:
                for line in lines:
                    if "`sgemm_'" in line and (found := re.search(r"binding file (\S+) .* to (\S+) ", line)):
                        bound.add(tuple(pathlib.Path(name).name for name in found.groups()))
        self.assertIn(("libtorch_cpu.so", "libtorch_cpu.so"), bound)

    def test_its_errors_are_understood(self):
        done = subprocess.run([TACTUS, "doctor", self.here / "nowhere"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stderr, r"^tactus: .*nowhere: .*\n$")


class Installed(unittest.TestCase):
    """The program in a folder of its own, as it is installed."""
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="Tactus installed ")
        cls.root = pathlib.Path(cls.scratch.name)
        (cls.root / "bin").mkdir()
        (cls.root / "lib/tactus").mkdir(parents=True)
        cls.program = cls.root / "bin/tactus"
        shutil.copy(TACTUS, cls.program)
        with tarfile.open(sorted(FIXTURES.glob("*.tar.xz"))[0]) as archive:
            archive.extractall(cls.root / "checkpoints")

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def run_with(self, library, *arguments):
        place = self.root / "lib/tactus" / LIBRARY
        place.unlink(missing_ok=True)
        if isinstance(library, bytes):
            place.write_bytes(library)
        elif library is not None:
            shutil.copy(library, place)
        return subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True,
                              env={**os.environ, "TACTUS_DATA": str(BUILD / "share/tactus")})

    def refused(self, library, *words):
        (self.root / "convert").mkdir(exist_ok=True)
        for arguments in (["doctor", self.root], ["convert", self.root, "--to", "int8", "--out", self.root / "out"],
                          ["contact", "--sample", "camera", "--model", self.root, "--out", self.root / "out"]):
            done = self.run_with(library, *arguments)
            self.assertEqual((done.returncode, done.stderr.count("\n")), (3, 1), done.stderr)
            for word in words:
                self.assertIn(word, done.stderr)
            self.assertFalse((self.root / "out").exists())

    def test_moved(self):
        done = self.run_with(BUILD / "lib/tactus" / LIBRARY, "doctor", self.root / "checkpoints", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        found = {f["what"]: f for f in json.loads(done.stdout)["findings"]}
        self.assertEqual(found["networks"]["state"], "ok")
        self.assertIn("model", found)

    def test_missing(self):
        self.refused(None, str(self.root / "lib/tactus" / LIBRARY), "is missing", "./run")
        done = self.run_with(None, "doctor", "--json")
        found = {f["what"]: f for f in json.loads(done.stdout)["findings"]}
        self.assertEqual((done.returncode, found["networks"]["state"]), (0, "missing"))

    def test_damaged(self):
        self.refused(b"not a library", "could not be loaded", "build Tactus again")

    def test_of_another_version(self):
        self.refused(WRONG, "belongs to Tactus 0.0.1-other (interface 0)", "build Tactus again")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
