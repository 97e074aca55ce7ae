"""Image files: what is written comes back, what is wrong is refused in one way, before memory is spent on it."""

import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from toolkit.datasets import ImageSet, load_images, load_npz, save_npz
from toolkit.exceptions import DataFormatError, ToolkitError

IMAGES = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)


def npy_bytes(array, **options):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asanyarray(array), **options)
    return stream.getvalue()


def header_only(descr, shape, version=(1, 0)):
    stream = io.BytesIO()
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    stream.write(b"\x93NUMPY" + bytes(version))
    stream.write(struct.pack("<H" if version == (1, 0) else "<I", len(text)) + text)
    return stream.getvalue()


def archive(path, method=zipfile.ZIP_DEFLATED, **members):
    with zipfile.ZipFile(path, "w", method) as target:
        for name, content in members.items():
            target.writestr(f"{name}.npy", content if isinstance(content, bytes) else npy_bytes(content))
    return path


def refused(path, match, **options):
    with pytest.raises(DataFormatError, match=match) as caught:
        load_npz(path, **options)
    assert str(path) in str(caught.value), "the message must name the file"


@settings(max_examples=60, deadline=None)
@given(
    images=hnp.arrays(
        dtype=st.sampled_from([np.uint8, np.float16, np.float32, np.float64]),
        shape=st.one_of(
            st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5)),
            st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5), st.just(3)),
        ),
        elements={"allow_nan": False, "allow_infinity": False},
    ),
    labels=st.sampled_from(["none", "int", "str", "objects"]),
    compressed=st.booleans(),
)
def test_what_is_written_comes_back(tmp_path_factory, images, labels, compressed):
    n = len(images)
    given_labels = {
        "none": None,
        "int": np.arange(n),
        "str": np.array(["ä", "b", "cc", "d"])[:n],
        "objects": np.array(["ä", "b", "cc", "d"], dtype=object)[:n],
    }[labels]
    path = tmp_path_factory.mktemp("written") / "set"  # no suffix is added
    save_npz(path, images, given_labels, kinds=["clean"] * n, compressed=compressed)
    found = load_npz(path)
    assert isinstance(found, ImageSet)
    assert found.images.dtype == images.dtype
    np.testing.assert_array_equal(found.images, images)
    assert found.kinds.tolist() == ["clean"] * n
    if given_labels is None:
        assert found.labels is None
    else:
        assert found.labels.dtype.kind in "iU"
        assert found.labels.tolist() == given_labels.tolist()
    # numpy alone reads it too, without pickle: nothing of ours is in the format
    with np.load(path, allow_pickle=False) as plain:
        np.testing.assert_array_equal(plain["images"], images)


def test_numpys_own_archives_are_read(tmp_path):
    for name, save in (("stored", np.savez), ("deflated", np.savez_compressed)):
        path = tmp_path / f"{name}.npz"
        save(path, images=IMAGES.astype(">f4"), labels=np.array([1, 0, 2]), extra=np.zeros(9))
        found = load_npz(path)
        assert found.images.dtype.isnative
        np.testing.assert_array_equal(found.images, IMAGES)
        assert found.labels.tolist() == [1, 0, 2]


def test_fortran_order_and_bytes(tmp_path):
    path = archive(tmp_path / "f.npz", images=np.asfortranarray(IMAGES), kinds=np.array([b"clean", b"invert", b"x"]))
    found = load_npz(path)
    np.testing.assert_array_equal(found.images, IMAGES)
    assert found.images.flags.c_contiguous
    assert found.kinds.tolist() == ["clean", "invert", "x"]
    np.save(tmp_path / "f.npy", np.asfortranarray(IMAGES))
    np.testing.assert_array_equal(load_images(tmp_path / "f.npy").images, IMAGES)


def test_npy_is_mapped_not_read(tmp_path):
    path = tmp_path / "large.npy"
    large = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(40_000, 28, 28))
    large[-1] = 7
    del large
    tracemalloc.start()
    found = load_images(path, max_bytes=1000)  # the cap is on memory, a map takes none
    assert int(found.images[-1, 0, 0]) == 7
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(found.images, np.memmap)
    assert peak < 2e6
    with pytest.raises(ValueError, match="read-only"):
        found.images[0] = 1
    assert isinstance(load_npz(path).images, np.memmap), "the content decides, not the function"


WRONG_ARRAYS = {
    "rank 2": (IMAGES[0], "shape"),
    "rank 1": (IMAGES[0, 0], "shape"),
    "rank 0": (np.uint8(3), "shape"),
    "rank 5": (IMAGES[None, ..., None], "shape"),
    "four channels": (np.zeros((2, 3, 3, 4), np.uint8), "shape"),
    "no images": (np.zeros((0, 4, 4), np.uint8), "empty"),
    "no pixels": (np.zeros((4, 0, 4), np.uint8), "empty"),
    "int64": (IMAGES.astype(np.int64), "dtype int64.*astype"),
    "bool": (IMAGES > 3, "dtype bool"),
    "int8": (IMAGES.astype(np.int8), "dtype int8"),
    "complex": (IMAGES.astype(complex), "dtype complex128"),
    "text": (IMAGES.astype(str), "dtype"),
    "long double": (IMAGES.astype(np.longdouble), "dtype"),
    "dates": (IMAGES.astype("M8[s]"), "dtype"),
    "fields": (np.zeros((2, 3, 3), dtype=[("a", np.uint8)]), "plain numbers"),
    "NaN": (np.where(IMAGES == 25, np.nan, IMAGES), "NaN, first in image 1"),
    "infinity": (np.where(IMAGES == 59, -np.inf, IMAGES), "infinite values, first in image 2"),
}


@pytest.mark.parametrize("name", WRONG_ARRAYS)
@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_wrong_images(tmp_path, name, suffix):
    array, match = WRONG_ARRAYS[name]
    path = tmp_path / f"wrong.{suffix}"
    np.savez(path, images=array) if suffix == "npz" else np.save(path, array)
    refused(path, match)
    with pytest.raises(DataFormatError):
        save_npz(tmp_path / "not_written.npz", array)
    assert not (tmp_path / "not_written.npz").exists()


@pytest.mark.parametrize("member", ["labels", "kinds"])
def test_lengths_that_differ(tmp_path, member):
    names = np.array(["a", "b"])
    refused(archive(tmp_path / "a.npz", images=IMAGES, **{member: names}), f"{member} has shape")
    refused(archive(tmp_path / "b.npz", images=IMAGES, **{member: np.array("a")}), f"{member} has shape")
    refused(archive(tmp_path / "c.npz", images=IMAGES, **{member: np.full((3, 1), "a")}), f"{member} has shape")
    with pytest.raises(DataFormatError, match=f"{member} has shape"):
        save_npz(tmp_path / "d.npz", IMAGES, **{member: names})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz", "c.npz"]


def test_kinds_are_strings_and_labels_are_plain(tmp_path):
    refused(archive(tmp_path / "a.npz", images=IMAGES, kinds=np.arange(3)), "kinds has dtype int64, expected strings")
    refused(archive(tmp_path / "b.npz", images=IMAGES, labels=np.array([1, 2, np.nan])), "labels holds NaN")
    refused(archive(tmp_path / "c.npz", images=IMAGES, labels=np.zeros(3, complex)), "labels has dtype complex128")
    bad_text = header_only("<U1", (3,)) + np.array([65, 0x110000, 65], dtype="<u4").tobytes()
    refused(archive(tmp_path / "d.npz", images=IMAGES, labels=bad_text), "no text")
    refused(archive(tmp_path / "e.npz", images=IMAGES, kinds=np.array([b"\xff", b"a", b"a"])), "UTF-8")
    with pytest.raises(DataFormatError, match="labels must hold numbers or strings only, got dict"):
        save_npz(tmp_path / "f.npz", IMAGES, labels=[{}, {}, {}])


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was run",))


@pytest.mark.parametrize("member", ["images", "labels", "kinds"])
def test_python_objects_are_never_loaded(tmp_path, member):
    objects = np.array([Bomb(), Bomb(), Bomb()], dtype=object)
    members = {"images": IMAGES} | {member: npy_bytes(objects, allow_pickle=True)}
    refused(archive(tmp_path / "bomb.npz", **members), "Python objects")
    (tmp_path / "bomb.npy").write_bytes(npy_bytes(objects, allow_pickle=True))
    refused(tmp_path / "bomb.npy", "Python objects")


def test_not_an_archive(tmp_path):
    for name, content, match in (
        ("empty.npz", b"", "not a readable"),
        ("text.npz", b"images, labels\n1, 2\n", "not a readable"),
        ("zeros.npz", bytes(1000), "not a readable"),
        ("magic.npz", b"PK\x03\x04" + bytes(100), "not a readable"),
        ("magic.npy", b"\x93NUMPY", "no valid .npy header"),
        ("version.npy", b"\x93NUMPY\x09\x00" + bytes(60), "version"),
    ):
        (tmp_path / name).write_bytes(content)
        refused(tmp_path / name, match)
    refused(archive(tmp_path / "other.npz", picture=IMAGES, b=IMAGES), "no array 'images', only 'b', 'picture'")
    refused(archive(tmp_path / "none.npz"), "only nothing")


def test_a_missing_file_is_the_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_npz(tmp_path / "missing.npz")


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("suffix", ["npz", "npy"])
def test_truncated(tmp_path, keep, suffix):
    whole = tmp_path / f"whole.{suffix}"
    images = np.random.default_rng(0).integers(256, size=(20, 9, 9), dtype=np.uint8)
    save_npz(whole, images) if suffix == "npz" else np.save(whole, images)
    content = whole.read_bytes()
    path = tmp_path / f"cut.{suffix}"
    path.write_bytes(content[: int(keep * len(content))])
    refused(path, "not a readable|holds|header")


def test_a_map_with_bytes_to_spare(tmp_path):
    path = tmp_path / "long.npy"
    path.write_bytes(npy_bytes(IMAGES) + b"more")
    refused(path, "declares shape")


def test_lying_headers_cost_nothing(tmp_path):
    huge = (10**6, 10**3, 10**3)  # 931 GiB
    lies = {
        "a": header_only("|u1", huge) + bytes(100),
        "b": header_only("<f8", (2**62, 2**62, 2**62)) + bytes(100),
        "c": header_only("|u1", (3, -4, -5)) + IMAGES.tobytes(),
        "d": header_only("|u1", (3, 4, 4)) + IMAGES.tobytes(),
        "e": header_only("<f8", (1, 2, 3), (2, 0)) + bytes(40),
        "f": header_only("|u1", (True, 4, 5)) + bytes(20),
        "g": header_only("<U500000000", (3, 4, 5)) + bytes(20),
    }
    tracemalloc.start()
    for name, content in lies.items():
        refused(archive(tmp_path / f"{name}.npz", images=content), "images (declares|has dtype)")
        (tmp_path / f"{name}.npy").write_bytes(content)
        refused(tmp_path / f"{name}.npy", "declares|has dtype")
    assert tracemalloc.get_traced_memory()[1] < 3e6
    tracemalloc.stop()


def test_zip_bomb(tmp_path):
    """60 MB of zeros deflate to 60 KB: refused under a cap of 50 MB without unpacking them."""
    path = archive(tmp_path / "bomb.npz", images=header_only("|u1", (60, 1000, 1000)) + bytes(60_000_000))
    assert path.stat().st_size < 1e5
    tracemalloc.start()
    refused(path, "more than the cap of 47.7 MiB; raise max_bytes", max_bytes=50_000_000)
    assert tracemalloc.get_traced_memory()[1] < 3e6
    tracemalloc.stop()
    assert load_npz(path).images.shape == (60, 1000, 1000), "under the default cap it is a large set like any other"


def test_directory_that_lies(tmp_path):
    """A directory entry may claim any size: one that deflate cannot reach is refused before anything is allocated."""
    path = archive(tmp_path / "lie.npz", images=header_only("|u1", (3, 1000, 1_000_000)) + IMAGES.tobytes())
    content = bytearray(path.read_bytes())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<I", 128 + 3_000_000_000)
    path.write_bytes(content)
    tracemalloc.start()
    refused(path, "which cannot be")
    assert tracemalloc.get_traced_memory()[1] < 3e6
    tracemalloc.stop()


def test_the_cap_counts_all_arrays(tmp_path):
    path = archive(tmp_path / "a.npz", images=IMAGES, labels=np.zeros(3), kinds=np.array(["clean"] * 3))
    whole = sum(info.file_size for info in zipfile.ZipFile(path).infolist())
    assert len(load_npz(path, max_bytes=whole)) == 3
    refused(path, "more than the cap", max_bytes=whole - 1)
    for wrong in (0, -1, 2.5, True, None):
        with pytest.raises(ValueError, match="max_bytes"):
            load_npz(path, max_bytes=wrong)


def test_damage_inside(tmp_path):
    path = archive(tmp_path / "crc.npz", zipfile.ZIP_STORED, images=IMAGES)
    content = bytearray(path.read_bytes())
    content[content.index(IMAGES.tobytes()) + 5] ^= 1
    path.write_bytes(content)
    refused(path, "CRC")
    path = tmp_path / "twice.npz"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("images.npy", npy_bytes(IMAGES))
        with pytest.warns(UserWarning, match="Duplicate"):
            target.writestr("images.npy", npy_bytes(IMAGES))
    refused(path, "twice")
    refused(archive(tmp_path / "lzma.npz", zipfile.ZIP_LZMA, images=IMAGES), "method 14")


def test_many_members(tmp_path):
    members = {f"a{i}": b"" for i in range(1001)} | {"images": IMAGES}
    refused(archive(tmp_path / "many.npz", **members), "holds 1002 arrays")


def test_an_interrupted_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "set.npz"
    save_npz(path, IMAGES)
    before = path.read_bytes()

    def cut(file, **arrays):
        file.write(b"half of it")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", cut)
    with pytest.raises(KeyboardInterrupt):
        save_npz(path, IMAGES[:1])
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["set.npz"]


def test_the_error_is_what_callers_expect():
    assert issubclass(DataFormatError, ValueError)
    assert issubclass(DataFormatError, ToolkitError)
