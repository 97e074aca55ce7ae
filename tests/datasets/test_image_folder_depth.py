"""Pictures of more than 8 bits, of one size or of several: nothing is lost silently, nothing lost makes a duplicate."""

import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from toolkit._core.pictures import decode_picture
from toolkit.datasets import load_image_folder


def png16(values):
    """A 16-bit PNG of 1 (grey), 2 (grey and alpha), 3 or 4 channels, written by hand: Pillow cannot write them."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width, n_channels = values.shape
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[n_channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def ppm16(values):
    height, width, _ = values.shape
    return f"P6 {width} {height} 65535\n".encode() + values.astype(">u2").tobytes()


def bars(value, n_channels, count=6):
    """As many pictures with a bar of ``value`` at different heights; opaque where there is an alpha channel."""
    stack = np.zeros((count, 24, 24, n_channels), dtype=np.uint16)
    for row in range(count):
        stack[row, 4 * row : 4 * row + 4] = value
    if n_channels in (2, 4):
        stack[..., -1] = 65535
    return stack


def save_all(folder, contents, suffix="png"):
    for number, content in enumerate(contents):
        (folder / f"{number:02d}.{suffix}").write_bytes(content)


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4])
def test_low_bits_of_16_are_8_bits_exactly(tmp_path, n_channels):
    stack = bars(120, n_channels)
    save_all(tmp_path, map(png16, stack))
    found = load_image_folder(tmp_path, mode="auto", cache=False)
    assert len(found) == 6
    assert found.report["same_as"].eq("").all()
    assert "0 to 255" in found.report["note"][0]
    expected = stack[..., 0] if n_channels < 3 else stack[..., :3]
    np.testing.assert_array_equal(found.images, expected)
    assert any("more than 8 bits became 8 bits, 0 to 255" in note for note in found.notes)


@pytest.mark.parametrize("write", [png16, ppm16])
@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_the_depth_of_colour_is_that_of_the_set(tmp_path, write, bits):
    rng = np.random.default_rng(bits)
    stack = rng.integers(0, 2**bits, (3, 9, 7, 3)).astype(np.uint16)
    stack[0] //= 64  # dark for itself, but of the same camera
    stack[1, 0, 0] = 2**bits - 1
    save_all(tmp_path, map(write, stack))
    images = load_image_folder(tmp_path, cache=False).images
    np.testing.assert_array_equal(images, np.rint(255.0 * stack / (2**bits - 1)).astype(np.uint8))


def test_a_mask_among_16_bit_photographs_is_left_out_with_a_reason_and_not_black(tmp_path):
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    mask = np.where(np.eye(8, dtype=bool), 100, 0).astype(np.uint16)
    for name, values in (("photo", ramp), ("mask", mask), ("other mask", mask.T[::-1])):
        Image.fromarray(values).save(tmp_path / f"{name}.png")
    found = load_image_folder(tmp_path, cache=False)
    assert found.paths.tolist() == ["photo.png"]
    assert found.skipped["reason"].str.contains("its values, 0 to 100, are one grey level of 0 to 65535").all()


def test_floats_share_one_scale(tmp_path):
    rng = np.random.default_rng(0)
    stack = rng.uniform(-3, 5, (3, 9, 9)).astype(np.float32)
    stack[1] /= 10
    for number, values in enumerate(stack):
        Image.fromarray(values).save(tmp_path / f"{number}.tiff")
    images = load_image_folder(tmp_path, mode="auto", cache=False).images
    low, high = float(stack.min()), float(stack.max())
    np.testing.assert_allclose(images, 255 * (stack - low) / (high - low), atol=0.51)


@pytest.mark.parametrize("options", [{"size": 4}, {"mode": "grey"}, {"fit": "crop", "size": (24, 8)}])
def test_what_differs_before_the_loss_is_no_duplicate(tmp_path, options):
    first = np.zeros((24, 24, 3), dtype=np.uint8)
    first[..., 1] = 100
    second, third = first.copy(), first.copy()
    second[0, 0, 2] = 1  # lost in grey, in the size wanted, and at the edge
    Image.fromarray(first).save(tmp_path / "a.png")
    Image.fromarray(second).save(tmp_path / "b.png")
    Image.fromarray(third).save(tmp_path / "c.bmp")  # the same in another format
    found = load_image_folder(tmp_path, cache=False, **options)
    assert found.paths.tolist() == ["a.png", "b.png"]
    assert found.skipped["same_as"].tolist() == ["a.png"]


def test_one_size_stays_and_several_are_said(tmp_path):
    rng = np.random.default_rng(0)
    stack = rng.integers(0, 256, (5, 28, 30)).astype(np.uint8)
    for number, image in enumerate(stack):
        Image.fromarray(image).save(tmp_path / f"{number}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    found = load_image_folder(tmp_path, mode="auto", cache=False)
    np.testing.assert_array_equal(found.images, stack)
    assert found.notes[0] == "all pictures are 28 x 30 and keep that size."
    again = load_image_folder(tmp_path, mode="auto", cache=tmp_path / ".." / "cache", n_jobs=2)
    np.testing.assert_array_equal(again.images, stack)
    assert load_image_folder(tmp_path, mode="auto", cache=tmp_path / ".." / "cache").notes == again.notes
    Image.fromarray(stack[0, :10]).save(tmp_path / "small.png")
    found = load_image_folder(tmp_path, mode="auto", cache=False)
    assert found.image_shape == (28, 28)  # the median shorter side
    assert found.notes[0].startswith(
        "pictures of 10 x 30 to 28 x 30 were cut in the middle where needed and resized to"
    )
    assert load_image_folder(tmp_path, size=16, cache=False).image_shape == (16, 16, 3)


def test_turned_pictures_count_as_they_are_shown(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    Image.fromarray(pixels).save(tmp_path / "b.tiff", exif=exif)
    found = load_image_folder(tmp_path, cache=False, keep_duplicates=True)
    np.testing.assert_array_equal(found.images, [np.rot90(pixels, -1)] * 2)


def test_a_name_twice_in_an_archive_shows_the_one_that_is_reported(tmp_path):
    contents = []
    for value in (10, 200):
        stream = io.BytesIO()
        Image.fromarray(np.full((8, 8), value, dtype=np.uint8)).save(stream, "PNG")
        contents.append(stream.getvalue())
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive:
        archive.writestr("a.png", contents[0])
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.png", contents[1])
    found = load_image_folder(tmp_path / "twice.zip", cache=False)
    assert np.unique(found.images).tolist() == [10]
    assert found.skipped["reason"].tolist() == ["second file of that name in the archive"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_bombs_of_other_methods_are_not_opened(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w") as archive:
        archive.writestr("bomb.png", bytes(10_000_000), compress_type=method)
        archive.writestr("bomb.bmp", bytes(10_000_000), compress_type=zipfile.ZIP_DEFLATED)
        stream = io.BytesIO()
        Image.fromarray(np.eye(8, dtype=np.uint8)).save(stream, "PNG")
        archive.writestr("good.png", stream.getvalue())
    found = load_image_folder(tmp_path / "bomb.zip", cache=False)
    assert found.paths.tolist() == ["good.png"]
    reasons = found.skipped.set_index("path")["reason"]
    assert "compressed by method" in reasons["bomb.png"]


def test_a_chain_of_directories_is_not_walked(tmp_path):
    """A TIFF of 20,000 directories, each of which points to the next one: counting them all took six seconds."""
    n, entries = 20_000, [(256, 4), (257, 4), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 4), (279, 16)]
    length = 2 + 12 * len(entries) + 4
    content = bytearray(b"II*\0" + struct.pack("<I", 24) + bytes(range(16)))
    for place in range(n):
        content += struct.pack("<H", len(entries))
        content += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
        content += struct.pack("<I", 24 + (place + 1) * length if place + 1 < n else 0)
    picture = decode_picture(bytes(content), (4, 4))
    assert picture.note == "first of 100 or more frames"
    assert picture.pixels[0, 0, 0] == 0


def test_a_large_16_bit_picture_takes_memory_for_bytes_and_not_for_floats():
    import tracemalloc

    stream = io.BytesIO()
    Image.fromarray(np.zeros((2048, 2048), dtype=np.uint16)).save(stream, "PNG")
    tracemalloc.start()
    decode_picture(stream.getvalue(), (75, 75))
    peak = tracemalloc.get_traced_memory()[1]  # numpy's part; Pillow's own is two bytes a pixel, and one
    tracemalloc.stop()
    assert peak < 6 * 2048 * 2048
