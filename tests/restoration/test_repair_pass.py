"""How both judges are weighed, and negatives that had faded, by an identifier that knows what it was shown."""

import copy
import dataclasses

import numpy as np
import pandas as pd
import pytest

from toolkit.corruption import Corruptor
from toolkit.datasets import load_glyphs
from toolkit.restoration import ImageRestorer, psnr, restorer_in_words

KINDS = ("flip_horizontal", "invert", "low_contrast")


class Knowing:
    """Names what it was shown; anything else it finds clean to the degree ``belief``."""

    def __init__(self, shown, belief=0.98, came=1e-6):
        self.shown, self.belief, self.came = shown, belief, came
        self.kinds_ = np.array(["clean", *KINDS, "unknown"])

    def identify(self, X):
        rows = []
        for image in np.asarray(X):
            kind = self.shown.get(np.ascontiguousarray(image).tobytes(), "clean")
            clean = self.belief if kind == "clean" else self.came
            rows.append((kind, 0.95, 0.5, 0.0, clean))
        return pd.DataFrame(rows, columns=["kind", "probability", "severity", "angle", "clean_probability"])


@pytest.fixture(scope="module")
def clean():
    return load_glyphs(n_samples=300, random_state=0).images


@pytest.fixture(scope="module")
def fitted(clean):
    corrupted, kinds = Corruptor(KINDS, fraction=0.2, random_state=0).corrupt(clean)
    identifier = Knowing({image.tobytes(): kind for image, kind in zip(corrupted, kinds)})
    restorer = ImageRestorer(identifier, epochs=0, random_state=0).fit(corrupted)
    assert set(restorer._classifiers) == set(KINDS)
    return restorer


def judged(fitted, identifier, **margins):
    """The fitted restorer, asking somebody else, with a check that accepts each kind by that much."""
    twin = copy.copy(fitted)
    twin.identifier_, twin.undoable_ = identifier, KINDS
    twin.limits_ = dict.fromkeys(KINDS, 0.5)
    twin._classifiers = {}
    for kind, one in fitted._classifiers.items():
        still = {"weights": np.zeros_like(one.weights), "offset": 0.0, "usual": None, "room": 0.0}
        new = margins.get(kind, 9.0)
        new = new if isinstance(new, dict) else {"threshold": -new}
        twin._classifiers[kind] = dataclasses.replace(one, **still | new)
    return twin


@pytest.fixture
def negatives(clean):
    fresh = clean[:8]
    return 255 - fresh, fresh


@pytest.mark.parametrize(
    ("belief", "came", "margin", "kept"),
    [
        (0.9, 1e-4, 0.5, True),  # both find it better
        (0.9, 1e-4, -0.5, False),
        (0.3, 1e-4, 0.5, False),  # the identifier doubts it, and the check is not that sure
        (0.3, 1e-4, 3.0, True),  # now it is
        (0.3, 0.02, 3.0, False),  # but it was not beyond doubt that the image was damaged
        (0.05, 1e-4, 3.0, False),  # and what looks damaged still is no repair, whoever likes it
    ],
)
def test_one_judge_may_doubt_what_the_other_is_sure_of(fitted, negatives, belief, came, margin, kept):
    given, wanted = negatives
    known = Knowing({image.tobytes(): "invert" for image in given}, belief, came)
    images, repairs = judged(fitted, known, invert=margin).restore(given)
    np.testing.assert_array_equal(images, wanted if kept else given)
    assert set(repairs["outcome"]) == {"repaired" if kept else "reverted"}


@pytest.mark.parametrize(("came", "kept"), [(1e-4, True), (0.005, False)])
def test_the_room_of_the_line_is_for_what_may_be_sound(fitted, negatives, came, kept):
    given, wanted = negatives
    known = Knowing({image.tobytes(): "invert" for image in given}, came=came)
    images, _ = judged(fitted, known, invert={"threshold": 0.5, "room": 1.0}).restore(given)
    np.testing.assert_array_equal(images, wanted if kept else given)
    images, _ = judged(fitted, known, invert={"threshold": 1.5, "room": 1.0}).restore(given)
    np.testing.assert_array_equal(images, given)


@pytest.fixture
def faded(clean):
    """Negatives that have faded, what they are as positives, and what they were."""
    fresh = clean[:8]
    given = 255 - fresh // 2
    return given, 255 - given, fresh


def _knows(given, positives, left="low_contrast"):
    shown = {image.tobytes(): "invert" for image in given}
    return Knowing(shown | {image.tobytes(): left for image in positives})


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("left", ["low_contrast", "unknown"])
def test_a_faded_negative_becomes_a_positive_that_has_not_faded(fitted, faded, named, left):
    given, positives, wanted = faded
    restorer = judged(fitted, _knows(given, positives, left))
    if named:
        images, repairs = restorer.restore_as(given, ["invert"] * len(given))
        assert set(repairs["why_not"]) == {""}
    else:
        images, repairs = restorer.restore(given)
    assert set(repairs["restorer"]) == {"uninvert+stretch_contrast"}
    assert restorer_in_words("uninvert+stretch_contrast").count(", then ") == 1
    assert repairs["repaired"].all()
    assert (repairs["improvement"] > 0.9).all()
    assert psnr(images, wanted).min() > 35 > psnr(positives, wanted).max()


@pytest.mark.parametrize(
    ("left", "margins"),
    [
        ("flip_horizontal", {}),  # nor is that what is left of a negative
        ("low_contrast", {"low_contrast": -1.0}),  # the second step is refused for its own sake
        ("low_contrast", {"invert": -1.0}),  # or both steps as one
    ],
)
def test_both_steps_have_to_be_accepted(fitted, faded, left, margins):
    given, positives, _ = faded
    images, repairs = judged(fitted, _knows(given, positives, left), **margins).restore(given)
    np.testing.assert_array_equal(images, given)
    assert set(repairs["outcome"]) == {"reverted"}
    assert set(repairs["restorer"]) == {""}


def test_what_is_not_undone_in_this_set_is_not_undone_as_a_second_step(fitted, faded):
    given, positives, _ = faded
    restorer = judged(fitted, _knows(given, positives))
    restorer.undoable_ = ("invert",)
    images, _ = restorer.restore(given)
    np.testing.assert_array_equal(images, given)


def test_a_negative_that_had_not_faded_takes_one_step(fitted, negatives):
    given, wanted = negatives
    images, repairs = judged(fitted, Knowing({image.tobytes(): "invert" for image in given})).restore(given)
    np.testing.assert_array_equal(images, wanted)
    assert set(repairs["restorer"]) == {"uninvert"}
