"""The one-call audit takes whatever images come in, and keeps the names of their files."""

import numpy as np
import pytest
from PIL import Image

import toolkit
from toolkit.datasets import ArraySource, ImageSet, load_digits, load_image_folder
from toolkit.studies.audit import _audit_images


@pytest.fixture
def asked(monkeypatch):
    """What the audit is asked for, in the place of the audit."""
    asked = {}

    def run_audit(images, **options):
        asked.clear()
        asked.update(options, images=images)

    monkeypatch.setattr(_audit_images, "run_audit", run_audit)
    return asked


@pytest.fixture(scope="module")
def stack():
    return load_digits().images[:24]


def test_a_folder_keeps_its_names_and_what_was_left_out(stack, tmp_path, asked):
    for place, image in enumerate(stack):
        Image.fromarray(image).save(tmp_path / f"scan{place:02d}.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    folder = load_image_folder(tmp_path, size=None, mode="auto", cache=False)
    toolkit.audit_images(folder)
    assert list(asked["paths"]) == [f"scan{place:02d}.png" for place in range(24)]
    assert asked["left_out"]["path"].tolist() == ["broken.png"]
    assert list(asked["notes"]) == list(folder.notes)
    np.testing.assert_array_equal(asked["images"], stack)
    mine = [f"mine/{path}" for path in folder.paths]
    toolkit.audit_images(folder, paths=mine, name="mine", random_state=3)
    assert (asked["paths"], asked["name"], asked["random_state"]) == (mine, "mine", 3)


def test_arrays_sets_and_sources_are_taken(stack, asked):
    names = [f"{place}.png" for place in range(len(stack))]
    for given in (stack, ImageSet(stack, None, None, "digits"), ArraySource(stack), ArraySource(stack, names)):
        toolkit.audit_images(given)
        np.testing.assert_array_equal(asked["images"], stack)
        named = isinstance(given, ArraySource) and given.ids[0] == "0.png"
        assert (list(asked["paths"]) if named else "paths" in asked) == (names if named else False)
        assert asked["name"] == ("digits" if isinstance(given, ImageSet) else "")
