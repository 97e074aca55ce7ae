"""Checks of parameters, each against a table of what is right and what is not, and the doors that use them."""

import numpy as np
import pandas as pd
import pytest

from toolkit._core import parameters
from toolkit._core.jobs import run_jobs
from toolkit.audit import Auditor
from toolkit.comparison import estimate_detection, pivot_table, significance, to_markdown
from toolkit.corruption import Corruptor
from toolkit.datasets import load_glyphs, load_grid, make_arithmetic, pad_strings, render_queries
from toolkit.detectors import ReconstructionDetector, planted_auc_scorer
from toolkit.diagnostics import CorruptionIdentifier, pretrain_identifier
from toolkit.restoration import ImageRestorer, psnr

X = np.random.default_rng(0).integers(0, 256, (30, 8, 8), dtype=np.uint8)
TABLE = pd.DataFrame({"method": ["a", "b"], "data": "x", "seed": 0, "auroc": [0.8, 0.9]})

# What no number may be taken for: its text, nothing, a truth value, a list, not a number.
NO_NUMBERS = ["3", None, True, np.True_, [3], float("nan"), float("inf"), 1 + 2j]


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3)])
def test_whole_numbers_of_any_make_are_taken(value):
    parameters.check_int("n", value)
    parameters.check_int("n", value, 3, 3)
    parameters.check_positive_int("n", value)
    parameters.check_number("n", value)
    parameters.check_positive("n", value)
    parameters.check_share("n", value, high=3)


@pytest.mark.parametrize("value", [*NO_NUMBERS, 2.0, 0, -1])
def test_what_is_no_count_is_refused(value):
    for check in (parameters.check_int, parameters.check_positive_int):
        with pytest.raises(ValueError, match=r"^n must be .*int.*, got ") as caught:
            check("n", value)
        assert repr(value) in str(caught.value)


@pytest.mark.parametrize("value", [*NO_NUMBERS, -0.5])
def test_what_is_no_number_is_refused(value):
    for check in (parameters.check_number, parameters.check_positive, parameters.check_share):
        with pytest.raises(ValueError, match=r"^n must be a .*number.*, got ") as caught:
            check("n", value)
        assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    ("call", "good", "bad"),
    [
        (lambda v: parameters.check_int("n", v, 2, 4), (2, 4), (1, 5)),
        (lambda v: parameters.check_int("n", v, optional=True), (None, 1), (0, "None")),
        (lambda v: parameters.check_share("n", v), (0, 0.5, 1), (-1e-9, 1 + 1e-9)),
        (lambda v: parameters.check_share("n", v, below=True), (0, 0.999), (1, 1.0)),
        (lambda v: parameters.check_number("n", v, 1, above=True), (1.01, 1e300, 10**400), (1, 1.0)),
        (lambda v: parameters.check_positive("n", v), (1e-300,), (0, -1)),
        (parameters.check_jobs, (None, 1, -1, 7), (0, 1.0, "2", True)),
        (lambda v: parameters.check_choice("n", v, ("a", "b")), ("a", "b"), ("A", "ab", None, ["a"])),
        (lambda v: parameters.check_sizes("n", v), ((), [1, 2], (np.int64(3),)), ((0,), (True,), 3, "3", (1.0,))),
    ],
)
def test_ends_of_what_is_allowed(call, good, bad):
    for value in good:
        call(value)
    for value in bad:
        with pytest.raises(ValueError, match="must be"):
            call(value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: CorruptionIdentifier(n_jobs=0).fit(X), "'n_jobs' parameter of CorruptionIdentifier"),
        (lambda: CorruptionIdentifier(n_members=0).fit(X), "'n_members' parameter of CorruptionIdentifier"),
        (lambda: Auditor(n_jobs=0).fit(X), "'n_jobs' parameter of Auditor"),
        (lambda: ImageRestorer(epochs=1.5).fit(X), "'epochs' parameter of ImageRestorer"),
        (lambda: ReconstructionDetector(trim=True).fit(X), r"trim must be a number in \[0, 0.5\], got True"),
        (lambda: ReconstructionDetector(learning_rate=float("inf")).fit(X), "learning_rate must be a positive number"),
        (lambda: ReconstructionDetector(hidden=(True,)).fit(X), "hidden must be a non-empty sequence"),
        (lambda: planted_auc_scorer(fraction=2), r"fraction must be a number in \[0, 1\], got 2"),
        (lambda: Corruptor(fraction=True).corrupt(X), r"fraction must be a number in \[0, 1\], got True"),
        (lambda: Corruptor(n_per_image=True).corrupt(X), "n_per_image must be an integer from 1"),
        (lambda: psnr(X, X, data_range="255"), "data_range must be a positive number, got '255'"),
        (lambda: pretrain_identifier(X, "never", batch_size=1), "batch_size must be an int of at least 2, got 1"),
        (lambda: estimate_detection(["hbos"], X, n_repeats="2"), "n_repeats must be at least 1, got '2'"),
        (lambda: estimate_detection(["hbos"], X, n_plants=0), "n_plants must be an int of at least 1 or None, got 0"),
        (lambda: estimate_detection(["hbos"], X, max_samples=1.5), "max_samples must be an int of at least 1"),
        (lambda: estimate_detection(["hbos"], X, prevalence="half"), "prevalence must lie in .*, got 'half'"),
        (lambda: significance(TABLE, alpha="5 %"), "alpha must lie between 0 and 1, got '5 %'"),
        (lambda: significance(TABLE, n_permutations=0), "n_permutations must be an int of at least 1, got 0"),
        (lambda: pivot_table(TABLE, precision=-1), "precision must be an int of at least 0, got -1"),
        (lambda: to_markdown(TABLE, precision=None), "precision must be an int of at least 0, got None"),
        (lambda: load_grid(spacing=float("nan")), "spacing must be a positive number, got nan"),
        (lambda: load_glyphs(10, image_size=7), "image_size must be an int of at least 8, got 7"),
        (lambda: make_arithmetic(split=["random"]), "split must be one of"),
        (lambda: pad_strings(["1"], 1.5), "length must be an int of at least 0, got 1.5"),
        (lambda: render_queries(["1"], length=0), "length must be an int of at least 1 or None, got 0"),
        (lambda: run_jobs(len, [], n_jobs=0), "n_jobs must be an int other than 0, or None, got 0"),
    ],
)
def test_the_doors_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
