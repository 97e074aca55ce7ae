"""Sets of images of any size, opened in parts: what is read, and what is refused before anything is."""

import io
import json
import pickle
import tarfile

import numpy as np
import pytest
from PIL import Image

from toolkit.audit import Auditor
from toolkit.datasets import ShardedImages, is_sharded, load_digits, open_images
from toolkit.exceptions import DataFormatError


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def write_tar(path, members):
    with tarfile.open(path, "w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


@pytest.fixture
def shards(tmp_path):
    images = load_digits().images[:25]
    for place, part in enumerate((images[:10], images[10:12], images[12:])):
        np.save(tmp_path / f"{place}.npy", part)
    return tmp_path, images


def test_shards_of_npy_are_one_source(shards):
    folder, images = shards
    source = open_images(folder)
    assert len(source) == 25
    assert source.ids[11] == "1.npy#1"
    assert source.ids[9:13] == ["0.npy#9", "1.npy#0", "1.npy#1", "2.npy#0"]
    np.testing.assert_array_equal(np.concatenate(list(source.chunks(7))), images)
    rows = np.array([0, 9, 10, 24])
    np.testing.assert_array_equal(source.take(rows), images[rows])
    np.testing.assert_array_equal(source.original(12), images[12])


@pytest.mark.parametrize("size", [1, 3, 10, 100])
def test_parts_cover_every_row_once_and_no_two_shards(shards, size):
    source = open_images(shards[0])
    parts = source.parts(size)
    assert [row for start, stop in parts for row in range(start, stop)] == list(range(25))
    assert all(stop - start <= size for start, stop in parts)
    assert not any(start < edge < stop for start, stop in parts for edge in (10, 12))
    pieces = [pickle.loads(pickle.dumps(source.piece(*part))).read() for part in parts]
    np.testing.assert_array_equal(np.concatenate([part.images for part in pieces]), shards[1])
    assert [name for part in pieces for name in part.ids] == source.ids[:]


def test_one_file_goes_by_position(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((4, 8, 8), np.uint8))
    assert list(open_images(tmp_path / "a.npy").ids) == [0, 1, 2, 3]
    assert list(open_images(f"file://{tmp_path}/a.npy").ids) == [0, 1, 2, 3]


def test_shards_that_hold_something_else_are_listed(shards):
    folder, images = shards
    np.save(folder / "3.npy", np.zeros((2, 5, 5), np.uint8))
    np.save(folder / "4.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (folder / "5.npy").write_bytes(b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'shape': (99999999, 28, 28)")
    (folder / "6.npy").write_bytes((folder / "0.npy").read_bytes()[:-5])
    source = open_images(folder)
    assert len(source) == 25
    reasons = source.unreadable.set_index("path")["reason"]
    assert sorted(reasons.index) == ["3.npy", "4.npy", "5.npy", "6.npy"]
    assert "(5, 5)" in reasons["3.npy"]
    assert "Python objects" in reasons["4.npy"]
    assert "holds" in reasons["6.npy"]
    np.testing.assert_array_equal(next(source.chunks(10)), images[:10])


def test_rows_with_nan_are_left_out_of_parts_and_named(tmp_path):
    stack = np.random.default_rng(0).random((5, 4, 4)).astype(np.float32)
    stack[2, 0, 0] = np.nan
    np.save(tmp_path / "a.npy", stack)
    source = open_images(tmp_path / "a.npy")
    part = source.read(0, 5)
    assert part.rows.tolist() == [0, 1, 3, 4]
    assert part.left_out == [(2, 2, "holds NaN or infinite values")]
    with pytest.raises(DataFormatError, match="2: holds NaN"):
        list(source.chunks(5))


def test_tars_of_pictures(tmp_path):
    images = load_digits().images[:9]
    members = [(f"{place:03d}.png", png(image)) for place, image in enumerate(images)]
    write_tar(tmp_path / "a.tar", [("000.cls", b"3"), *members[:5]])
    write_tar(tmp_path / "b.tar", members[5:])
    source = open_images(tmp_path)
    assert isinstance(source, ShardedImages)
    assert source.ids[4:6] == ["a.tar/004.png", "b.tar/005.png"]
    np.testing.assert_array_equal(np.concatenate(list(source.chunks(4))), images)
    piece = source.piece(6, 8)
    assert len(pickle.dumps(piece)) < 2000
    np.testing.assert_array_equal(piece.read().images, images[6:8])
    assert open_images(tmp_path, image_size=14, mode="rgb").take([0]).shape == (1, 14, 14, 3)


def test_hostile_tars(tmp_path):
    good = png(load_digits().images[0])
    write_tar(tmp_path / "a.tar", [(f"{place}.png", good) for place in range(4)])
    content = bytearray((tmp_path / "a.tar").read_bytes())
    with tarfile.open(tmp_path / "b.tar", "w") as archive:
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        for name, data in (("../../up.png", good), ("not.png", b"no picture"), ("e\x1b[2J.png", good)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    (tmp_path / "c.tar").write_bytes(b"nothing of the kind" * 100)
    (tmp_path / "d.tar").write_bytes(content[: len(good) // 2 + 512])
    source = open_images(tmp_path)
    assert "c.tar" in source.unreadable["path"].tolist()
    parts = [source.read(*span) for span in source.parts(100)]
    assert sum(len(part.images) for part in parts) == 6
    left_out = {name: reason for part in parts for _, name, reason in part.left_out}
    assert "b.tar/not.png" in left_out
    assert "not a picture" in left_out["b.tar/not.png"]
    names = [name for part in parts for name in part.ids]
    assert "b.tar/link.png" not in names
    assert all(name.isprintable() for name in names)


@pytest.mark.parametrize(
    "address",
    [
        "reference://manifest.json",
        "zip::https://example.org/a.zip",
        "simplecache::s3://bucket/a",
        "pipe:cat /etc/passwd",
        "https://example.org/a.npy",
        "github://somebody:repository@/a.npy",
        "shell://rm",
    ],
)
def test_addresses_that_chain_follow_or_run_are_refused(address):
    with pytest.raises(DataFormatError, match=r"not opened"):
        open_images(address)


def test_memory_addresses():
    fsspec = pytest.importorskip("fsspec", reason="fsspec opens addresses")
    images = load_digits().images[:6]
    files = fsspec.filesystem("memory")
    for place in range(2):
        with files.open(f"/toolkit-open-images/{place}.npy", "wb") as file:
            np.save(file, images[3 * place : 3 * place + 3])
    try:
        source = open_images("memory://toolkit-open-images")
        np.testing.assert_array_equal(source.take([1, 2, 4]), images[[1, 2, 4]])
        np.testing.assert_array_equal(np.concatenate(list(source.chunks(2))), images)
    finally:
        files.rm("/toolkit-open-images", recursive=True)


def test_zarr_that_names_pickle_is_refused_before_zarr_sees_it(tmp_path):
    """Without the package, too: the description is read by itself."""
    old = {"zarr_format": 2, "shape": [4, 8, 8], "chunks": [2, 8, 8], "dtype": "|u1", "compressor": None}
    for name, change, message in (
        ("filter", {"filters": [{"id": "pickle"}]}, "pickle"),
        ("object", {"filters": [], "dtype": "|O"}, "dtype object"),
        ("codec", {"filters": None, "compressor": {"id": "msgpack2"}}, "msgpack2"),
        ("fields", {"filters": None, "dtype": [["a", "|O"]]}, "plain numbers"),
        ("shape", {"filters": None, "shape": [-4, 8, 8]}, "declares shape"),
        ("chunk", {"filters": None, "chunks": [2**26, 8, 8]}, "chunks of"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / ".zarray").write_text(json.dumps(old | change))
        with pytest.raises(DataFormatError, match=message):
            open_images(tmp_path / name)
    codec = {"name": "numcodecs.pickle", "configuration": {}}
    inner = {"name": "sharding_indexed", "configuration": {"chunk_shape": [1], "codecs": [codec]}}
    for place, codecs in enumerate(([codec], [inner])):
        folder = tmp_path / f"new{place}"
        folder.mkdir()
        grid = {"name": "regular", "configuration": {"chunk_shape": [2, 8, 8]}}
        about = {"zarr_format": 3, "node_type": "array", "shape": [4, 8, 8], "data_type": "uint8", "chunk_grid": grid}
        (folder / "zarr.json").write_text(json.dumps(about | {"codecs": codecs}))
        with pytest.raises(DataFormatError, match=r"numcodecs\.pickle"):
            open_images(folder)


def test_a_stray_array_makes_no_shards_of_a_folder_of_pictures(tmp_path):
    np.save(tmp_path / "labels.npy", np.arange(3))
    Image.fromarray(load_digits().images[0]).save(tmp_path / "a.png")
    assert not is_sharded(tmp_path)
    assert len(open_images(tmp_path)) == 1


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_images(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="image_size"):
        open_images(tmp_path, image_size=(0, 3))


def test_an_auditor_learns_the_same_from_shards_as_from_the_array(shards):
    folder, images = shards
    options = {"max_samples": 12, "random_state": 3}
    rows = [Auditor(**options)._training_images(source) for source in (open_images(folder), open_images(images))]
    np.testing.assert_array_equal(*rows)
