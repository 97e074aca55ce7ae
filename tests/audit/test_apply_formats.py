"""A cleaned copy loses nothing that a file holds beside 8 bits of colour: depth, orientation, pixels to the inch."""

import struct

import numpy as np
import pytest
from file_plans import picture, plan_of
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from toolkit.audit import apply_plan


def shown(path):
    """Pillow, too, takes the orientation from Adobe's notes where EXIF states none."""
    with Image.open(path) as image:
        image.load()
        return ImageOps.exif_transpose(image)


def turned_by_adobe(path):
    """A framed picture whose orientation stands in Adobe's notes alone."""
    framed = ImageOps.expand(picture(height=200, width=300), (0, 40, 0, 40), (0, 0, 0))
    xmp = '<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    if path.suffix == ".png":
        texts = PngInfo()
        texts.add_itxt("XML:com.adobe.xmp", xmp)
        framed.save(path, pnginfo=texts)
    else:
        framed.save(path, xmp=xmp.encode(), **({"lossless": True} if path.suffix == ".webp" else {"quality": 95}))


@pytest.mark.parametrize("name", ["a.jpg", "b.png", "c.webp"])
def test_what_adobes_notes_say_of_the_orientation_is_not_said_again_of_turned_pixels(tmp_path, name):
    home = tmp_path / "in"
    home.mkdir()
    turned_by_adobe(home / name)
    before = shown(home / name)
    assert before.size == (280, 300)
    done = apply_plan(plan_of(home, {name: ("crop", "40,0,240,300")}), home, tmp_path / "out").iloc[0]
    assert (done["done"], done["width"], done["height"]) == ("repaired", 200, 300)
    after = shown(tmp_path / "out" / name)
    assert after.size == (200, 300)
    truth = np.asarray(before.convert("RGB").crop((40, 0, 240, 300)), dtype=float)
    assert np.abs(np.asarray(after.convert("RGB")) - truth).mean() < 2


def deep_tiff(path):
    """Colour of 16 bits, without compression, as scanners write it: a directory by hand, since Pillow writes none."""
    values = np.random.default_rng(0).integers(0, 65536, (4, 5, 3), dtype=np.uint16)
    entries = [(256, 4, 5), (257, 4, 4), (258, 3, 0), (259, 3, 1), (262, 3, 2), (273, 4, 8), (277, 3, 3), (278, 4, 4)]
    entries.append((279, 4, values.nbytes))
    directory = 8 + values.nbytes
    bits = directory + 2 + 12 * len(entries) + 4
    rows = [
        struct.pack("<HHII", tag, 3, 3, bits) if tag == 258 else struct.pack("<HHII", tag, kind, 1, value)
        for tag, kind, value in entries
    ]
    path.write_bytes(
        b"II*\0"
        + struct.pack("<I", directory)
        + values.tobytes()
        + struct.pack("<H", len(entries))
        + b"".join(rows)
        + struct.pack("<I", 0)
        + struct.pack("<3H", 16, 16, 16)
    )


def deep_jpeg_2000(path):
    """As if its header said 16 bits: what is asked is the header alone."""
    picture().save(path, irreversible=False)
    content = path.read_bytes()
    place = content.find(b"\xff\x4f\xff\x51") + 42
    path.write_bytes(content[:place] + b"\x0f\x01\x01" * 3 + content[place + 9 :])


def deep_portable(path):
    values = np.random.default_rng(0).integers(0, 65536, (4, 5, 3), dtype=np.uint16)
    path.write_bytes(b"P6 5 4 65535\n" + values.astype(">u2").tobytes())


@pytest.mark.parametrize(("name", "make"), [("a.tif", deep_tiff), ("b.jp2", deep_jpeg_2000), ("c.ppm", deep_portable)])
def test_colour_of_16_bits_is_not_written_as_8_where_notes_are_stripped(tmp_path, name, make):
    home = tmp_path / "in"
    home.mkdir()
    make(home / name)
    plan = plan_of(home, {name: "keep"})
    kept = apply_plan(plan, home, tmp_path / "whole").iloc[0]
    assert kept["done"] == "kept"
    assert (tmp_path / "whole" / name).read_bytes() == (home / name).read_bytes()
    done = apply_plan(plan, home, tmp_path / "bare", strip_metadata=True).iloc[0]
    assert done["done"] == "left out"
    assert "16-bit colour" in done["note"]
    assert list((tmp_path / "bare").iterdir()) == []


def test_a_scan_keeps_its_pixels_to_the_inch_where_notes_are_stripped(tmp_path):
    home = tmp_path / "in"
    home.mkdir()
    picture().save(home / "a.tif", dpi=(600, 600), description="secret")
    done = apply_plan(plan_of(home, {"a.tif": "keep"}), home, tmp_path / "out", strip_metadata=True).iloc[0]
    assert done["done"] == "kept"
    with Image.open(tmp_path / "out" / "a.tif") as image:
        assert image.info["dpi"] == (600, 600)
    assert b"secret" not in (tmp_path / "out" / "a.tif").read_bytes()
