"""Published sets: found by content, downloaded when missing, upright, and clear about what is not to be had."""

import gzip
import hashlib
import io
import logging
import os
import zipfile

import numpy as np
import pytest

from toolkit.datasets import _cache, _emnist, _published, fetch_emnist, fetch_fashion_mnist, fetch_mnist, load_dataset
from toolkit.datasets._idx import parse_idx, unpacked
from toolkit.exceptions import DataFormatError, DownloadError, ToolkitError

N = {"train": 60, "test": 5}


def idx_bytes(array):
    header = bytes([0, 0, 8, array.ndim]) + b"".join(side.to_bytes(4, "big") for side in array.shape)
    return header + array.tobytes()


def tiny_files(seed, prefixes, n_classes=10, first=0):
    """Contents of the four files of a tiny set, by name."""
    generator = np.random.default_rng(seed)
    contents = {}
    for part, prefix in prefixes.items():
        contents[f"{prefix}-images-idx3-ubyte"] = idx_bytes(
            generator.integers(256, size=(N[part], 28, 28), dtype=np.uint8)
        )
        labels = generator.integers(first, first + n_classes, N[part]).astype(np.uint8)
        contents[f"{prefix}-labels-idx1-ubyte"] = idx_bytes(labels)
    return contents


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and a tiny MNIST published nowhere."""
    monkeypatch.setenv("TOOLKIT_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr(_published, "_N_SAMPLES", N)
    monkeypatch.setattr(_published, "_SOURCES", {"mnist": (), "fashion_mnist": ()})
    return tmp_path / "cache"


@pytest.fixture
def tiny_mnist(monkeypatch):
    contents = tiny_files(0, {"train": "train", "test": "t10k"})
    digests = {}
    for part, prefix in (("train", "train"), ("test", "t10k")):
        for what, rank in (("images", 3), ("labels", 1)):
            name = f"{prefix}-{what}-idx{rank}-ubyte"
            digests["mnist", part, what] = hashlib.sha256(contents[name]).hexdigest()
    monkeypatch.setattr(_published, "_SHA256", digests)
    return contents


def put(folder, name, content):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def pixels(content):
    return np.frombuffer(content, np.uint8, offset=16).reshape(-1, 28, 28)


@pytest.mark.parametrize("level", [None, 1, 9])
def test_gzipped_anew_or_unpacked_both_serve(cache, tiny_mnist, level):
    for name, content in tiny_mnist.items():
        put(
            cache / "mnist",
            name if level is None else f"{name}.gz",
            content if level is None else gzip.compress(content, level),
        )
    before = tree(cache)
    for subset, prefixes in (("train", ["train"]), ("test", ["t10k"]), ("all", ["train", "t10k"])):
        found = fetch_mnist(subset)
        expected = np.concatenate([pixels(tiny_mnist[f"{prefix}-images-idx3-ubyte"]) for prefix in prefixes])
        np.testing.assert_array_equal(found.images, expected)
        labels = b"".join(tiny_mnist[f"{prefix}-labels-idx1-ubyte"][8:] for prefix in prefixes)
        assert found.labels.tolist() == list(labels)
        assert (found.images.dtype, found.labels.dtype, found.name) == (np.uint8, np.int64, f"mnist/{subset}")
        assert found.images.flags.writeable
    assert tree(cache) == before, "reading leaves the cache as it was: it may be read-only"


def test_a_wrong_gz_beside_the_right_file(cache, tiny_mnist, caplog):
    for name, content in tiny_mnist.items():
        put(cache / "mnist", name, content)
        put(cache / "mnist", f"{name}.gz", gzip.compress(content[:-1] + b"\xff"))
    with caplog.at_level(logging.WARNING):
        assert len(fetch_mnist("test")) == N["test"]
    assert "other content than the published one" in caplog.text


def test_missing_files_are_downloaded_from_the_first_mirror_that_has_the_content(cache, tiny_mnist, capfd, serving):
    right = {f"{name}.gz": gzip.compress(content, 1) for name, content in tiny_mnist.items()}
    wrong = {name: gzip.compress(b"something else") for name in right}
    with serving({}) as empty, serving(wrong) as liar, serving(right, cut_after=20_000) as slow:
        mirrors = [empty.url, f"{liar.url}/", slow.url]
        found = fetch_mnist("all", mirrors=mirrors)
        asked = len(slow.requests)
        assert asked > 4
        assert len(fetch_mnist("all", mirrors=mirrors)) == sum(N.values())
        assert len(slow.requests) == asked, "the second time the cache serves"
    np.testing.assert_array_equal(found.images[: N["train"]], pixels(tiny_mnist["train-images-idx3-ubyte"]))
    kept = sorted(name for name in os.listdir(cache / "mnist") if name != ".lock")
    assert kept == sorted(right), "no partial or incoming file stays"
    assert capfd.readouterr() == ("", ""), "nothing is printed unless asked for"


def test_a_damaged_file_in_the_cache_is_replaced(cache, tiny_mnist, serving):
    right = {f"{name}.gz": gzip.compress(content) for name, content in tiny_mnist.items()}
    for name, content in right.items():
        put(cache / "mnist", name, content[: len(content) // 2])
    with serving(right) as server:
        assert len(fetch_mnist("test", mirrors=[server.url])) == N["test"]
    assert (cache / "mnist" / "t10k-images-idx3-ubyte.gz").read_bytes() == right["t10k-images-idx3-ubyte.gz"]


def test_offline_and_not_cached_is_one_clear_error(cache, tiny_mnist, monkeypatch, serving):
    with serving({}) as server:
        gone = server.url
    monkeypatch.setattr(_published, "_SOURCES", {"mnist": (f"{gone}/",)})
    with pytest.raises(DownloadError) as caught:
        fetch_mnist("train")
    text = str(caught.value)
    for part in (
        "train-images-idx3-ubyte.gz",
        str(cache / "mnist"),
        "no connection",
        "TOOLKIT_DATA",
        "load_digits",
        "load_glyphs",
    ):
        assert part in text
    assert issubclass(DownloadError, ToolkitError)
    assert issubclass(DownloadError, OSError)
    with pytest.raises(DownloadError, match="not asked for"):
        fetch_mnist("train", download_if_missing=False)


def test_a_file_that_is_there_but_wrong_is_named(cache, tiny_mnist):
    put(cache / "mnist", "train-images-idx3-ubyte", tiny_mnist["train-images-idx3-ubyte"][:-1] + b"\0")
    put(cache / "mnist", "train-images-idx3-ubyte.gz", gzip.compress(bytes(10**6)))
    with pytest.raises(DownloadError) as caught:
        fetch_mnist("train")
    assert "other content than the published one" in str(caught.value)
    assert "unpacks to more" in str(caught.value)


def test_a_read_only_cache(cache, tiny_mnist, serving):
    for name, content in tiny_mnist.items():
        if name.startswith("t10k"):
            put(cache / "mnist", f"{name}.gz", gzip.compress(content))
    (cache / "mnist").chmod(0o555)
    try:
        assert len(fetch_mnist("test")) == N["test"]
        with serving({}) as server, pytest.raises(DownloadError, match="cannot be written to"):
            fetch_mnist("train", mirrors=[server.url])
        assert sorted(os.listdir(cache / "mnist")) == ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"]
    finally:
        (cache / "mnist").chmod(0o755)


def test_unknown_names(cache):
    with pytest.raises(ValueError, match=r"Unknown subset: 'tests'\. Did you mean 'test'"):
        fetch_mnist("tests")
    with pytest.raises(ValueError, match=r"Unknown EMNIST split: 'balance'\. Did you mean 'balanced'"):
        fetch_emnist("balance")
    with pytest.raises(ValueError, match="Unknown part"):
        load_dataset("mnist/val")


def test_the_users_cache_is_the_default(monkeypatch):
    import pooch

    monkeypatch.setenv("TOOLKIT_DATA", " ")
    assert _cache.data_folder() == pooch.os_cache("toolkit")


# EMNIST ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def tiny_emnist(cache, monkeypatch):
    """Archive with tiny splits: returns the archive's bytes and its members, unpacked."""
    tiny = {
        name: _emnist.Split(N["train"], N["test"], s.characters, s.first) for name, s in _emnist.EMNIST_SPLITS.items()
    }
    monkeypatch.setattr(_emnist, "EMNIST_SPLITS", tiny)
    monkeypatch.setattr(_emnist, "_SHA256", {})
    contents = {}
    for seed, (name, split) in enumerate(tiny.items()):
        prefixes = {part: f"emnist-{name}-{part}" for part in ("train", "test")}
        contents |= tiny_files(seed, prefixes, len(split.characters), split.first)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in contents.items():
            archive.writestr(f"gzip/{name}.gz", gzip.compress(content))
    monkeypatch.setattr(_emnist, "ARCHIVE_SHA256", hashlib.sha256(stream.getvalue()).hexdigest())
    monkeypatch.setattr(_emnist, "ARCHIVE_URLS", ())
    return stream.getvalue(), contents


def test_emnist_comes_upright_and_in_characters(cache, tiny_emnist, serving):
    archive, contents = tiny_emnist
    with serving({"gzip.zip": archive}, cut_after=2**16) as server:
        found = fetch_emnist("letters", subset="all", mirrors=[server.url])
        assert len(server.requests) > 1, "the server cut, the download went on"
        asked = len(server.requests)
        balanced = fetch_emnist("balanced", subset="test")
        assert len(server.requests) == asked, "one archive serves every split"
    raw = np.concatenate([pixels(contents[f"emnist-letters-{part}-images-idx3-ubyte"]) for part in ("train", "test")])
    for image, stored in zip(found.images, raw, strict=True):
        np.testing.assert_array_equal(image, stored.T)
    codes = (
        contents["emnist-letters-train-labels-idx1-ubyte"][8:] + contents["emnist-letters-test-labels-idx1-ubyte"][8:]
    )
    assert found.labels.tolist() == ["?ABCDEFGHIJKLMNOPQRSTUVWXYZ"[code] for code in codes]
    codes = contents["emnist-balanced-test-labels-idx1-ubyte"][8:]
    mapping = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"
    assert balanced.labels.tolist() == [mapping[code] for code in codes]
    kept = sorted(name for name in os.listdir(cache / "emnist") if name != ".lock")
    assert [name for name in kept if name.startswith("emnist-")] == [
        "emnist-balanced-test-images-idx3-ubyte.gz",
        "emnist-balanced-test-labels-idx1-ubyte.gz",
        "emnist-letters-test-images-idx3-ubyte.gz",
        "emnist-letters-test-labels-idx1-ubyte.gz",
        "emnist-letters-train-images-idx3-ubyte.gz",
        "emnist-letters-train-labels-idx1-ubyte.gz",
    ], "only the wanted splits are taken out"
    assert not [name for name in kept if name.endswith((".part", ".incoming"))]


def test_extracted_files_serve_without_the_archive_and_are_still_verified(cache, tiny_emnist):
    archive, _ = tiny_emnist
    put(cache / "emnist", "gzip.zip", archive)
    first = fetch_emnist("digits", subset="test")
    (cache / "emnist" / "gzip.zip").unlink()
    np.testing.assert_array_equal(fetch_emnist("digits", subset="test").images, first.images)
    path = cache / "emnist" / "emnist-digits-test-images-idx3-ubyte.gz"
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[100] ^= 1
    path.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(DownloadError, match="other content than the published one"):
        fetch_emnist("digits", subset="test", download_if_missing=False)


def test_an_archive_in_a_read_only_folder(cache, tiny_emnist):
    put(cache / "emnist", "gzip.zip", tiny_emnist[0])
    (cache / "emnist").chmod(0o555)
    try:
        assert len(fetch_emnist("byclass", subset="train")) == N["train"]
        assert os.listdir(cache / "emnist") == ["gzip.zip"]
    finally:
        (cache / "emnist").chmod(0o755)


def test_a_wrong_archive_is_not_used(cache, tiny_emnist):
    put(cache / "emnist", "gzip.zip", tiny_emnist[0][:-1])
    with pytest.raises(DownloadError) as caught:
        fetch_emnist("digits")
    for part in (
        "emnist-digits-train-images-idx3-ubyte.gz",
        str(cache / "emnist"),
        "not the published archive",
        "load_glyphs",
    ):
        assert part in str(caught.value)


def test_labels_that_no_character_has(cache, tiny_emnist):
    _, contents = tiny_emnist
    for what in ("images-idx3", "labels-idx1"):
        name = f"emnist-letters-test-{what}-ubyte"
        put(cache / "emnist", name, contents[name])
    assert len(fetch_emnist("letters", subset="test")) == N["test"]
    put(cache / "emnist", name, idx_bytes(np.zeros(N["test"], np.uint8)))  # letters count from 1
    with pytest.raises(DataFormatError, match="labels from 0 to 0, expected 1 to 26"):
        fetch_emnist("letters", subset="test")


# idx ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("code", "dtype"), [(8, "u1"), (9, "i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")])
def test_idx_types(code, dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    content = bytes([0, 0, code, 3]) + np.array([2, 3, 4], dtype=">u4").tobytes() + array.tobytes()
    found = parse_idx(content, "x")
    assert found.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(found, array)


def test_idx_is_exact():
    whole = idx_bytes(np.arange(12, dtype=np.uint8).reshape(3, 4))
    for broken in [whole[:n] for n in range(len(whole))] + [
        whole + b"\0",
        b"\1" + whole[1:],
        whole[:2] + b"\x07" + whole[3:],
    ]:
        with pytest.raises(DataFormatError, match="a file"):
            parse_idx(broken, "a file")
    lying = bytes([0, 0, 8, 3]) + b"\xff" * 12  # 79 octillion bytes
    with pytest.raises(DataFormatError, match="declares"):
        parse_idx(lying, "a file")
    with pytest.raises(DataFormatError, match="rank 0"):
        parse_idx(bytes([0, 0, 8, 0, 1]), "a file")


def test_unpacking_stops_at_the_cap():
    packed = gzip.compress(bytes(50_000_000))
    with pytest.raises(DataFormatError, match="more than the 1,000 bytes"):
        unpacked(packed, "a file", max_bytes=1000)
    for broken in (packed[:1000], packed[:-4], b"\x1f\x8b" + bytes(50)):
        with pytest.raises(DataFormatError, match="a file is a damaged gzip file"):
            unpacked(broken, "a file", max_bytes=10**9)


# Real data ------------------------------------------------------------------------------------------------------------


@pytest.mark.real_data
def test_real_mnist(published_data):
    test = fetch_mnist("test")
    # Published counts of the ten digits.
    assert np.bincount(test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert test.images.shape == (10_000, 28, 28)
    assert np.bincount(fetch_fashion_mnist("test").labels).tolist() == [1000] * 10


@pytest.mark.real_data
def test_real_emnist_is_upright(published_data):
    """The mean images of the digits are those of MNIST, and not their transposes."""
    emnist, mnist = fetch_emnist("mnist", subset="test"), fetch_mnist("test")
    upright, transposed = [], []
    for digit in range(10):
        ours = emnist.images[emnist.labels == str(digit)].mean(axis=0)
        theirs = mnist.images[mnist.labels == digit].mean(axis=0)
        upright.append(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1])
        transposed.append(np.corrcoef(ours.T.ravel(), theirs.ravel())[0, 1])
    assert np.all(np.array(upright) > transposed)
    assert np.mean(upright) > np.mean(transposed) + 0.2
