"""Which repair serves a set is measured on it: the learned one only where it helps more and leaves the sound alone."""

import numpy as np
import pytest
from skimage import data

from toolkit.restoration import ORIGINAL_METHODS, choose_original_repair
from toolkit.restoration._original_steps import STEPS


@pytest.fixture(scope="module")
def pictures():
    photographs = [data.astronaut(), data.coffee(), data.chelsea()]
    return [each[40 + 96 * k : 136 + 96 * k, 140:236] for each in photographs for k in range(2)] + [
        each[60:156, 260:356, 1] for each in photographs
    ]


def _spoils(image):
    """A repair that harms everything."""
    return (image // 64 * 64).astype(np.uint8)


def _too_careful(image):
    return image.copy()


@pytest.mark.parametrize("fault", [fault for fault, methods in ORIGINAL_METHODS.items() if "learned" in methods])
def test_photographs_are_served_by_the_learned_repair(pictures, fault):
    choice = choose_original_repair(pictures, fault)
    assert choice.method == "learned", choice
    assert choice.sound > 35
    assert choice.gains["learned"] > max(0.5, choice.gains.get("classical", 0.5))
    assert "dB" in choice.why


@pytest.mark.parametrize("fault", ["noisy", "blurred"])
@pytest.mark.parametrize("learned", [_spoils, _too_careful])
def test_a_learned_repair_that_harms_or_does_not_help_is_not_used(pictures, fault, learned, monkeypatch):
    monkeypatch.setitem(STEPS, fault, STEPS[fault] | {"learned": learned})
    choice = choose_original_repair(pictures, fault)
    assert choice.method == ("classical" if fault == "noisy" else "")
    assert choice.why.endswith("gains too little" if learned is _too_careful else "dB)")


def test_one_that_harms_more_than_one_in_ten_is_not_used_and_is_said_to(pictures, monkeypatch):
    good, sound, spoilt = STEPS["blurred"]["learned"], {each.tobytes() for each in pictures}, []

    def uneven(image):
        if image.tobytes() in sound:
            return good(image)
        spoilt.append(image)
        return 255 - image if len(spoilt) in (2, 5) else good(image)

    monkeypatch.setitem(STEPS, "blurred", {"learned": uneven})
    choice = choose_original_repair(pictures, "blurred")
    assert choice.method == ""
    assert choice.why.endswith("the learned one made 2 of 9 worse by more than 1 dB")


def test_one_that_changes_sound_pictures_is_not_used_however_much_it_gains(pictures, monkeypatch):
    good = STEPS["noisy"]["learned"]
    sound = {each.tobytes() for each in pictures}
    monkeypatch.setitem(
        STEPS, "noisy", STEPS["noisy"] | {"learned": lambda x: _spoils(x) if x.tobytes() in sound else good(x)}
    )
    choice = choose_original_repair(pictures, "noisy")
    assert choice.gains["learned"] > choice.gains["classical"]
    assert choice.method == "classical"
    assert "sound ones were changed" in choice.why


@pytest.mark.parametrize("count", [0, 1, 7])
def test_few_pictures_cannot_tell(pictures, count):
    assert choose_original_repair(pictures[:count], "noisy")[:2] == ("classical", {})
    choice = choose_original_repair(pictures[:count], "blurred")
    assert choice.method == ""
    assert f"{count} sound pictures" in choice.why


def test_faults_with_one_repair_keep_it(pictures):
    assert choose_original_repair(pictures, "dead_lines").method == "classical"


def test_nothing_that_is_given_changes(pictures):
    before = [each.copy() for each in pictures]
    choose_original_repair(pictures, "noisy")
    for was, each in zip(before, pictures):
        np.testing.assert_array_equal(was, each)


def test_bad_input(pictures):
    with pytest.raises(ValueError, match="Unknown repair: 'noise'"):
        choose_original_repair(pictures, "noise")
    with pytest.raises(ValueError, match="pictures.* must be uint8"):
        choose_original_repair([each / 255 for each in pictures], "noisy")
