"""The GLB writer against the glTF 2.0 rules, and against trimesh and Blender where they are installed.
usage: test_glb.py WRITE_TEST_SCENE"""
import math
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from check_glb import Glb

try:
    import trimesh
except ImportError:
    trimesh = None

WRITER = sys.argv[1]
BODY = [(0, 0, -2), (1, 0, -2), (0, 1, -2)]
OBJECT = [(0, 0, 0), (0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5)]
LAST = {"translation": (0.4, -0.8, -3.0), "scale": 2.0}   # a whole turn about z, so no rotation but the frame's


def display(point):
    """The object's vertex at the last pose, frame display: photo's y and z turned over."""
    x, y, z = (LAST["scale"] * c for c in point)
    return (x + LAST["translation"][0], -y + LAST["translation"][1], -z + LAST["translation"][2])


class Scene(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name) / "scene.glb"
        subprocess.run([WRITER, str(cls.path)], check=True)
        cls.glb = Glb(cls.path)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def close(self, rows, wanted, places=5):
        self.assertEqual(len(rows), len(wanted))
        for row, want in zip(rows, wanted):
            for a, b in zip(row, want):
                self.assertAlmostEqual(a, b, places)

    def test_nodes_and_camera(self):
        self.assertEqual([n["name"] for n in self.glb.document["nodes"]], ["body", "object", "camera"])
        camera, = self.glb.document["cameras"]
        self.assertEqual(camera["type"], "perspective")
        self.assertAlmostEqual(camera["perspective"]["yfov"], 2 * math.atan(240 / 600), 9)
        self.assertAlmostEqual(camera["perspective"]["aspectRatio"], 640 / 480, 9)
        self.assertEqual(self.glb.nodes["camera"]["camera"], 0)
        self.assertFalse({"translation", "rotation", "scale", "matrix"} & set(self.glb.nodes["camera"]))   # at the origin, along -z

    def test_metres_y_up_in_order(self):
        positions, normals, _, triangles = self.glb.mesh("body")
        self.close(positions, BODY)
        self.close(normals, [(0, 0, 1)] * 3)
        self.assertEqual(triangles, [(0, 1, 2)])
        positions, _, _, triangles = self.glb.mesh("object")
        self.close(positions, OBJECT)
        self.assertEqual(triangles, [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)])

    def test_colours_are_linear(self):
        _, _, colours, _ = self.glb.mesh("body")
        middle = ((0.5 + 0.055) / 1.055) ** 2.4
        self.close(colours, [(1, 0, 0), (middle,) * 3, (0, 0, 1)], 4)

    def test_animation_ends_at_rest(self):
        channels = self.glb.animation("fit", "object")
        self.assertEqual(set(channels), {"translation", "rotation", "scale"})
        node = self.glb.nodes["object"]
        for path, (times, rows) in channels.items():
            self.assertEqual(times, [0, 0.5, 1, 1.5, 2])
            self.close([rows[-1]], [node[path]])
        self.close(channels["translation"][1], [(0.1 * i, -0.2 * i, -3) for i in range(5)])
        self.close(channels["scale"][1], [(1 + 0.25 * i,) * 3 for i in range(5)])
        rotations = channels["rotation"][1]
        for a, b in zip(rotations, rotations[1:]):
            self.assertAlmostEqual(sum(c * c for c in a), 1, 5)
            # Quarter turns, the short way: half angle 45°.
            self.assertAlmostEqual(sum(p * q for p, q in zip(a, b)), math.cos(math.pi / 4), 4)
        # The frame photo to y up is a half turn about x.
        self.close([tuple(abs(c) for c in rotations[0])], [(1, 0, 0, 0)])

    @unittest.skipIf(trimesh is None, "trimesh is not installed")
    def test_trimesh_sees_the_same(self):
        scene = trimesh.load(self.path, process=False)
        found = {}
        for name in scene.graph.nodes_geometry:
            transform, geometry = scene.graph[name]
            mesh = scene.geometry[geometry]
            # Where there is a material, trimesh keeps COLOR_0 beside it.
            colours = mesh.visual.vertex_attributes["color"]
            found[name] = (trimesh.transform_points(mesh.vertices, transform).tolist(), mesh.faces.tolist(), colours.tolist())
        self.assertEqual(set(found), {"body", "object"})
        self.close(found["body"][0], BODY)
        self.close(found["object"][0], [display(p) for p in OBJECT])
        self.assertEqual(found["object"][1], [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
        self.close(found["body"][2], [(1, 0, 0), (((0.5 + 0.055) / 1.055) ** 2.4,) * 3, (0, 0, 1)], 4)

    @unittest.skipIf(shutil.which("blender") is None, "Blender is not installed")
    def test_blender_opens_it(self):
        script = ("import bpy, sys\nbpy.ops.wm.read_factory_settings(use_empty=True)\n"
                  f"bpy.ops.import_scene.gltf(filepath={str(self.path)!r})\n"
                  "print('FOUND', sorted(o.name for o in bpy.data.objects), len(bpy.data.actions))\n")
        done = subprocess.run(["blender", "--background", "--python-expr", script], capture_output=True, text=True, timeout=120)
        self.assertIn("FOUND ['body', 'camera', 'object'] 1", done.stdout)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]], verbosity=1)
