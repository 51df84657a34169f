"""Writes data/: pictures and arrays that the tests read back.  usage: make_fixtures.py   (needs numpy and pillow)

All pictures show the same 40×32 pattern: red rises to the right, green downwards, blue is 40 but 200 in the left
upper quarter, so every turn and mirror can be told apart.
"""
import pathlib
import zlib

import numpy
from PIL import Image

DATA = pathlib.Path(__file__).parent / "data"
WIDTH, HEIGHT = 40, 32


def pattern():
    rows, columns = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    blue = numpy.where((rows < HEIGHT // 2) & (columns < WIDTH // 2), 200, 40)
    return numpy.stack([columns * 6, rows * 7, blue], axis=-1).astype(numpy.uint8)


def png(array, colour_type, bits):
    def chunk(kind, data):
        body = kind + data
        return len(data).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    height, width = array.shape[:2]
    rows = array.astype(">u2" if bits == 16 else "u1")
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([bits, colour_type, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b"")


def pictures():
    rgb = pattern()
    # 257·v is v exactly: clipping, or scaling by 256, gives another value somewhere.
    deep = rgb.astype(numpy.uint16) * 257
    (DATA / "rgb16.png").write_bytes(png(deep, 2, 16))
    alpha = numpy.full((HEIGHT, WIDTH, 1), 65535, numpy.uint16)
    alpha[:, WIDTH // 2:] = 16384
    (DATA / "rgba16.png").write_bytes(png(numpy.concatenate([deep, alpha], -1), 6, 16))
    (DATA / "grey16.png").write_bytes(png(deep[:, :, :1], 0, 16))
    grey_alpha = numpy.stack([rgb[:, :, 0], numpy.full((HEIGHT, WIDTH), 64, numpy.uint8)], -1)
    (DATA / "grey_alpha.png").write_bytes(png(grey_alpha, 4, 8))
    picture = Image.fromarray(rgb)
    picture.quantize(32).save(DATA / "palette.png")
    for orientation in range(1, 9):
        # Stored so that the viewer, turning it as told, sees the pattern.
        undo = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
                5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
                8: Image.Transpose.ROTATE_270}[orientation]
        stored = picture if undo is None else picture.transpose(undo)
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored.save(DATA / f"orientation{orientation}.jpg", quality=95, subsampling=0, exif=exif)
    picture.convert("CMYK").save(DATA / "cmyk.jpg", quality=95)
    picture.save(DATA / "progressive.jpg", quality=95, subsampling=0, progressive=True)
    picture.save(DATA / "small.webp", lossless=True)
    picture.save(DATA / "small.tiff")
    picture.save(DATA / "small.bmp")


def arrays():
    values = numpy.arange(24).reshape(2, 3, 4)
    with open(DATA / "numpy.npz", "wb") as stream:
        numpy.savez(stream, f4=(values * 0.5).astype("<f4"), f8=values * 0.25, i8=values - 5, u1=values.astype("u1"),
                    big=(values * 1.5).astype(">f8"), big_i2=(values - 9).astype(">i2"),
                    fortran=numpy.asfortranarray(values.astype("<i4")), truth=values % 2 == 0,
                    scalar=numpy.float64(7.5), empty=numpy.zeros((0, 3), "<f4"), half=values.astype("<f2"),
                    text=numpy.array(["a", "bc"]), objects=numpy.array([{"a": 1}, None], dtype=object),
                    records=numpy.zeros(2, [("abc4", "<f4"), ("b", "<i4")]), broken=numpy.array([0.5, numpy.nan]))
    with open(DATA / "deflated.npz", "wb") as stream:
        numpy.savez_compressed(stream, values=values.astype("<f4"))


def osx():
    rng = numpy.random.default_rng(3)
    vertices = rng.normal(size=(2, 12, 3)).astype("<f4") + numpy.array([0, 0, 20], "<f4")
    faces = numpy.array([[i, (i + 1) % 12, (i + 2) % 12] for i in range(12)], "<i8")
    boxes = numpy.array([[30.0, 10.0, 96.0, 128.0], [0.0, 0.0, 5.0, 5.0]])
    with open(DATA / "osx_human2.npz", "wb") as stream:
        numpy.savez(stream, smpl_vertices=vertices, smpl_faces=faces, bbox_2=boxes,
                    hps_betas=numpy.zeros((2, 10), "<f4"), notes=numpy.array([None], dtype=object))


if __name__ == "__main__":
    DATA.mkdir(exist_ok=True)
    pictures()
    arrays()
    osx()
