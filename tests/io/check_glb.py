"""Structure of a GLB file, by the standard library alone."""
import json
import math
import struct

SIZES = {5120: ("b", 1), 5121: ("B", 1), 5122: ("h", 2), 5123: ("H", 2), 5125: ("I", 4), 5126: ("f", 4)}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class Glb:
    """Parses and checks what every GLB must fulfil; raises AssertionError with the reason."""

    def __init__(self, path):
        data = path.read_bytes()
        magic, version, length = struct.unpack_from("<4sII", data)
        assert magic == b"glTF" and version == 2, "no GLB 2.0 header"
        assert length == len(data), f"the header says {length} bytes but there are {len(data)}"
        chunks, at = [], 12
        while at < len(data):
            size, kind = struct.unpack_from("<I4s", data, at)
            assert size % 4 == 0 and at + 8 + size <= len(data), "a chunk is cut off or not padded to 4 bytes"
            chunks.append((kind, data[at + 8:at + 8 + size]))
            at += 8 + size
        assert [kind for kind, _ in chunks] == [b"JSON", b"BIN\0"], [kind for kind, _ in chunks]
        self.document, self.bytes = json.loads(chunks[0][1]), chunks[1][1]
        assert self.document["asset"]["version"] == "2.0"
        buffer, = self.document["buffers"]
        assert buffer["byteLength"] <= len(self.bytes) < buffer["byteLength"] + 4, "the buffer's length is wrong"
        assert "uri" not in buffer, "the buffer lies in another file"
        for index in range(len(self.document["accessors"])):
            self.check(index)
        self.nodes = {node.get("name"): node for node in self.document["nodes"]}
        scene = self.document["scenes"][self.document["scene"]]
        reached, waiting = set(), list(scene["nodes"])
        while waiting:
            node = waiting.pop()
            assert node not in reached, "a node has two parents"
            reached.add(node)
            waiting += self.document["nodes"][node].get("children", [])
        assert reached == set(range(len(self.document["nodes"]))), "a node is in no scene"

    def values(self, index):
        """Rows of tuples."""
        accessor = self.document["accessors"][index]
        view = self.document["bufferViews"][accessor["bufferView"]]
        letter, size = SIZES[accessor["componentType"]]
        width = WIDTHS[accessor["type"]]
        stride = view.get("byteStride", width * size)
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        return [struct.unpack_from(f"<{width}{letter}", self.bytes, start + i * stride) for i in range(accessor["count"])]

    def check(self, index):
        accessor = self.document["accessors"][index]
        view = self.document["bufferViews"][accessor["bufferView"]]
        _, size = SIZES[accessor["componentType"]]
        width = WIDTHS[accessor["type"]]
        stride = view.get("byteStride", width * size)
        offset = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        assert offset % size == 0, f"accessor {index} is not aligned"
        assert accessor["count"] > 0, f"accessor {index} is empty"
        assert accessor.get("byteOffset", 0) + (accessor["count"] - 1) * stride + width * size <= view["byteLength"], f"accessor {index} leaves its view"
        assert view.get("byteOffset", 0) + view["byteLength"] <= self.document["buffers"][0]["byteLength"], f"view of accessor {index} leaves the buffer"
        rows = self.values(index)
        if accessor["componentType"] == 5126:
            assert all(math.isfinite(v) for row in rows for v in row), f"accessor {index} is not finite"
        if "min" in accessor:
            for k in range(width):
                column = [row[k] for row in rows]
                assert abs(min(column) - accessor["min"][k]) <= 1e-6 * max(1, abs(min(column))), f"minimum of accessor {index}"
                assert abs(max(column) - accessor["max"][k]) <= 1e-6 * max(1, abs(max(column))), f"maximum of accessor {index}"

    def mesh(self, node_name):
        """positions, normals, colours, triangles of the node's one primitive, checked against each other."""
        primitive, = self.document["meshes"][self.nodes[node_name]["mesh"]]["primitives"]
        assert primitive.get("mode", 4) == 4, "no triangles"
        attributes = primitive["attributes"]
        accessor = self.document["accessors"][attributes["POSITION"]]
        assert "min" in accessor and "max" in accessor, "POSITION needs its bounds"
        positions, normals, colours = (self.values(attributes[name]) for name in ("POSITION", "NORMAL", "COLOR_0"))
        assert len(positions) == len(normals) == len(colours)
        assert all(abs(math.dist(n, (0, 0, 0)) - 1) < 1e-4 for n in normals), "a normal is not of unit length"
        assert all(0 <= c <= 1 for row in colours for c in row), "a colour is out of range"
        indices = [row[0] for row in self.values(primitive["indices"])]
        assert len(indices) % 3 == 0 and max(indices) < len(positions), "a triangle names a vertex that is not there"
        return positions, normals, colours, [tuple(indices[i:i + 3]) for i in range(0, len(indices), 3)]

    def animation(self, name, node_name):
        """{path: (times, rows)} of the node's channels."""
        animation, = [a for a in self.document["animations"] if a["name"] == name]
        node = self.document["nodes"].index(self.nodes[node_name])
        channels = {}
        for channel in animation["channels"]:
            assert channel["target"]["node"] == node, "another node is animated"
            sampler = animation["samplers"][channel["sampler"]]
            times = [row[0] for row in self.values(sampler["input"])]
            accessor = self.document["accessors"][sampler["input"]]
            assert "min" in accessor and "max" in accessor, "key times need their bounds"
            assert times[0] >= 0 and all(a < b for a, b in zip(times, times[1:])), "key times must rise"
            rows = self.values(sampler["output"])
            assert sampler.get("interpolation", "LINEAR") == "LINEAR" and len(rows) == len(times)
            channels[channel["target"]["path"]] = (times, rows)
        return channels
