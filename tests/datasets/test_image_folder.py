"""Folders of pictures: every good one in, every bad one named, nothing raised."""

import io
import os
import struct
import threading
import warnings
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image, ImageOps

from toolkit._core.pictures import PictureError, decode_picture
from toolkit.datasets import ImageFolder, ImageSet, load_image_folder
from toolkit.exceptions import DataFormatError


def noise(height, width, seed=0):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8))


def smooth(height, width):
    """A picture that survives resampling and JPEG: two ramps and a constant."""
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([255 * y / height, 255 * x / width, 0 * x + 90], axis=2).astype(np.uint8))


def giant_png(width, height):
    """A PNG whose header declares what its few bytes never hold."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def as_bytes(image, format="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


GOOD = {"a.png", "alpha.png", "animated.gif", "b.jpg", "cmyk.jpg", "deep.png", "deeper/still/c.webp", "no_suffix"}
BAD = {
    "bomb.png": "decompression bomb",
    "copy.png": "duplicate",
    "empty.png": "empty file",
    "heavy.bmp": "more than",
    "large.png": "decompression bomb",
    "loop": "cannot be opened",
    "notes.txt": "not a picture",
    "nowhere.png": "cannot be opened",
    "pipe.jpg": "no plain file",
    "round": "link to a folder",
    "text.jpg": "not a picture",
    "truncated.jpg": "damaged",
    "truncated.png": "damaged",
    "wide.png": "pixels, more than the cap",
}
MAX_BYTES = 200_000


@pytest.fixture
def hostile(tmp_path):
    folder = tmp_path / "hostile"
    (folder / "deeper" / "still").mkdir(parents=True)
    noise(40, 60).save(folder / "a.png")
    noise(64, 64, 1).save(folder / "b.jpg")
    noise(20, 30, 2).save(folder / "deeper" / "still" / "c.webp")
    noise(50, 50, 3).convert("CMYK").save(folder / "cmyk.jpg")
    Image.fromarray(np.arange(900, dtype=np.uint16).reshape(30, 30) * 72).save(folder / "deep.png")
    noise(20, 20, 4).save(folder / "animated.gif", save_all=True, append_images=[noise(20, 20, 5), noise(20, 20, 6)])
    noise(9, 9, 7).convert("RGBA").save(folder / "alpha.png")
    (folder / "no_suffix").write_bytes(as_bytes(noise(31, 17, 8)))
    (folder / "bomb.png").write_bytes(giant_png(40_000, 40_000))
    (folder / "large.png").write_bytes(giant_png(12_000, 12_000))  # where Pillow only warns
    (folder / "wide.png").write_bytes(giant_png(9_000, 9_000))  # which Pillow would decode
    (folder / "copy.png").write_bytes((folder / "a.png").read_bytes())
    (folder / "empty.png").write_bytes(b"")
    (folder / "heavy.bmp").write_bytes(b"BM" + bytes(MAX_BYTES))
    (folder / "notes.txt").write_text("no picture at all")
    (folder / "text.jpg").write_text("<html>not found</html>")
    for name, suffix in (("a.png", "png"), ("b.jpg", "jpg")):
        content = (folder / name).read_bytes()
        (folder / f"truncated.{suffix}").write_bytes(content[: len(content) // 2])
    os.symlink(folder / "loop", folder / "loop")
    os.symlink(folder / "never there", folder / "nowhere.png")
    os.symlink(folder, folder / "round")
    os.mkfifo(folder / "pipe.jpg")
    return folder


def test_a_hostile_folder_raises_nothing_and_names_the_bad(hostile):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = load_image_folder(hostile, size=24, max_bytes=MAX_BYTES, cache=False)
    assert set(found.paths) == GOOD
    assert found.images.shape == (len(GOOD), 24, 24, 3)
    assert found.images.dtype == np.uint8
    skipped = found.skipped.set_index("path")["reason"]
    assert set(skipped.index) == set(BAD)
    for name, reason in BAD.items():
        assert reason in skipped[name], name
    report = found.report.set_index("path")
    assert report.loc["copy.png", "same_as"] == "a.png"
    assert report.loc["animated.gif", "note"] == "first of 3 frames"
    assert report.loc["cmyk.jpg", ["mode", "format"]].tolist() == ["CMYK", "JPEG"]
    assert report.loc["a.png", ["height", "width"]].tolist() == [40, 60]
    assert set(found.paths) | set(skipped.index) == set(report.index)


def test_an_archive_gives_what_its_folder_gives(hostile, tmp_path):
    archive = tmp_path / "pictures.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name in sorted(GOOD | {"copy.png", "text.jpg", "truncated.jpg", "bomb.png", "heavy.bmp"}):
            file.write(hostile / name, name)
    expected = load_image_folder(hostile, size=(20, 30), max_bytes=MAX_BYTES, cache=False)
    found = load_image_folder(archive, size=(20, 30), max_bytes=MAX_BYTES, cache=False)
    np.testing.assert_array_equal(found.images, expected.images)
    assert found.paths.tolist() == expected.paths.tolist()
    assert set(found.skipped["path"]) == {"bomb.png", "copy.png", "heavy.bmp", "text.jpg", "truncated.jpg"}


def test_a_damaged_member_of_an_archive_is_skipped(tmp_path):
    archive = tmp_path / "pictures.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("good.png", as_bytes(noise(8, 8)))
        file.writestr("bad.png", as_bytes(noise(8, 8, 1)))
    content = bytearray(archive.read_bytes())
    content[content.rindex(b"IDAT") + 10] ^= 0xFF  # in the second picture, so the archive's checksum is off
    archive.write_bytes(content)
    found = load_image_folder(archive, size=8, cache=False)
    assert found.paths.tolist() == ["good.png"]
    assert "CRC" in found.skipped["reason"].item()


def test_crop_and_pad_against_a_plain_computation(tmp_path):
    picture = smooth(60, 90)
    picture.save(tmp_path / "wide.png")
    crop = load_image_folder(tmp_path, size=30, cache=False).images[0]
    expected = picture.crop((15, 0, 75, 60)).resize((30, 30), Image.Resampling.LANCZOS)
    np.testing.assert_allclose(crop.astype(int), np.asarray(expected, dtype=int), atol=3)
    pad = load_image_folder(tmp_path, size=30, fit="pad", cache=False).images[0]
    expected = np.asarray(ImageOps.pad(picture, (30, 30), Image.Resampling.LANCZOS), dtype=int)
    np.testing.assert_allclose(pad.astype(int), expected, atol=3)
    assert not pad[:5].any()
    assert not pad[25:].any()
    assert pad[5:25].any(axis=2).all()


def test_a_large_jpeg_is_the_picture_that_it_holds(tmp_path):
    """Decoding at a fraction of the size, as the decoder offers it, changes nothing that can be seen."""
    smooth(800, 1000).save(tmp_path / "large.jpg", quality=95)
    found = load_image_folder(tmp_path, size=(40, 50), cache=False)
    np.testing.assert_allclose(found.images[0].astype(int), np.asarray(smooth(40, 50), dtype=int), atol=8)
    assert found.report[["height", "width"]].values.tolist() == [[800, 1000]]


def test_16_bits_transparency_and_turned_cameras(tmp_path):
    ramp = np.linspace(0, 65535, 64).astype(np.uint16)
    Image.fromarray(np.tile(ramp, (64, 1))).save(tmp_path / "a_deep.png")
    clear = Image.new("RGBA", (8, 8), (10, 20, 30, 0))
    clear.save(tmp_path / "b_clear.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # shown rightly after a quarter turn clockwise
    smooth(40, 40).save(tmp_path / "c_turned.png", exif=exif)
    images = load_image_folder(tmp_path, size=(64, 64), cache=False).images
    np.testing.assert_allclose(images[0, 0, :, 0].astype(int), np.round(ramp / 257).astype(int), atol=1)
    assert (images[1] == 255).all()
    upright = smooth(40, 40).rotate(-90).resize((64, 64), Image.Resampling.LANCZOS)
    np.testing.assert_allclose(images[2].astype(int), np.asarray(upright, dtype=int), atol=3)


def test_grey_is_luma_and_auto_is_grey_if_all_are(tmp_path):
    noise(16, 16).save(tmp_path / "colour.png")
    grey = load_image_folder(tmp_path, size=16, mode="grey", cache=False).images
    np.testing.assert_array_equal(grey[0], np.asarray(noise(16, 16).convert("L")))
    assert load_image_folder(tmp_path, size=16, mode="auto", cache=False).images.shape == (1, 16, 16, 3)
    (tmp_path / "colour.png").unlink()
    for seed in range(3):
        noise(16, 16, seed).convert("L").save(tmp_path / f"{seed}.png")
    (tmp_path / "1.png").write_text("gone bad")  # rows move over the gap
    found = load_image_folder(tmp_path, size=16, mode="auto", cache=False)
    np.testing.assert_array_equal(found.images, [np.asarray(noise(16, 16, seed).convert("L")) for seed in (0, 2)])


@pytest.mark.parametrize("mode", ["rgb", "grey"])
def test_two_processes_give_what_one_gives(tmp_path, mode):
    for number in range(150):  # three chunks
        noise(12, 12, number).save(tmp_path / f"{number:03d}.png")
    (tmp_path / "010.png").write_text("bad")
    one = load_image_folder(tmp_path, size=12, mode=mode, cache=False)
    two = load_image_folder(tmp_path, size=12, mode=mode, cache=False, n_jobs=2)
    np.testing.assert_array_equal(one.images, two.images)
    assert one.report.equals(two.report)
    expected = noise(12, 12, 149).convert("RGB" if mode == "rgb" else "L")
    np.testing.assert_array_equal(two.images[-1], np.asarray(expected))
    assert len(two) == 149


def test_the_cache_is_a_map_that_is_used_until_a_file_changes(tmp_path, monkeypatch):
    folder, cache = tmp_path / "pictures", tmp_path / "cache"
    folder.mkdir()
    for seed in range(3):
        noise(10, 10, seed).save(folder / f"{seed}.png")
    first = load_image_folder(folder, size=10, cache=cache)
    assert isinstance(first.images, np.memmap)
    assert not first.images.flags.writeable
    np.testing.assert_array_equal(first.images, load_image_folder(folder, size=10, cache=False).images)

    import toolkit.datasets._folder as module

    calls = []
    decode = module.decode_files
    monkeypatch.setattr(module, "decode_files", lambda *args, **options: calls.append(1) or decode(*args, **options))
    again = load_image_folder(folder, size=10, cache=cache)
    assert not calls
    assert again.report.equals(first.report)
    np.testing.assert_array_equal(again.images, first.images)
    load_image_folder(folder, size=11, cache=cache)
    assert len(calls) == 1  # in another size it is another stack
    before = np.array(first.images)
    noise(10, 10, 9).save(folder / "1.png")
    os.utime(folder / "1.png", ns=(1, 1))
    changed = load_image_folder(folder, size=10, cache=cache)
    assert len(calls) == 2
    np.testing.assert_array_equal(changed.images[1], np.asarray(noise(10, 10, 9)))
    np.testing.assert_array_equal(first.images, before)  # a map in use is not written over
    # A cache that is damaged is made anew, and nothing is left lying about.
    home = next(entry for entry in cache.iterdir() if np.load(entry / "images.npy").shape[1] == 11)
    (home / "images.npy").write_bytes(b"rubbish")
    for size in (10, 11):
        load_image_folder(folder, size=size, cache=cache)
    assert len(calls) == 3
    assert len(list(cache.iterdir())) == 2


def test_what_was_killed_long_ago_is_swept_and_an_error_leaves_nothing(tmp_path):
    folder, cache = tmp_path / "pictures", tmp_path / "cache"
    folder.mkdir()
    (folder / "bad.png").write_text("bad")
    for name in (".image-folder-old", ".image-folder-new"):
        (cache / name).mkdir(parents=True)
        (cache / name / "images.npy").write_bytes(b"half")
    os.utime(cache / ".image-folder-old", (0, 0))
    with pytest.raises(DataFormatError, match="no picture"):
        load_image_folder(folder, size=10, cache=cache)
    assert [entry.name for entry in cache.iterdir()] == [".image-folder-new"]


def test_two_threads_at_once_fill_one_cache(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for seed in range(20):
        noise(10, 10, seed).save(folder / f"{seed:02d}.png")
    found, errors = [], []

    def load():
        try:
            found.append(load_image_folder(folder, size=10, cache=tmp_path / "cache"))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len({each.images.tobytes() for each in found}) == 1
    assert len(found) == 4


def test_top_folders_are_labels_and_subsets_keep_their_paths(tmp_path):
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        for seed in range(2):
            noise(8, 8, seed + 2 * (label == "dog")).save(tmp_path / label / f"{seed}.png")
    found = load_image_folder(tmp_path, size=8, cache=False)
    assert found.labels.tolist() == ["cat", "cat", "dog", "dog"]
    part = found.subset([3, 0])
    assert isinstance(part, ImageFolder)
    assert part.paths.tolist() == ["dog/1.png", "cat/0.png"]
    np.testing.assert_array_equal(part.images[0], found.images[3])
    noise(8, 8, 9).save(tmp_path / "stray.png")
    assert load_image_folder(tmp_path, size=8, cache=False).labels is None


def test_duplicates_can_be_kept(tmp_path):
    noise(8, 8).save(tmp_path / "a.png")
    noise(8, 8).save(tmp_path / "b.bmp")  # other bytes, the same pixels
    assert len(load_image_folder(tmp_path, size=8, cache=False)) == 1
    found = load_image_folder(tmp_path, size=8, cache=False, keep_duplicates=True)
    assert len(found) == 2
    assert found.report["same_as"].tolist() == ["", "a.png"]


def test_without_a_folder_there_are_photographs():
    found = load_image_folder(size=24)
    assert isinstance(found, ImageSet)
    assert found.images.shape[1:] == (24, 24, 3)
    assert "chelsea" in found.labels
    assert len(np.unique(found.images.reshape(len(found), -1), axis=0)) == len(found)


def test_nothing_good_is_one_clear_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_image_folder(tmp_path / "nowhere")
    with pytest.raises(DataFormatError, match="no picture.*it is empty"):
        load_image_folder(tmp_path, cache=False)
    (tmp_path / "a.jpg").write_text("text")
    with pytest.raises(DataFormatError, match="1 not a picture"):
        load_image_folder(tmp_path, cache=False)
    with pytest.raises(DataFormatError, match=r"a\.jpg is neither a folder nor a zip"):
        load_image_folder(tmp_path / "a.jpg", cache=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "size must be an int"),
        ({"size": (3, 4, 5)}, "size must be an int"),
        ({"mode": "cmyk"}, "Unknown mode"),
        ({"fit": "stretch"}, "Unknown fit"),
        ({"max_pixels": 0}, "max_pixels"),
        ({"max_bytes": True}, "max_bytes"),
        ({"n_jobs": 0}, "n_jobs"),
    ],
)
def test_parameters_out_of_range_are_named(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        load_image_folder(tmp_path, **options)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
def test_damaged_bytes_are_a_picture_or_a_picture_error(format):
    """Nothing else comes out of any file, whatever byte of it is wrong."""
    whole = as_bytes(noise(16, 16), format)
    generator = np.random.default_rng(0)
    refused = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for _ in range(60):
            content = bytearray(whole)
            for place in generator.integers(0, len(content), 3):
                content[place] = generator.integers(256)
            try:
                picture = decode_picture(bytes(content[: generator.integers(1, len(content) + 1)]), (8, 8))
            except PictureError:
                refused += 1
            else:
                assert picture.pixels.shape == (8, 8, 3)
    assert refused > 10
