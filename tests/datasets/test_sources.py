"""What holds images is taken as it is: folders, and data sets that are read by an index."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torch.utils.data import Dataset, TensorDataset

from toolkit.audit import Auditor, merge_audits
from toolkit.datasets import (
    ImageFolder,
    ImageSource,
    as_source,
    is_source,
    load_digits,
    load_image_folder,
    read_original,
)
from toolkit.diagnostics import CorruptionIdentifier
from toolkit.exceptions import DataFormatError


@pytest.fixture
def folder(tmp_path):
    home = tmp_path / "in"
    home.mkdir()
    rng = np.random.default_rng(0)
    exif = Image.Exif()
    exif[0x0112] = 8
    for number, size in enumerate([(30, 40), (50, 20), (44, 44)]):
        image = Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8))
        image.save(home / f"{number}.jpg", quality=95, exif=exif if number == 1 else b"")
    return home


@pytest.mark.parametrize("cache", [True, False])
def test_a_folder_is_a_source_that_knows_its_originals(folder, tmp_path, monkeypatch, cache):
    monkeypatch.setenv("TOOLKIT_DATA", str(tmp_path / "cache"))
    for _ in range(2):
        found = load_image_folder(folder, cache=cache)
        assert isinstance(found, ImageSource)
        assert as_source(found) is found
        assert list(found.ids) == ["0.jpg", "1.jpg", "2.jpg"]
        assert found.image_shape == (30, 30, 3)  # the median of the shorter sides
        assert found.metadata["width"].tolist() == [40, 50, 44]
        np.testing.assert_array_equal(np.concatenate(list(found.chunks(2))), found.images)
        for i, name in enumerate(found.ids):
            with Image.open(folder / name) as image:
                truth = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
            np.testing.assert_array_equal(found.original(i), truth)
        part = found.subset([2, 1])
        assert isinstance(part, ImageFolder)
        assert part.original(0).shape == (44, 44, 3)
        assert part.metadata["path"].tolist() == ["2.jpg", "1.jpg"]
    (folder / "2.jpg").write_text("gone")
    with pytest.raises(DataFormatError, match=r"2\.jpg .* not a picture"):
        found.original(2)


def test_originals_keep_the_scale_of_the_set(tmp_path):
    for name, top in (("a", 800), ("b", 4000)):
        Image.fromarray(np.linspace(0, top, 64).astype(np.uint16).reshape(8, 8)).save(tmp_path / f"{name}.png")
    found = load_image_folder(tmp_path, mode="auto", cache=False)
    np.testing.assert_array_equal(found.original(0), found.images[0])
    assert found.original(0).max() == round(255 * 800 / 4095)
    assert read_original(tmp_path, "a.png").max() > 190  # by itself


DIGITS = load_digits().images[:40]


class Pairs(Dataset):
    def __init__(self, make):
        self.make = make

    def __len__(self):
        return 40

    def __getitem__(self, i):
        return self.make(DIGITS[i]), i


MAKERS = {
    "tensor": lambda image: torch.from_numpy(image.copy())[None],
    "colour tensor": lambda image: torch.from_numpy(image.copy())[None].repeat(3, 1, 1),
    "array": lambda image: image,
    "channel last": lambda image: image[..., None],
    "PIL": Image.fromarray,
}


@pytest.mark.parametrize("how", MAKERS)
def test_a_torch_data_set_is_a_source(how):
    data = Pairs(MAKERS[how])
    assert is_source(data)
    source = as_source(data)
    truth = DIGITS
    truth = np.repeat(truth[..., None], 3, axis=3) if how == "colour tensor" else truth
    found = list(source.chunks(16))
    assert [len(part) for part in found] == [16, 16, 8]
    np.testing.assert_array_equal(np.concatenate(found), truth)
    assert found[0].dtype == np.uint8
    np.testing.assert_array_equal(source.original(3), truth[3])


def test_other_forms_of_items_and_what_is_none():
    images = torch.rand(5, 1, 8, 9)
    source = as_source(TensorDataset(images))
    np.testing.assert_array_equal(np.concatenate(list(source.chunks(9))), images[:, 0].numpy())

    class Dicts(Pairs):
        def __getitem__(self, i):
            return {self.make: np.zeros((8, 8)), "label": 1}

    assert next(as_source(Dicts("image")).chunks(40)).shape == (40, 8, 8)
    with pytest.raises(ValueError, match="item 0 of the data set has no 'image', only text, label"):
        next(as_source(Dicts("text")).chunks(2))
    mixed = Pairs(lambda image: image)
    mixed.__class__ = type("Mixed", (Pairs,), {"__getitem__": lambda self, i: np.zeros((8, 8 + i % 2))})
    with pytest.raises(ValueError, match=r"must be of one shape and dtype: the first has \(8, 8\)"):
        next(as_source(mixed).chunks(3))
    with pytest.raises(ValueError, match="must be an image"):
        next(as_source(Pairs(lambda image: image[None, None])).chunks(2))
    for given in ([[1.0, 2.0]], np.zeros((3, 8, 8)), torch.zeros(3, 8, 8), ((1, 2), (3, 4))):
        assert not is_source(given)


def test_an_auditor_takes_folders_and_torch_data_sets_as_they_are(tmp_path):
    images = DIGITS
    for i, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f"{i:02}.png")
    folder = load_image_folder(tmp_path, mode="auto", cache=False)
    auditor = Auditor(CorruptionIdentifier(["invert"], epochs=1, random_state=0), random_state=0).fit(images)
    by_array, by_folder = auditor.audit(images), auditor.audit(folder)
    by_torch = auditor.audit(Pairs(MAKERS["tensor"]))
    for other in (by_folder, by_torch):
        table = other.per_image.drop(columns="index").set_axis(by_array.per_image.index)
        assert table.equals(by_array.per_image.drop(columns="index"))
    # Results are found by the name of the file.
    assert by_folder["07.png"]["kind"] == by_array[7]["kind"]
    assert by_folder.flagged.index[7] == "07.png"
    with pytest.raises(KeyError, match=r"no image is called '99\.png'"):
        by_folder["99.png"]
    assert merge_audits([by_folder])["11.png"]["index"] == "11.png"
