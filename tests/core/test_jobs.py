"""Steps that run at the same time."""

import pytest

from toolkit._core.jobs import run_steps


@pytest.mark.parametrize("n_jobs", [None, 1, 2])
def test_no_steps_are_no_results(n_jobs):
    assert run_steps(n_jobs=n_jobs) == []


@pytest.mark.parametrize("n_jobs", [None, 1, 3])
def test_results_come_in_the_order_of_the_steps(n_jobs):
    assert run_steps(lambda: "a", lambda: "b", lambda: "c", n_jobs=n_jobs) == ["a", "b", "c"]
