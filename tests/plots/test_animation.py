"""Animations: the frames that went in come out of the file."""

import numpy as np
import pytest
from PIL import Image

from toolkit.plots import AnimationDisplay


def frames_of(path):
    with Image.open(path) as film:
        shown = []
        for place in range(film.n_frames):
            film.seek(place)
            shown.append((np.asarray(film.convert("RGB")), film.info["duration"], film.info.get("loop")))
    return shown


def test_a_gif_holds_every_frame_as_it_was(tmp_path):
    images = np.linspace(0, 255, 5 * 36).astype(np.uint8).reshape(5, 6, 6)
    AnimationDisplay.from_predictions(images, seconds=0.2).save(tmp_path / "way.gif")
    shown = frames_of(tmp_path / "way.gif")
    assert len(shown) == 5
    assert {duration for _, duration, _ in shown} == {200}
    assert shown[0][2] == 0  # for ever
    unit = images / 255.0
    low, high = unit.min(), unit.max()
    for image, (pixels, _, _) in zip((unit - low) / (high - low), shown):
        zoom = len(pixels) // 6
        assert len(pixels) >= 224
        np.testing.assert_allclose(pixels[zoom // 2 :: zoom, zoom // 2 :: zoom, 0] / 255, image, atol=0.01)


def test_the_bytes_for_a_notebook_are_those_of_the_file(tmp_path):
    display = AnimationDisplay.from_predictions(np.linspace(0, 1, 48).reshape(3, 4, 4))
    display.save(tmp_path / "way.gif")
    assert display.to_gif() == (tmp_path / "way.gif").read_bytes()


def test_a_way_back_has_no_end_twice(tmp_path):
    images = np.stack([np.full((4, 4, 3), value) for value in (0.0, 0.4, 1.0)])
    display = AnimationDisplay.from_predictions(images, bounce=True)
    assert [picture[0, 0, 0] for picture in display.pictures()] == [0, 102, 255, 102]
    display.save(tmp_path / "way.gif")
    assert [pixels[0, 0, 0] for pixels, _, _ in frames_of(tmp_path / "way.gif")] == [0, 102, 255, 102]


def test_sheets_of_images_stand_side_by_side():
    images = np.arange(12, dtype=float)[:, None, None] / 11 * np.ones((12, 20, 10))
    display = AnimationDisplay.from_predictions(images, n_images=6, n_columns=3)
    first, second = display.pictures()
    assert first.shape == second.shape
    assert first[0, 0] == 0
    assert second[-1, -1] == 255
    assert first.shape[0] == pytest.approx(first.shape[1] * 41 / 32)  # two rows of 20, three columns of 10, gaps of 1
    frame = display.frame()
    assert frame["change"][1] == pytest.approx(6 / 11)
    np.testing.assert_allclose(frame["mean"], [2.5 / 11, 8.5 / 11])


def test_a_strip_is_drawn_and_saved(tmp_path):
    display = AnimationDisplay.from_predictions(np.zeros((4, 8, 8)), title="A way").save(tmp_path / "strip.png")
    assert (tmp_path / "strip.png").read_bytes().startswith(b"\x89PNG")
    assert len(display.ax_.images) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [({"n_images": 3}, "n_images must divide"), ({"seconds": 0}, "seconds"), ({"n_columns": 0}, "n_columns")],
)
def test_parameters_out_of_range_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        AnimationDisplay.from_predictions(np.zeros((4, 8, 8)), **options)
