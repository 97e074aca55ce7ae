"""Every detector by name on data that nobody would choose: finite scores or one error that names it, and silence."""

import threading
import warnings

import numpy as np
import pytest

from toolkit.detectors import OutlierDetector
from toolkit.detectors._methods import METHODS
from toolkit.detectors._quiet import quiet

ROWS = np.random.default_rng(0).normal(size=(30, 3))
DATA = {
    "a constant column": np.column_stack([ROWS, np.full(30, 3.0)]),
    "a repeated column": np.column_stack([ROWS, ROWS[:, :1]]),
    "equal rows": np.full((12, 3), 2.0),
    "duplicates": np.concatenate([np.repeat(ROWS[:1], 25, axis=0), ROWS]),
    "two values": (ROWS > 0).astype(np.float64),
    "two rows": ROWS[:2],
    "fewer rows than neighbours": ROWS[:4],
    "one feature": ROWS[:, :1],
    "huge values": ROWS * 1e150,
    "huge single precision": (ROWS * 1e37).astype(np.float32),
    "tiny values": ROWS * 1e-150,
    "one huge value": np.concatenate([ROWS, [[0.0, 0.0, 1e200]]]),
    "booleans": ROWS > 0,
}
BRIEF = {
    "ae1svm": {"epochs": 1},
    "alad": {"epochs": 1},
    "anogan": {"epochs": 1, "epochs_query": 1},
    "autoencoder": {"epoch_num": 1},
    "deep_svdd": {"epochs": 1},
    "dif": {"n_ensemble": 2},
    "inne": {"n_estimators": 20},
    "iforest": {"n_estimators": 20},
    "lunar": {"n_epochs": 1},
    "vae": {"epoch_num": 1},
}
# Clusters, covariances and centres that cannot be had from these rows.
CANNOT = {("cblof", "equal rows"), ("cblof", "two rows"), ("cblof", "fewer rows than neighbours"),
          ("deep_svdd", "equal rows"), ("mcd", "equal rows"), ("mcd", "one huge value")}  # fmt: skip
# Networks, ensembles, and what is compiled on first use.
SLOW = {"hbos", "lscp", "qmcd"} | {name for name, row in METHODS.items() if row.deep}
NAMES = [
    pytest.param(name, marks=pytest.mark.slow if name in SLOW else ())
    for name, row in METHODS.items()
    if not row.requires
]


@pytest.mark.parametrize("method", NAMES)
def test_degenerate_data(method):
    for name, X in DATA.items():
        detector = OutlierDetector(method, params={method: BRIEF[method]} if method in BRIEF else None, random_state=0)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            if (method, name) in CANNOT:
                with pytest.raises(
                    ValueError, match=f"^The detector '{method}' cannot be fitted to these {len(X)} rows"
                ):
                    detector.fit(X)
                continue
            scores = detector.fit(X).score_samples(X)
        assert scores.shape == (len(X),), name
        assert np.isfinite(scores).all(), name
        assert set(detector.predict(X)) <= {-1, 1}, name
        said = [str(warning.message) for warning in caught]
        assert all(text.startswith("OutlierDetector: ") for text in said), (name, said)
        if name == "equal rows":
            assert len(set(scores)) == 1
            assert not said


@pytest.mark.parametrize("more", [np.full(40, 3.0), None], ids=["constant", "repeated"])
def test_columns_without_news_leave_principal_components_alone(more):
    """Directions without variance are not divided by: the far rows stay the farthest, in the same order."""
    X = np.random.default_rng(0).normal(size=(40, 4))
    X[-4:] += 7
    wide = np.column_stack([X, X[:, 0] if more is None else more])
    plain, scores = (OutlierDetector("pca", random_state=0).fit(part).training_scores_ for part in (X, wide))
    assert set(scores.argsort()[:4]) == {36, 37, 38, 39}
    if more is not None:
        np.testing.assert_allclose(scores, plain, rtol=1e-9)


def test_a_caller_who_raises_on_floating_point_errors():
    with np.errstate(all="raise"):
        for method in ("ecod", "lof", "pca"):
            assert np.isfinite(OutlierDetector(method).fit(DATA["a constant column"]).training_scores_).all()


def test_overlapping_silence_leaves_the_filters_as_found():
    """The first to come is the first to go, so that each restores what the other has set."""
    entered, leave = threading.Event(), threading.Event()

    def first():
        with quiet():
            entered.set()
            leave.wait(10)

    before = list(warnings.filters)
    thread = threading.Thread(target=first)
    thread.start()
    entered.wait(10)
    with quiet():
        leave.set()
        thread.join()
        with warnings.catch_warnings(record=True) as caught:
            warnings.warn("unheard", stacklevel=1)
        assert not caught
    assert list(warnings.filters) == before
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn("heard", stacklevel=1)
    assert len(caught) == 1
