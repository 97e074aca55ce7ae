"""Witnesses weighed: likelihoods against a closed form, and nothing known by heart."""

import numpy as np
import pytest
from scipy import stats

from toolkit.diagnostics.identifier import _evidence
from toolkit.diagnostics.identifier._evidence import Evidence, EvidenceModel


@pytest.fixture(autouse=True)
def _all_that_came_is_clean(monkeypatch):
    """What looks corrupted among the images as they came is dropped in later fits: here nothing is."""
    monkeypatch.setattr(_evidence, "_SETTLED", 1)


def evidence(statistics, n_outputs=3):
    n = len(statistics)
    return Evidence(np.zeros((n, n_outputs)), statistics, np.zeros((n, 1)))


def fitted(given, planted, kind, rows, n_outputs=3):
    model = EvidenceModel(np.ones(given.shape[1], dtype=bool))
    every = np.ones(len(given), dtype=bool)
    given_logs, planted_logs, _ = model.fit_judge(
        evidence(given, n_outputs),
        evidence(planted, n_outputs),
        kind,
        rows,
        trusted=every,
        usual=every,
        generator=np.random.default_rng(1),
    )
    return model, given_logs, planted_logs


@pytest.fixture(scope="module")
def normals():
    """Three normals of the same scatter: clean at the origin, two kinds aside, the second planted thrice as often."""
    generator = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    kind = np.repeat([1, 2], [1500, 4500])
    given = generator.normal(size=(3000, 2))
    planted = generator.normal(size=(6000, 2)) + centres[kind]
    return centres, given, planted, kind, np.arange(6000) % 3000


def test_log_likelihoods_are_those_of_the_normals_whatever_was_planted_how_often(normals):
    centres, given, planted, kind, rows = normals
    model, given_logs, planted_logs = fitted(given, planted, kind, rows)
    for logs, points in ((given_logs, given), (planted_logs, planted), (model.logs(evidence(planted)), planted)):
        truth = np.stack([stats.multivariate_normal(centre).logpdf(points) for centre in centres], axis=1)
        inside = (np.abs(points) < 3).all(axis=1)
        error = (logs - logs[:, :1]) - (truth - truth[:, :1])
        assert np.abs(error[inside]).max() < 0.6
        assert np.abs(error[inside]).mean() < 0.2


def test_an_image_is_not_judged_by_the_half_that_it_was_in():
    """Of noise, 400 columns on 200 images, nothing can be known; by heart all of it could."""
    generator = np.random.default_rng(0)
    given, planted = generator.normal(size=(200, 400)), generator.normal(size=(200, 400))
    model, given_logs, planted_logs = fitted(given, planted, np.ones(200, dtype=int), np.arange(200), n_outputs=2)
    scores = np.r_[given_logs[:, 1] - given_logs[:, 0], planted_logs[:, 1] - planted_logs[:, 0]]
    assert abs(stats.spearmanr(scores, np.repeat([0, 1], 200)).statistic) < 0.15
    by_heart = np.concatenate([model.logs(evidence(part, 2)) for part in (given, planted)])
    assert stats.spearmanr(by_heart[:, 1] - by_heart[:, 0], np.repeat([0, 1], 200)).statistic > 0.5


def test_a_witness_that_always_says_the_same_counts_for_nothing(normals):
    _, given, planted, kind, rows = normals
    plain = fitted(given, planted, kind, rows)[1]
    with_constant = fitted(
        np.column_stack([given, np.full(len(given), 7.0)]),
        np.column_stack([planted, np.full(len(planted), 7.0)]),
        kind,
        rows,
    )[1]
    np.testing.assert_allclose(with_constant, plain, atol=0.05)


def test_what_was_never_planted_is_improbable_and_finite(normals):
    _, given, planted, kind, rows = normals
    logs = fitted(given, planted, kind, rows, n_outputs=4)[1]
    assert np.isfinite(logs).all()
    assert (logs[:, 3] < logs[:, :3].max(axis=1)).all()
