"""The judgement of everyday faults over a set: rates, absolute evidence, honesty, planted faults."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage
from skimage import data

from toolkit.audit import JUDGED_FAULTS, EverydayFindings, judge_everyday
from toolkit.diagnostics import EVERYDAY_FAULTS, everyday_statistics

N = 120


@pytest.fixture(scope="module")
def crops():
    """Crops of two photographs in colour, 120 of 64 x 80 pixels."""
    generator, photographs = np.random.default_rng(0), (data.coffee(), data.chelsea())
    found = []
    for place in range(N):
        image = photographs[place % 2]
        top, left = generator.integers(0, image.shape[0] - 64), generator.integers(0, image.shape[1] - 80)
        found.append(image[top : top + 64, left : left + 80])
    return found


@pytest.fixture(scope="module")
def statistics(crops):
    return pd.DataFrame([everyday_statistics(image) for image in crops], index=[f"image_{k}" for k in range(N)])


def with_rows(statistics, images):
    """The statistics with those of other images in the place of some rows."""
    changed = statistics.copy()
    for row, image in images.items():
        changed.iloc[row] = list(everyday_statistics(image).values())
    return changed


# Where 12 of the 120 images are changed by numpy and SciPy.
PLANTED = {
    "dark": lambda image, g: (image * 0.12).astype(np.uint8),
    "low_contrast": lambda image, g: (image * 0.15 + 100).astype(np.uint8),
    "blurred": lambda image, g: ndimage.gaussian_filter(image, (2.5, 2.5, 0)),
    "noisy": lambda image, g: np.clip(image + g.normal(0, 25, image.shape), 0, 255).astype(np.uint8),
    "framed": lambda image, g: np.pad(image[8:-8], ((8, 8), (0, 0), (0, 0))),
    "grey_among_colour": lambda image, g: image.mean(axis=2, keepdims=True).repeat(3, axis=2).astype(np.uint8),
    "half_decoded": lambda image, g: np.concatenate([image[:40], np.full_like(image[40:], 128)]),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_planted_faults_are_found_among_the_others(crops, statistics, fault):
    generator = np.random.default_rng(1)
    rows = generator.choice(N, 12, replace=False)
    changed = with_rows(statistics, {row: PLANTED[fault](crops[row], generator) for row in rows})
    verdicts = judge_everyday(changed, faults=fault).flagged[fault].to_numpy()
    assert verdicts[rows].mean() >= 0.8
    # The cat was taken with a shallow focus: some crops of what is behind it are blurred as they are.
    assert np.delete(verdicts, rows).mean() <= (0.1 if fault == "blurred" else 0.02)


def test_names_scores_and_verdicts_belong_together(statistics):
    sizes = np.tile([64, 80], (N, 1))
    found = judge_everyday(statistics, sizes=sizes)
    assert isinstance(found, EverydayFindings)
    assert list(found.scores) == list(found.flagged) == list(found.competence.index) == list(JUDGED_FAULTS)
    assert found.scores.index.equals(statistics.index)
    known = found.scores.to_numpy()[found.scores.notna().to_numpy()]
    assert known.min() >= 0
    assert known.max() <= 1
    assert not (found.flagged & ~(found.scores >= 0.5)).any(axis=None)
    # What is flagged stands in words, and in the long table.
    assert (found.reasons != "").equals(found.flagged.any(axis=1))
    assert len(found.frame()) == found.flagged.to_numpy().sum()
    assert (found.damaged | found.odd).equals(found.flagged.any(axis=1))
    assert found.false_alarms == 0.02
    shares = found.competence.groupby("damage")["rate"]
    assert shares.sum().tolist() == pytest.approx([0.02, 0.02])  # of properties, and of damage
    assert shares.nunique().tolist() == [1, 1]
    assert judge_everyday(statistics, faults="noisy").competence.loc["noisy", "rate"] == 0.02


@pytest.mark.parametrize("tail", ["normal", "exponential"])
def test_the_rate_of_false_alarms_is_the_one_stated(statistics, tail):
    """Between a normal and an exponential tail, whatever the unit; without `never` in the way."""
    generator = np.random.default_rng(0)
    n = 20_000
    values = generator.normal(0, 1, n) if tail == "normal" else generator.exponential(1, n)
    many = pd.DataFrame(np.repeat(statistics.iloc[:1].to_numpy(), n, axis=0), columns=statistics.columns)
    many["noise_sigma"] = 50 + 3 * values
    for rate in (0.005, 0.02):
        share = judge_everyday(many, faults="noisy", false_alarms=rate).flagged["noisy"].mean()
        assert share < 4 * rate
        # Extrapolation is for what lies between the two: a normal tail falls faster.
        assert share > (rate if tail == "exponential" else 0)
    # A tenth of faulty images does not carry the level away.
    faulty = generator.random(n) < 0.1
    many.loc[faulty, "noise_sigma"] = 50 + 3 * 15
    found = judge_everyday(many, faults="noisy").flagged["noisy"]
    assert found[faulty].all()
    assert found[~faulty].mean() < 0.02


def test_a_score_rises_with_the_statistic(statistics):
    ordered = statistics.copy()
    ordered["noise_sigma"] = np.linspace(0, 30, N)
    scores = judge_everyday(ordered, faults="noisy").scores["noisy"].to_numpy()
    assert (np.diff(scores) >= 0).all()


def test_what_most_of_the_set_has_is_said_of_the_whole_set(crops, statistics):
    """A frame is a frame, and half a picture half a picture, even if nearly all of them are like that."""
    generator = np.random.default_rng(0)
    for fault in ("framed", "half_decoded"):
        changed = with_rows(statistics, {row: PLANTED[fault](crops[row], generator) for row in range(N - 10)})
        found = judge_everyday(changed, faults=fault)
        assert found.flagged[fault].to_numpy()[: N - 10].mean() > 0.9
        assert not found.flagged[fault].to_numpy()[N - 10 :].any()
        assert found.competence.loc[fault, "whole_set"]
        assert found.findings()[0].startswith("The whole set")


def test_a_set_that_is_dark_by_nature_is_not_called_dark(crops):
    night = pd.DataFrame([everyday_statistics((image * 0.15).astype(np.uint8)) for image in crops[:40]])
    assert not judge_everyday(night, faults="dark").flagged["dark"].any()


def test_a_few_of_another_sort_are_not_damaged_for_what_their_sort_is_like(crops):
    """Five grainy pictures in colour among smooth grey ones; grainy grey ones are told."""
    generator = np.random.default_rng(3)
    grey = [image.mean(axis=2).astype(np.uint8)[:, :, None].repeat(3, axis=2) for image in crops]
    statistics = pd.DataFrame([everyday_statistics(image) for image in grey])

    def told(images, n_channels):
        noise = [generator.normal(0, 10, (*image.shape[:2], n_channels)) for image in images]
        grainy = [np.clip(image + grain, 0, 255).astype(np.uint8) for image, grain in zip(images, noise)]
        found = judge_everyday(with_rows(statistics, dict(enumerate(grainy))), faults="noisy")
        return found.flagged["noisy"][:5].mean(), found.scores["noisy"][:5].median()

    assert told(grey[:5], 1)[0] >= 0.6
    assert told(grey[:5], 3)[0] >= 0.6  # noise in three channels makes no sort of its own
    flagged, score = told(crops[:5], 1)
    assert flagged == 0
    assert score == pytest.approx(0.5)  # first of those that are not flagged


def test_what_hides_a_part_is_damage_though_it_brings_the_only_colour(crops):
    grey = [image.mean(axis=2).astype(np.uint8)[:, :, None].repeat(3, axis=2) for image in crops]
    hidden = [image.copy() for image in grey]
    for image in hidden[:5]:
        image[15:45, 20:60] = (255, 255, 0)
    found = judge_everyday(pd.DataFrame([everyday_statistics(image) for image in hidden]), faults="occluded")
    assert found.flagged["occluded"].tolist() == [True] * 5 + [False] * (N - 5)


def test_what_needs_no_comparison_is_told_of_a_few_images(crops):
    few = pd.DataFrame([everyday_statistics(image) for image in (crops[0], np.full((96, 128), 7, dtype=np.uint8))])
    found = judge_everyday(few)
    assert found.flagged["blank"].tolist() == [False, True]
    assert not found.flagged.iloc[0].any()
    for fault in ("clipped", "swapped_channels", "odd_size"):
        row = found.competence.loc[fault]
        assert not row["applicable"]
        assert len(row["why_not"]) > 10
        assert found.scores[fault].isna().all()
        assert not found.flagged[fault].any()


def test_a_grey_set_has_no_cast_and_colour_is_the_exception(crops):
    grey = [image.mean(axis=2).astype(np.uint8) for image in crops[:60]]
    found = judge_everyday(pd.DataFrame([everyday_statistics(image) for image in [*grey, crops[60]]]))
    assert not found.competence.loc[["colour_cast", "grey_among_colour", "swapped_channels"], "applicable"].any()
    assert found.flagged["colour_among_grey"].to_numpy().nonzero()[0].tolist() == [60]


def test_grey_in_colour_is_said_of_as_many_as_a_sixth(crops, statistics):
    """A property that is there; where a fifth has it, grey is how a part of the set is."""
    grey = {row: crops[row].mean(axis=2, keepdims=True).repeat(3, axis=2).astype(np.uint8) for row in range(0, N, 6)}
    found = judge_everyday(with_rows(statistics, grey), faults="grey_among_colour")
    assert found.flagged["grey_among_colour"].to_numpy().nonzero()[0].tolist() == list(grey)
    grey = {row: crops[row].mean(axis=2, keepdims=True).repeat(3, axis=2).astype(np.uint8) for row in range(0, N, 3)}
    found = judge_everyday(with_rows(statistics, grey), faults="grey_among_colour")
    assert not found.competence.loc["grey_among_colour", "applicable"]


def pages(generator, n, ink):
    """Pages of two levels: white paper, and strokes of ink on a share of it."""
    found = []
    for _ in range(n):
        page = np.full((160, 120), 255, dtype=np.uint8)
        for line in range(10, 150, 8):
            marks = generator.random(100) < ink
            page[line : line + 5, 10:110][:, marks] = 0
        found.append(page)
    return found


@pytest.mark.parametrize("n", [6, 40])
def test_white_pages_are_neither_overexposed_nor_clipped(n):
    """Few enough for absolute levels only, and a set; some pages hold much more ink than others."""
    generator = np.random.default_rng(0)
    images = [*pages(generator, n - 2, 0.06), *pages(generator, 2, 0.5)]
    found = judge_everyday(pd.DataFrame([everyday_statistics(image) for image in images]))
    assert not found.flagged[["overexposed", "clipped"]].to_numpy().any()
    # A picture in which nothing is dark any more is.
    images[0] = np.clip(generator.normal(225, 18, (160, 120)), 0, 255).astype(np.uint8)
    found = judge_everyday(pd.DataFrame([everyday_statistics(image) for image in images]))
    assert found.scores["overexposed"].idxmax() == 0


def test_what_is_light_without_any_white_was_not_exposed_too_long(crops, statistics):
    light = (crops[0] * 0.3 + 160).astype(np.uint8)
    white = np.clip(crops[0] * 1.5 + 170.0, 0, 255).astype(np.uint8)
    told = judge_everyday(with_rows(statistics, {0: light, 1: white}), faults="overexposed").flagged["overexposed"]
    assert told.tolist()[:2] == [False, True]


def test_tints_are_ranked_and_not_claimed(crops, statistics):
    tinted = {3: np.clip(crops[3] * [1.6, 1.0, 0.6], 0, 255).astype(np.uint8)}
    found = judge_everyday(with_rows(statistics, tinted), faults="colour_cast")
    assert not found.flagged.to_numpy().any()
    assert found.scores["colour_cast"].rank(ascending=False).iloc[3] <= 12
    assert "it only ranks" in found.competence.loc["colour_cast", "why_not"]


def test_sizes_are_judged_where_they_are_known(statistics):
    sizes = np.tile([64, 80], (N, 1))
    sizes[3], sizes[5] = (30, 40), (23, 230)
    found = judge_everyday(statistics, sizes=sizes, faults=["odd_size", "odd_aspect"])
    assert found.flagged["odd_size"].to_numpy().nonzero()[0].tolist() == [3]
    assert found.flagged["odd_aspect"].to_numpy().nonzero()[0].tolist() == [5]
    assert not judge_everyday(statistics, faults="odd_size").competence["applicable"].any()


def layouts(generator, n):
    """Statistics of images that are light and blue above, dark and red below, and the same on either side."""
    names = list(everyday_statistics(np.zeros((16, 16), dtype=np.uint8)))
    frame = pd.DataFrame(0.0, index=range(n), columns=names)
    frame["is_colour"] = 1.0
    for row in range(4):
        for column in range(4):
            frame[f"layout_luma_{row}_{column}"] = 0.7 - 0.12 * row + generator.normal(0, 0.05, n)
            frame[f"layout_red_blue_{row}_{column}"] = -0.2 + 0.12 * row + generator.normal(0, 0.05, n)
            frame[f"layout_detail_{row}_{column}"] = -1.5 + 0.1 * row + generator.normal(0, 0.05, n)
    return frame


def test_images_of_which_some_say_nothing(statistics):
    """A statistic that is missing in many images of one size is compared with what the others say."""
    silent = statistics.copy()
    silent.loc[silent.index[:70], "sharpness"] = np.nan
    sizes = np.repeat([[64, 80], [200, 300]], [100, 20], axis=0)
    found = judge_everyday(silent, sizes=sizes, faults="blurred")
    assert found.scores["blurred"].isna().to_numpy().nonzero()[0].tolist() == list(range(70))
    assert found.competence.loc["blurred", "n_judged"] == N - 70


def test_what_turns_a_set_upside_down_is_learnt_from_it():
    frame = layouts(np.random.default_rng(0), 300)
    cells = [name for name in frame if name.startswith("layout_")]
    turned = frame.loc[:9, cells].to_numpy().reshape(10, 4, 4, 4)[:, :, ::-1, ::-1]
    frame.loc[:9, cells] = turned.reshape(10, -1)
    found = judge_everyday(frame, faults=["upside_down", "mirrored"])
    assert found.flagged["upside_down"].to_numpy()[:10].mean() >= 0.5
    assert found.flagged["upside_down"].to_numpy()[10:].mean() < 0.02
    assert found.scores["upside_down"][:10].min() > found.scores["upside_down"][10:].quantile(0.99)
    # Left and right are alike in this set: nobody can know.
    assert not found.competence.loc["mirrored", "applicable"]
    assert "left and right" in found.competence.loc["mirrored", "why_not"]


def test_a_rule_of_the_layout_only_ranks_few_images():
    frame = layouts(np.random.default_rng(0), 90)
    cells = [name for name in frame if name.startswith("layout_")]
    frame.loc[:8, cells] = frame.loc[:8, cells].to_numpy().reshape(9, 4, 4, 4)[:, :, ::-1, ::-1].reshape(9, -1)
    found = judge_everyday(frame, faults="upside_down")
    scores = found.scores["upside_down"]
    assert scores[:9].min() > scores[9:].quantile(0.99)
    assert not found.flagged.to_numpy().any()
    assert "100 are needed" in found.competence.loc["upside_down", "why_not"]


def test_errors_say_what_is_wrong(statistics):
    with pytest.raises(ValueError, match="sharpness"):
        judge_everyday(statistics.drop(columns="sharpness"))
    with pytest.raises(ValueError, match=r"sizes .* 120 images, got shape \(2,\)"):
        judge_everyday(statistics, sizes=np.array([3, 4]))
    with pytest.raises(ValueError, match="DataFrame"):
        judge_everyday(statistics.to_numpy())
    with pytest.raises(ValueError, match="nonsense"):
        judge_everyday(statistics, faults="nonsense")


def test_every_fault_of_one_image_is_judged_and_documented():
    assert set(EVERYDAY_FAULTS) < set(JUDGED_FAULTS)
    page = (Path(__file__).parents[2] / "docs/how/everyday.md").read_text(encoding="utf-8")
    assert [name for name in JUDGED_FAULTS if f"`{name}`" not in page] == []


@pytest.mark.parametrize("n", [0, 1])
def test_no_image_and_one(statistics, n):
    found = judge_everyday(statistics.iloc[:n], sizes=np.full((n, 2), 96))
    assert len(found.scores) == n
    assert not found.flagged.to_numpy().any()
    assert found.findings()
