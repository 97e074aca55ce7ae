"""A statistic and the network together: neither alone makes a verdict, but beyond doubt."""

import numpy as np
import pandas as pd
import pytest

from toolkit.audit import judge_everyday
from toolkit.audit._everyday_joined import WITNESSES, doubted, joined_departure, one_of_a_family
from toolkit.diagnostics import DAMAGE_SCORES, EVERYDAY_FAULTS, damage_scores, everyday_statistics

N = 200


@pytest.fixture
def witnesses():
    generator = np.random.default_rng(0)
    return generator.normal(5, 1, N), generator.normal(-4, 1, N)


def test_every_witness_is_known():
    assert set(WITNESSES) <= set(EVERYDAY_FAULTS)
    assert set(WITNESSES.values()) <= set(DAMAGE_SCORES)


def test_both_are_needed(witnesses):
    statistic, network = witnesses
    statistic[0], network[0] = 12, 4  # both
    statistic[1] = 12  # the statistic alone
    network[2] = 4  # the network alone
    statistic[3] = 30  # beyond doubt, but denied
    statistic[4], network[4] = 30, -1.0  # beyond doubt, and not denied
    found = joined_departure(statistic, network, None, 0.005, never=7.0, always=25.0)
    np.testing.assert_array_equal(found[:5] >= 0, [True, False, False, False, True])
    assert (found[5:] >= 0).mean() < 0.02


def test_what_the_network_explains_otherwise_is_not_merely_unusual(witnesses):
    """Fur: the statistic says noise, the network half believes it, and explains the picture by something else."""
    statistic, network = witnesses
    rows = np.arange(20)
    statistic[rows], network[rows] = np.linspace(8.6, 11, 20), -0.8
    against = np.zeros(N, dtype=bool)
    asked = {"never": 7.0, "always": 25.0}
    flagged = joined_departure(statistic, network, None, 0.01, **asked) >= 0
    assert flagged[rows].any()
    against[rows] = True
    assert not (joined_departure(statistic, network, None, 0.01, **asked, against=against) >= 0)[rows].any()
    # What lies far beyond all sound images of the set is believed all the same.
    statistic[0], network[0] = 12, 8
    assert joined_departure(statistic, network, None, 0.01, **asked, against=against)[0] >= 0


def test_the_network_speaks_against():
    said = pd.DataFrame(
        {
            "damage_noise": [2.0, 2.0, -2.0, 0.2],
            "damage_low_contrast": [2.0, 2.0, -2.0, 0.2],
            "share_noise": [0.5, 0.3, 0.9, 0.9],
            "share_salt_and_pepper": [0.3, 0.0, 0.0, 0.0],
        }
    )
    assert doubted("noisy", said).tolist() == [False, True, True, False]
    # Of tone it knows less: nothing is denied by its word alone.
    assert not doubted("low_contrast", said).any()
    # A page is light, and may be noisy all the same: what is laid to tone is not in question.
    light = said.assign(share_overexposed=[0.0, 0.6, 0.0, 0.0])
    assert doubted("noisy", light).tolist() == [False, False, True, False]


def test_unknown_values_say_nothing(witnesses):
    statistic, network = witnesses
    network[7] = np.nan
    found = joined_departure(statistic, network, None, 0.005, never=7.0, always=25.0)
    assert np.isnan(found[7])
    assert np.isfinite(np.delete(found, 7)).all()
    network[:190] = np.nan
    assert joined_departure(statistic, network, None, 0.005, never=7.0, always=25.0) is None


def test_one_name_for_one_fault():
    flagged = pd.DataFrame({"blurred": [True, True, False], "scaled_up": [True, False, True], "noisy": [True] * 3})
    said = pd.DataFrame({"share_gaussian_blur": [0.1, 0.1, 0.9], "share_scaled_up": [0.7, 0.9, 0.1]})
    found = one_of_a_family(flagged, said)
    assert found["blurred"].tolist() == [False, True, False]
    assert found["scaled_up"].tolist() == [True, False, True]
    assert found["noisy"].all()
    pd.testing.assert_frame_equal(one_of_a_family(flagged, pd.DataFrame(index=range(3))), flagged)


def test_noise_in_photographs():
    from skimage import data

    generator = np.random.default_rng(0)
    picture = data.chelsea()
    crops = [
        picture[(t := generator.integers(0, 200)) : t + 96, (s := generator.integers(0, 340)) : s + 96]
        for _ in range(40)
    ]
    crops[3] = np.clip(crops[3] + generator.normal(0, 25, crops[3].shape), 0, 255).astype(np.uint8)
    table = pd.DataFrame([everyday_statistics(crop) | damage_scores(crop) for crop in crops])
    assert judge_everyday(table, faults="noisy").flagged["noisy"].to_numpy().nonzero()[0].tolist() == [3]


@pytest.fixture(scope="module")
def crops():
    """150 crops of 96 x 96 pixels of four photographs that everybody has."""
    from skimage import data

    generator = np.random.default_rng(0)
    pictures = [data.chelsea(), data.coffee(), data.astronaut(), data.immunohistochemistry()]
    found = []
    for place in range(150):
        picture = pictures[place % len(pictures)]
        top, left = (generator.integers(0, side - 96) for side in picture.shape[:2])
        found.append(picture[top : top + 96, left : left + 96])
    return found


def looked_at(pictures):
    return pd.DataFrame([everyday_statistics(picture) | damage_scores(picture) for picture in pictures])


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_noise_in_up_to_two_fifths_of_the_pictures_is_found(crops, share):
    generator = np.random.default_rng(1)
    rows = generator.choice(len(crops), round(share * len(crops)), replace=False)
    pictures = list(crops)
    for row in rows:
        noisy = crops[row] + generator.normal(0, generator.uniform(12, 30), crops[row].shape)
        pictures[row] = np.clip(noisy, 0, 255).astype(np.uint8)
    flagged = judge_everyday(looked_at(pictures)).flagged["noisy"].to_numpy()
    assert flagged[rows].mean() >= 0.9
    assert np.delete(flagged, rows).mean() <= 0.02


def test_untouched_pictures_are_left_alone(crops):
    found = judge_everyday(looked_at(crops), sizes=np.full((len(crops), 2), 96))
    assert found.damaged.mean() <= 0.02


def test_nothing_is_beyond_doubt_for_what_is_usual_in_the_set(witnesses):
    """Many are beyond `always`, the others nearly, and the network says the same of all: that is how the set is."""
    statistic, network = witnesses
    statistic, network = 20 + 4 * statistic, 1.5 + 0.02 * (network + 4)
    asked = {"never": 7.0, "always": float(np.quantile(statistic, 0.85))}
    assert (joined_departure(statistic, network, None, 0.001, **asked) >= 0).mean() > 0.1
    assert (joined_departure(statistic, network, None, 0.001, **asked, by_nature=True) >= 0).mean() == 0


def test_those_that_both_hold_for_faulty_do_not_say_what_is_usual(witnesses):
    statistic, network = witnesses
    statistic[:80] += 5
    network[:80] += 9
    found = joined_departure(statistic, network, None, 0.0007, never=7.0, always=np.inf) >= 0
    assert found[:80].mean() > 0.95
    assert not found[80:].any()
