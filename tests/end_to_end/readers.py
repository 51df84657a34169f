"""Reads the written files by the standard library alone, so that the checks do not share code with the writers."""
import ast
import struct
import zipfile
import zlib

FORMATS = {"<f4": "f", "<f8": "d", "<i4": "i", "<i8": "q", "|u1": "B"}


class Array:
    def __init__(self, dtype, shape, values):
        self.dtype, self.shape, self.values = dtype, shape, values

    def rows(self, width=None):
        width = width or self.shape[-1]
        return [self.values[i:i + width] for i in range(0, len(self.values), width)]


def read_npz(path):
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            data = archive.read(name)
            assert data[:8] == b"\x93NUMPY\x01\x00", name
            length, = struct.unpack_from("<H", data, 8)
            assert (10 + length) % 64 == 0, "NumPy aligns the data to 64 bytes"
            header = ast.literal_eval(data[10:10 + length].decode())
            assert not header["fortran_order"]
            count = 1
            for n in header["shape"]:
                count *= n
            letter = FORMATS[header["descr"]]
            assert len(data) == 10 + length + count * struct.calcsize(letter), name
            arrays[name.removesuffix(".npy")] = Array(header["descr"], header["shape"], struct.unpack_from(f"<{count}{letter}", data, 10 + length))
    return arrays


def read_png(path):
    """width, height, channels, rows of bytes; 8 bits, not interlaced."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    packed, at = b"", 8
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8:at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack_from(">I", data, at + 8 + length)[0]
        if kind == b"IHDR":
            width, height, bits, colour, _, _, interlace = struct.unpack(">IIBBBBB", body)
            assert bits == 8 and interlace == 0
            channels = {0: 1, 2: 3, 6: 4}[colour]
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    raw, rows, before = zlib.decompress(packed), [], bytearray(width * channels)
    for y in range(height):
        line = bytearray(raw[y * (width * channels + 1) + 1:(y + 1) * (width * channels + 1)])
        kind = raw[y * (width * channels + 1)]
        for i in range(len(line) if kind else 0):
            left = line[i - channels] if i >= channels else 0
            corner = before[i - channels] if i >= channels else 0
            if kind == 1:
                guess = left
            elif kind == 2:
                guess = before[i]
            elif kind == 3:
                guess = (left + before[i]) // 2
            else:
                p = left + before[i] - corner
                distances = (abs(p - left), abs(p - before[i]), abs(p - corner))
                guess = (left, before[i], corner)[distances.index(min(distances))]
            line[i] = (line[i] + guess) & 255
        rows.append(bytes(line))
        before = line
    return width, height, channels, rows


def read_obj(path):
    """vertices (6 numbers each: position, colour), faces from 0."""
    vertices, faces = [], []
    for line in path.read_text().splitlines():
        word, *rest = line.split()
        if word == "v":
            vertices.append(tuple(map(float, rest)))
        elif word == "f":
            faces.append(tuple(int(i) - 1 for i in rest))
    return vertices, faces
