"""Zarr arrays, Parquet and Arrow files, and what datasets saves: read in parts, and refused where they lie."""

import io

import numpy as np
import pytest
from PIL import Image

from toolkit.datasets import load_digits, open_images
from toolkit.exceptions import DataFormatError

pytestmark = pytest.mark.cluster


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def images():
    return load_digits().images[:23]


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("member", ["", "images"])
def test_zarr(images, tmp_path, version, member):
    zarr = pytest.importorskip("zarr", reason="needs toolkit[zarr]")
    place = tmp_path / "set.zarr"
    if member:
        zarr.create_group(place, zarr_format=version)
    array = zarr.create_array(
        place / member if member else place, shape=images.shape, chunks=(5, 28, 28), dtype="uint8", zarr_format=version
    )
    array[:] = images
    source = open_images(place)
    assert list(source.ids) == list(range(23))
    np.testing.assert_array_equal(np.concatenate(list(source.chunks(7))), images)
    np.testing.assert_array_equal(source.take([1, 11, 22]), images[[1, 11, 22]])


def test_sharded_zarr_and_one_that_is_damaged(images, tmp_path):
    zarr = pytest.importorskip("zarr", reason="needs toolkit[zarr]")
    array = zarr.create_array(
        tmp_path / "set.zarr", shape=images.shape, chunks=(2, 28, 28), shards=(10, 28, 28), dtype="uint8"
    )
    array[:] = images
    source = open_images(tmp_path / "set.zarr")
    np.testing.assert_array_equal(source.take([3, 19]), images[[3, 19]])
    for path in (tmp_path / "set.zarr" / "c").rglob("0"):
        if path.is_file():
            path.write_bytes(b"damage" * 50)
    with pytest.raises(DataFormatError, match="cannot be decoded"):
        source.read(0, 10)


def test_zarr_in_memory(images):
    zarr = pytest.importorskip("zarr", reason="needs toolkit[zarr]")
    import fsspec

    address = "memory://toolkit-test/set.zarr"
    store = zarr.storage.FsspecStore.from_url(address)
    zarr.create_array(store, shape=images.shape, chunks=(5, 28, 28), dtype="uint8")[:] = images
    try:
        np.testing.assert_array_equal(np.concatenate(list(open_images(address).chunks(9))), images)
    finally:
        fsspec.filesystem("memory").rm("/toolkit-test", recursive=True)


@pytest.mark.parametrize("pairs", [False, True], ids=["bytes", "bytes and path"])
def test_parquet(images, tmp_path, pairs):
    pyarrow = pytest.importorskip("pyarrow", reason="needs toolkit[hub]")
    from pyarrow import parquet

    cells = [png(image) for image in images]
    cells[7] = None
    column = [{"bytes": cell, "path": "/etc/passwd"} for cell in cells] if pairs else cells
    table = pyarrow.table({"label": list(range(23)), "image": column})
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=6)
    (tmp_path / "b.parquet").write_bytes(b"PAR1 nothing of the kind PAR1")
    source = open_images(tmp_path)
    assert source.unreadable["path"].tolist() == ["b.parquet"]
    part = source.read(0, 23)
    assert part.rows.tolist() == [row for row in range(23) if row != 7]
    np.testing.assert_array_equal(part.images, np.delete(images, 7, axis=0))
    assert part.left_out == [(7, "a.parquet#7", "no bytes in the file; paths in it are not followed")]
    with pytest.raises(DataFormatError, match="no column 'label'"):
        open_images(tmp_path / "a.parquet", column="label")


def test_what_datasets_saves(images, tmp_path):
    # By a part of it: the folder tests/datasets would pass for the package itself.
    pytest.importorskip("datasets.features", reason="needs toolkit[hub]")
    import datasets

    pictures = [Image.fromarray(image) for image in images]
    features = datasets.Features({"image": datasets.Image(), "label": datasets.Value("int64")})
    made = datasets.Dataset.from_dict({"image": pictures, "label": list(range(23))}, features=features)
    made.save_to_disk(str(tmp_path / "saved"), num_shards=2)
    np.testing.assert_array_equal(np.concatenate(list(open_images(tmp_path / "saved").chunks(8))), images)
    np.testing.assert_array_equal(np.concatenate(list(open_images(made).chunks(8))), images)
    state = tmp_path / "saved" / "state.json"
    state.write_text(state.read_text().replace("data-00000-of-00002.arrow", "../../elsewhere.arrow"))
    with pytest.raises(DataFormatError, match="elsewhere"):
        open_images(tmp_path / "saved")
