"""The judge of looks: levels kept whatever the data, moments by hand, classes that few bins show, what is left out."""

import numpy as np
import pytest

import toolkit
from toolkit._core.pixel_scale import PixelScale
from toolkit.coverage import ModeCoverage
from toolkit.coverage._look_judge import LookJudge
from toolkit.coverage._looks import describe_looks
from toolkit.coverage._neighbourhoods import compare_neighbourhoods
from toolkit.datasets import load_glyphs

LETTERS = "ABDEGHKMNRSTXZ"


@pytest.fixture(scope="module")
def letters():
    found = load_glyphs(4000, classes=LETTERS, random_state=3)
    scale = PixelScale.learn(found.images)
    return found, scale, LookJudge.learn(found.images[:2400], scale, np.random.default_rng(0))


def judge(known, samples, n_draws=200, seed=0):
    _, scale, judge = known
    return judge.judge(samples, scale, n_draws, np.random.default_rng(seed))


@pytest.mark.parametrize("shape", [(12, 12), (3, 3), (1, 2)])
def test_levels_are_kept(shape):
    """Forty sets of fresh images, of rows of a table, and of points, in clusters of uneven sizes."""
    alarms = {"look": 0, "neighbourhoods": 0, "scarce": 0}
    for seed in range(40):
        generator = np.random.default_rng(seed)
        centres = generator.normal(size=(6, *shape))
        which = generator.choice(6, size=420, p=[0.4, 0.2, 0.2, 0.1, 0.05, 0.05])
        rows = centres[which] + 0.7 * generator.normal(size=(420, *shape))
        scale = PixelScale.learn(rows)
        found = LookJudge.learn(rows[:280], scale, generator).judge(rows[280:], scale, 99, generator)
        alarms["look"] += found.look <= 0.2
        alarms["neighbourhoods"] += found.neighbourhoods <= 0.2
        alarms["scarce"] += bool(found.scarce)
    assert alarms["look"] <= 16, alarms  # 8 are due; more than 16 once in a thousand times
    assert 1 <= alarms["neighbourhoods"] <= 16, alarms  # the test is exact: none at all once in seven thousand times
    assert alarms["scarce"] <= 8, alarms  # 2 are due; more than 8 once in five thousand times


def test_unevenness_by_hand():
    """Forty landmarks on a line: marked images to the left, others everywhere; then all images at one place."""
    generator, landmarks = np.random.default_rng(0), np.arange(40.0)[:, None]
    is_marked = np.arange(600) < 200
    places = np.where(is_marked, generator.uniform(0, 19, size=600), generator.uniform(0, 39, size=600))[:, None]
    found = compare_neighbourhoods(landmarks, places, is_marked, 99, generator)
    assert found.p_value == 0.01  # no other labelling is as uneven
    assert found.fewer.min() >= 17
    assert found.more.max() <= 22
    assert min(len(found.fewer), len(found.more)) >= 12
    found = compare_neighbourhoods(landmarks, np.zeros_like(places), is_marked, 99, generator)
    assert found.p_value == 1.0
    assert not len(found.fewer)
    assert not len(found.more)


def test_images_that_every_landmark_counts_say_nothing():
    landmarks, images = np.arange(3.0)[:, None], np.array([[0.0], [0.1], [0.2], [1.1], [1.9], [2.2]])
    marked = np.array([True, True, True, False, False, False])
    found = compare_neighbourhoods(landmarks, images, marked, 4000, np.random.default_rng(0))
    # Every image is given to all three landmarks: all labellings are alike.
    assert found.p_value == 1.0


def test_a_class_that_is_not_drawn_is_found_row_by_row(letters):
    found, *_ = letters
    rest, labels = found.images[2400:], found.labels[2400:]
    judged = judge(letters, rest[labels != "K"])
    assert judged.neighbourhoods <= 0.02
    assert judged.look > 0.05
    scarce = found.labels[list(judged.scarce)]
    assert len(scarce) >= 10
    assert (scarce == "K").mean() > 0.8
    assert max(judged.scarce.values()) < 1
    assert min(judged.scarce.values()) < 0.3
    whole = judge(letters, rest)
    assert min(whole.neighbourhoods, whole.look) > 0.05
    assert whole.scarce == {}
    assert whole.n_asked == 1200


def test_strange_images_are_unlike(letters):
    found, *_ = letters
    mixed = found.images[2400:].copy()
    mixed[:160] = np.random.default_rng(0).permuted(mixed[:160], axis=1)  # rows of pixels in another order
    judged = judge(letters, mixed)
    assert judged.look < 0.01
    assert judged.unlike > judged.expected_unlike


def test_copies_and_repeats_say_nothing_of_looks(letters):
    """All samples are rows of the data, or all rows of the data come thrice, or half of the samples come twice."""
    found, scale, _ = letters
    copies = judge(letters, found.images[:2400])
    assert min(copies.neighbourhoods, copies.look) > 0.05
    thrice = LookJudge.learn(np.repeat(found.images[:2400], 3, axis=0), scale, np.random.default_rng(0))
    assert len(thrice.rows) == 1200
    rest = found.images[2400:]
    judged = thrice.judge(np.concatenate([rest, rest[:800]]), scale, 200, np.random.default_rng(0))
    assert min(judged.neighbourhoods, judged.look) > 0.05


def test_few_images_and_equal_ones_are_not_judged(letters):
    found, scale, _ = letters
    assert LookJudge.learn(found.images[:39], scale, np.random.default_rng(0)) is None
    assert LookJudge.learn(np.repeat(found.images[:1], 500, axis=0), scale, np.random.default_rng(0)) is None
    assert np.isnan(judge(letters, found.images[2400:2410]).neighbourhoods)
    assert np.isnan(judge(letters, np.repeat(found.images[2400:2401], 100, axis=0)).look)


def test_brightness_is_no_look(letters):
    found, scale, _ = letters
    dim = np.rint(found.images[:50] * 0.5).astype(np.uint8)
    ours, theirs = describe_looks(found.images[:50], scale), describe_looks(dim, scale)
    assert ours.shape == (50, 256)
    assert np.abs(ours.astype(float) - theirs.astype(float)).max() < 0.05


def test_a_saved_coverage_judges_looks_as_before(letters, tmp_path):
    found, *_ = letters
    coverage = ModeCoverage(n_splits=2, n_draws=200, random_state=0).fit(found.images[:2400])
    record = coverage.evaluate(found.images[2400:][found.labels[2400:] != "K"])
    toolkit.save(coverage, tmp_path / "coverage")
    again = toolkit.load(tmp_path / "coverage").evaluate(found.images[2400:][found.labels[2400:] != "K"])
    assert again.scarce.equals(record.scarce)
    assert len(record.scarce_rows) > 5
    assert again.parts == record.parts
    assert "have fewer samples that look like them" in record.verdict
