"""Which rows the restorer is sure enough of: what counts as a doubt."""

import numpy as np
import pandas as pd
import pytest

from toolkit.restoration._abstention import abstention_thresholds, kinds_worth_learning, least_confidence

CAUTION = {"min_confidence": 0.6, "max_clean_changed": 0.0005}


def frame(kind, n, probability, clean_probability):
    return pd.DataFrame({"kind": [kind] * n, "probability": probability, "clean_probability": clean_probability})


@pytest.mark.parametrize(("n_doubtful", "repaired"), [(9, True), (11, False)])
def test_a_doubt_between_two_turns_is_none_of_being_sound(n_doubtful, repaired):
    """Thirty images are turned for certain, to whichever side; some others may be as they were drawn."""
    found = pd.concat(
        [
            frame("clean", 500, 0.999, 0.999),
            frame("rotate_90", 30, 0.65, 1e-4),
            frame("rotate_90", n_doubtful, 0.65, 0.3),
        ],
        ignore_index=True,
    )
    planted = {"rotate_90": frame("rotate_90", 100, 0.65, 1e-4)}
    limit = abstention_thresholds(found, planted, {"rotate_90": 1.0}, **CAUTION)["rotate_90"]
    assert (limit > 0) == repaired
    assert limit < 0.3  # of the doubtful ones none is repaired
    assert (kinds_worth_learning(found, ["rotate_90"], **CAUTION) == ("rotate_90",)) == repaired


def test_a_name_has_to_be_sure_where_the_image_may_be_sound():
    kinds = np.array(["rotate_90", "rotate_90", "shot_noise", "shot_noise", "invert"])
    clean = np.array([1e-4, 0.02, 1e-4, 0.02, 0.02])
    told = {"rotate_90": 0.6, "shot_noise": 0.4, "invert": 0.9}
    # Shot noise is what this set may have by itself: of that the identifier's networks may be wrong without a doubt.
    assert least_confidence(kinds, clean, 0.6, told).tolist() == [0.6, 0.8, 0.8, 0.8, 0.6]
    assert least_confidence(kinds, clean, 0.9, told).tolist() == [0.9] * 5


@pytest.mark.parametrize(("sensitivity", "repaired"), [(0.9, True), (0.6, False)])
def test_whether_a_set_has_stripes_by_itself_is_measured(sensitivity, repaired):
    found = pd.concat([frame("clean", 500, 0.999, 0.999), frame("stripe", 3, 0.9, 1e-6)], ignore_index=True)
    planted = {"stripe": frame("stripe", 100, 0.9, 1e-6)}
    limits = abstention_thresholds(found, planted, {"stripe": sensitivity}, **CAUTION)
    assert (limits["stripe"] > 0) == repaired


def test_planted_images_that_leave_no_doubt_do_not_ask_for_none():
    """The damage of others is a little less plain than what is planted, and plain enough."""
    found = pd.concat(
        [frame("clean", 500, 0.999, 0.999), frame("translate", 40, 0.95, np.geomspace(1e-7, 0.2, 40))],
        ignore_index=True,
    )
    planted = {"translate": frame("translate", 100, 0.95, 1e-7)}
    limit = abstention_thresholds(found, planted, {"translate": 1.0}, **CAUTION)["translate"]
    assert 0.005 < limit <= 0.01
