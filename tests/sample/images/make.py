"""Makes the images of this folder, each with what Pillow 13 reads from it beside it (NAME.png).

    python3 make.py      needs Pillow, numpy, libturbojpeg, libtiff-tools

The files are kept, so that the tests need neither; this is here to show where they came from, and
for further ones.
"""
import ctypes
import io
import pathlib
import struct
import subprocess
import tempfile

import numpy as np
from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 13, 9
EXIF_TURN = 6


def colours(seed=1, channels=3, width=WIDTH, height=HEIGHT):
    """Smooth, so that lossy formats stay close, with every corner different."""
    y, x = np.mgrid[0:height, 0:width]
    draw = np.random.default_rng(seed)
    planes = [(x * draw.uniform(-14, 14) + y * draw.uniform(-16, 16) + draw.uniform(0, 255)) % 256
              for _ in range(channels)]
    return np.stack(planes, -1).astype(np.uint8)


def picture(mode="RGB", seed=1):
    if mode == "L":
        return Image.fromarray(colours(seed, 1)[:, :, 0])
    if mode == "P":
        return picture(seed=seed).quantize(16)
    if mode == "1":
        return picture("L", seed).convert("1")
    return Image.fromarray(colours(seed, len(Image.new(mode, (1, 1)).getbands())), mode)


def keep(name, data):
    """The file and what Pillow shows of it: grey where the image has no colour, else RGB."""
    (HERE / name).write_bytes(data)
    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    grey = shown.mode in ("1", "L", "LA")
    shown.convert("L" if grey else "RGB").save(HERE / (name + ".png"), optimize=True)


def saved(image, form, **how):
    out = io.BytesIO()
    image.save(out, form, **how)
    return out.getvalue()


def exif(orientation):
    made = Image.Exif()
    made[274] = orientation
    return made


def ycck():
    """TurboJPEG writes four channels as YCCK."""
    turbo = ctypes.CDLL("libturbojpeg.so.0")
    turbo.tjInitCompress.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(turbo.tjInitCompress())
    pixels = colours(5, 4).tobytes()
    data, size = ctypes.POINTER(ctypes.c_ubyte)(), ctypes.c_ulong(0)
    cmyk, no_subsampling = 11, 0
    assert turbo.tjCompress2(handle, pixels, WIDTH, 0, HEIGHT, cmyk, ctypes.byref(data),
                             ctypes.byref(size), no_subsampling, 95, 0) == 0
    return bytes(data[:size.value])


def jpegs():
    for orientation in range(1, 9):
        keep(f"exif{orientation}.jpg", saved(picture(), "JPEG", quality=95, exif=exif(orientation)))
    keep("cmyk.jpg", saved(picture("CMYK"), "JPEG", quality=95))
    keep("ycck.jpg", ycck())


def webps():
    turn = exif(EXIF_TURN)
    keep("lossless.webp", saved(picture(), "WEBP", lossless=True, exif=turn))
    keep("lossy.webp", saved(picture(), "WEBP", quality=90))
    keep("alpha.webp", saved(picture("RGBA"), "WEBP", lossless=True, exact=True))
    frames = [picture("RGBA", seed) for seed in (1, 2)]
    keep("animated.webp", saved(frames[0], "WEBP", lossless=True, exact=True, save_all=True,
                                append_images=frames[1:]))


def gif(screen, frame, palette, own_palette=None, transparent=None, interlaced=False, back=0):
    """A GIF by hand: its codes are never longer than 9 bits, since the table is cleared often."""
    width, height = screen
    left, top, pixels = frame
    made = b"GIF89a" + struct.pack("<HHBBB", width, height, 0xf7 if palette else 0x70, back, 0)
    if palette:
        made += bytes(palette).ljust(768, b"\0")
    if transparent is not None:
        made += b"!\xf9\x04" + struct.pack("<BHB", 1, 0, transparent) + b"\0"
    flags = (0x80 | own_palette[0] if own_palette else 0) | (0x40 if interlaced else 0)
    rows, columns = pixels.shape
    made += b"," + struct.pack("<HHHHB", left, top, columns, rows, flags)
    if own_palette:
        made += bytes(own_palette[1])
    order = [y for first, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for y in range(first, rows, step)]
    values = (pixels[order] if interlaced else pixels).reshape(-1)
    bits, count = 0, 0
    for i, value in enumerate(values):
        if i % 100 == 0:
            bits, count = bits | 256 << count, count + 9  # clear
        bits, count = bits | int(value) << count, count + 9
    bits, count = bits | 257 << count, count + 9
    data = bits.to_bytes((count + 7) // 8, "little")
    made += b"\x08"
    for i in range(0, len(data), 255):
        made += bytes([len(data[i:i + 255])]) + data[i:i + 255]
    return made + b"\0;"


def gifs():
    palette = colours(3, 3, 16, 16).reshape(-1).tolist()
    pixels = (np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH) * 5 % 256).astype(np.uint8)
    size = (WIDTH, HEIGHT)
    keep("palette.gif", saved(picture("P"), "GIF"))
    keep("interlaced.gif", gif(size, (0, 0, pixels), palette, interlaced=True))
    keep("transparent.gif", gif(size, (0, 0, pixels), palette, transparent=15))
    keep("part.gif", gif(size, (3, 2, pixels[:4, :5]), palette, back=7))
    keep("part_transparent.gif", gif(size, (3, 2, pixels[:4, :5]), palette, transparent=9))
    keep("beyond.gif", gif((6, 5), (3, 2, pixels), palette))
    own = (3, colours(4, 3, 16, 1).reshape(-1).tolist())
    keep("own_palette.gif", gif(size, (0, 0, pixels % 16), palette, own_palette=own))
    frames = [picture("P", seed) for seed in (1, 2)]
    keep("animated.gif", saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))


def bmp(bits, rows, compression=0, masks=(), palette=b"", height=None, head=40):
    data = b"".join(rows)
    extra = b"".join(struct.pack("<I", mask) for mask in masks)
    start = 14 + head + (len(extra) if head == 40 else 0) + len(palette)
    if head == 12:
        info = struct.pack("<IHHHH", 12, WIDTH, HEIGHT, 1, bits)
    else:
        info = struct.pack("<IiiHHIIiiII", head, WIDTH, height or HEIGHT, 1, bits, compression,
                           len(data), 0, 0, len(palette) // 4, 0)
        info = (info + extra).ljust(head if head > 40 else len(info + extra), b"\0")
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + info + palette + data


def bmp_rows(values, width_bytes):
    """Each value little-endian, rows from the bottom up and padded to four bytes."""
    rows = []
    for row in values[::-1]:
        line = b"".join(int(value).to_bytes(width_bytes, "little") for value in row)
        rows.append(line + b"\0" * (-len(line) % 4))
    return rows


def runs8(index):
    rows = []
    for y, row in enumerate(index[::-1]):
        if y == 3:
            rows.append(bytes([0, 2, 2, 1]))  # two to the right, one up
            continue
        half = bytes([0, 5]) + bytes(row[:5]) + b"\0"
        rows.append(half + b"".join(bytes([1, value]) for value in row[5:-3]) + bytes([3, row[-1]]))
        rows.append(bytes([0, 0]))
    return rows + [bytes([0, 1])]


def bmps():
    for mode, name in (("1", "bilevel"), ("L", "grey"), ("P", "palette"), ("RGB", "rgb"), ("RGBA", "alpha")):
        keep(f"{name}.bmp", saved(picture(mode), "BMP"))
    values = np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH) * 523 % 65536
    keep("bits15.bmp", bmp(16, bmp_rows(values % 32768, 2)))
    keep("bits16.bmp", bmp(16, bmp_rows(values, 2), 3, (0xf800, 0x7e0, 0x1f)))
    keep("masks32.bmp", bmp(32, bmp_rows(values * 65521 % 2**32, 4), 3, (0xff000000, 0xff0000, 0xff00), head=108))
    rgb = colours().astype(int)
    packed = rgb[:, :, 0] << 16 | rgb[:, :, 1] << 8 | rgb[:, :, 2]
    keep("top_down.bmp", bmp(24, bmp_rows(packed[::-1], 3), height=-HEIGHT))
    keep("os2.bmp", bmp(24, bmp_rows(packed, 3), head=12))
    palette = colours(6, 4, 16, 1).reshape(-1).tobytes()
    index = (values % 16).astype(np.uint8)
    keep("runs8.bmp", bmp(8, runs8(index), 1, palette=palette))
    nibbles = index[:, ::2] << 4 | np.pad(index, ((0, 0), (0, 1)))[:, 1::2]
    keep("bits4.bmp", bmp(4, bmp_rows(nibbles, 1), palette=palette))
    pairs = [bytes([4, row[0] << 4 | row[1], WIDTH - 4, row[2] << 4 | row[2], 0, 0]) for row in index[::-1]]
    keep("runs4.bmp", bmp(4, [*pairs, bytes([0, 1])], 2, palette=palette))


def tiff_by(tool, image, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        before, after = f"{folder}/a.tif", f"{folder}/b.tif"
        image.save(before)
        subprocess.run([tool, *arguments, before, after], check=True)
        return pathlib.Path(after).read_bytes()


def tiffs():
    for mode, name in (("1", "bilevel"), ("L", "grey"), ("LA", "grey_alpha"), ("P", "palette"),
                       ("RGB", "rgb"), ("RGBA", "alpha"), ("CMYK", "cmyk")):
        keep(f"{name}.tif", saved(picture(mode), "TIFF"))
    turned = picture()
    keep("turned.tif", saved(turned, "TIFF", tiffinfo={274: EXIF_TURN}))
    keep("lzw.tif", saved(picture(), "TIFF", compression="tiff_lzw"))
    keep("deflate.tif", saved(picture(), "TIFF", compression="tiff_adobe_deflate"))
    keep("packbits.tif", saved(picture(), "TIFF", compression="packbits"))
    keep("fax4.tif", saved(picture("1"), "TIFF", compression="group4"))
    keep("jpeg.tif", saved(picture(), "TIFF", compression="jpeg", quality=95))
    keep("tiles.tif", tiff_by("tiffcp", picture(), "-t", "-w", "16", "-l", "16"))
    keep("planes.tif", tiff_by("tiffcp", picture(), "-p", "separate", "-r", "4", "-c", "lzw"))
    keep("big_endian.tif", tiff_by("tiffcp", picture(), "-B"))
    keep("big.tif", tiff_by("tiffcp", picture(), "-8"))
    pages = [picture(seed=seed) for seed in (1, 2)]
    keep("pages.tif", saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))


def main():
    jpegs()
    keep("turned.png", saved(picture(), "PNG", exif=exif(EXIF_TURN)))
    webps()
    gifs()
    bmps()
    tiffs()


if __name__ == "__main__":
    main()
