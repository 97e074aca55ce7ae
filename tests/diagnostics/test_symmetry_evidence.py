"""Flips and turns, by the neighbours of an image."""

import numpy as np
import pytest

from toolkit._core.geometry import dihedral
from toolkit.corruption import KINDS
from toolkit.datasets import load_glyphs
from toolkit.diagnostics.identifier._symmetry_evidence import SymmetryEvidence

SYMMETRIES = ("rotate_90", "rotate_180", "rotate_270", "flip_horizontal", "flip_vertical", "transpose")


@pytest.fixture(scope="module")
def glyphs():
    return load_glyphs(900, classes=list("2357"), random_state=0).images


@pytest.fixture(scope="module")
def evidence(glyphs):
    return SymmetryEvidence(tuple(KINDS)).fit(glyphs[:800], np.random.default_rng(0))


def _sure_of(kind, n):
    """Networks that are sure of one kind."""
    logs = np.full((n, len(KINDS) + 2), -9.0)
    logs[:, KINDS.index(kind) + 1] = 0.0
    return logs


def _odds(logs, kind):
    return logs[:, KINDS.index(kind) + 1] - logs[:, 0]


@pytest.mark.parametrize("kind", SYMMETRIES)
def test_neighbours_bear_out_what_was_turned_and_deny_what_was_not(glyphs, evidence, kind):
    fresh = glyphs[800:]
    turned, sound = (
        _odds(evidence.weigh(images, _sure_of(kind, 100)), kind) for images in (dihedral(fresh, kind), fresh)
    )
    assert (turned > 0).mean() > 0.8
    assert (sound < 0).mean() > 0.8


@pytest.mark.parametrize("kind", SYMMETRIES)
def test_a_symmetry_is_no_likelier_than_the_networks_say(glyphs, evidence, kind):
    fresh = dihedral(glyphs[800:], kind)
    timid = _sure_of(kind, 100)
    timid[:, 0] = -0.5  # log-odds of one half, where the neighbours mostly say more
    assert _odds(evidence.weigh(fresh, timid), kind).max() <= 0.5 + 1e-9
    against = _sure_of("occlude", 100)
    against[:, 0] = -1.0
    np.testing.assert_array_equal(evidence.weigh(fresh, against), against)


def test_an_image_that_is_its_own_mirror_image_is_never_called_mirrored(evidence):
    half = np.random.default_rng(0).integers(0, 256, (30, 28, 14), dtype=np.uint8)
    symmetric = np.concatenate([half, half[:, :, ::-1]], axis=2)
    odds = _odds(evidence.weigh(symmetric, _sure_of("flip_horizontal", 30)), "flip_horizontal")
    np.testing.assert_allclose(odds, 0, atol=0.01)  # the neighbours cannot tell which came first


def test_other_kinds_keep_what_the_networks_said(glyphs, evidence):
    logs = np.random.default_rng(0).normal(size=(100, len(KINDS) + 2)) * 5
    others = [code for code in range(len(KINDS) + 2) if code == 0 or ["", *KINDS, ""][code] not in SYMMETRIES]
    np.testing.assert_array_equal(evidence.weigh(glyphs[800:], logs)[:, others], logs[:, others])


def test_images_that_are_not_square_are_asked_about_what_keeps_their_shape():
    images = np.random.default_rng(0).integers(0, 256, (50, 20, 30), dtype=np.uint8)
    assert set(SymmetryEvidence(tuple(KINDS)).fit(images, np.random.default_rng(0)).weights_) == {
        "rotate_180",
        "flip_horizontal",
        "flip_vertical",
    }


def test_without_symmetries_among_the_kinds_nothing_is_weighed(glyphs):
    evidence = SymmetryEvidence(("invert",)).fit(glyphs[:50], np.random.default_rng(0))
    logs = np.random.default_rng(0).normal(size=(50, 3))
    assert evidence.weigh(glyphs[:50], logs) is logs


@pytest.fixture
def weighed():
    """Evidence of one symmetry whose neighbours know nothing, and log-likelihoods of 300 clean, 300 flipped images."""
    evidence = SymmetryEvidence(("flip_horizontal",))
    evidence.weights_ = {"flip_horizontal": 1.0}
    nothing = np.zeros((300, 2))
    sure = np.log([0.98, 0.01, 0.01])
    return evidence, nothing, np.tile(sure, (300, 1)), np.tile(sure[[1, 0, 2]], (300, 1))


def test_networks_that_are_right_where_neighbours_know_nothing_are_let_speak(weighed):
    evidence, nothing, clean, flipped = weighed
    evidence.fit_allowance(nothing, clean, nothing, flipped, np.ones(300, dtype=int))
    assert evidence.allowance_ >= np.log(98)
    np.testing.assert_array_equal(evidence.cap(nothing, flipped), flipped)


def test_networks_that_call_clean_images_flipped_are_not(weighed):
    evidence, nothing, _, flipped = weighed
    evidence.fit_allowance(nothing, flipped, nothing, flipped, np.ones(300, dtype=int))
    assert evidence.allowance_ == 0
    assert (evidence.cap(nothing, flipped)[:, 1] <= flipped[:, 0]).all()


def test_without_images_to_measure_on_networks_may_not_go_beyond_the_neighbours(weighed):
    evidence, nothing, clean, flipped = weighed
    evidence.fit_allowance(nothing[:0], clean[:0], nothing, flipped, np.ones(300, dtype=int))
    assert evidence.allowance_ == 0
