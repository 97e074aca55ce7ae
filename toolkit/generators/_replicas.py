"""Independent fits of one estimator over seeds and parameters."""

import time
from collections.abc import Mapping, Sequence

import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.jobs import run_jobs
from toolkit._core.layouts import as_array
from toolkit._core.parameters import check_choice
from toolkit._core.random import check_seeds
from toolkit.exceptions import DivergenceError

__all__ = ["ReplicasMixin"]


@usual_floating_point
class ReplicasMixin:
    """Gives an estimator with ``random_state`` the method ``fit_many``."""

    def fit_many(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        seeds: Sequence[int] = (0, 1, 2, 3, 4),
        param_grid: Mapping[str, Sequence] | Sequence[Mapping[str, Sequence]] | None = None,
        n_jobs: int = -1,
        batched: bool = False,
        on_error: str = "raise",
        verbose: bool = False,
    ) -> pd.DataFrame:
        """Independent fits of this estimator's clones, each bitwise equal to a single one unless ``batched``.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
            Shared between the processes, not copied.
        y : array-like of shape (n_samples,), optional
            For an estimator that learns from labels.
        seeds : sequence of int, default=(0, 1, 2, 3, 4)
            A fit each, as ``random_state``.
        param_grid : dict of str to sequence, or list of such, optional
            As in scikit-learn's ``ParameterGrid``; every combination is fitted with every seed.
        n_jobs : int, default=-1
            Fits at a time, as in joblib; each runs on ``n_threads`` threads.
        batched : bool, default=False
            Train the seeds of each combination as one network, of a fully connected :class:`GAN` (``"mlp"`` without
            spectral norm and minibatch deviation): what makes many seeds cheap on a GPU. Each keeps its own seed, order
            of the rows, latents, optimiser state and guard against divergence. The fits are those of single trainings
            by what they learn, and not bitwise: sums run in another order.
        on_error : {"raise", "record"}, default="raise"
            ``"record"`` leaves None in place of a fit that diverged, and its message in ``error``.
        verbose : bool, default=False
            Show a progress bar.

        Returns
        -------
        DataFrame
            A row each: the parameters varied, ``seed``, ``estimator``, ``seconds``, ``error``.

        Examples
        --------
        >>> from toolkit.datasets import load_digits
        >>> from toolkit.generators import GAN
        >>> grid = {"objective": ["hinge", "relativistic"]}
        >>> fits = GAN(epochs=1).fit_many(load_digits().images[:64], seeds=[0], param_grid=grid, n_jobs=1)
        >>> fits[["objective", "seed"]].values.tolist()
        [['hinge', 0], ['relativistic', 0]]
        """
        check_choice("on_error", on_error, ("raise", "record"))
        seeds = check_seeds(seeds)
        cells = [(params, seed) for params in ParameterGrid(param_grid or {}) for seed in seeds]
        X = as_array(X)
        tasks = [
            {
                "estimator": clone(self).set_params(**params, random_state=seed, verbose=False),
                "X": X,
                "y": y,
                "record": on_error == "record",
            }
            for params, seed in cells
        ]
        if batched:
            return self._fit_batched(cells, tasks, n_jobs, verbose)
        fits = run_jobs(_fit, tasks, n_jobs=n_jobs, verbose=verbose, desc=f"{type(self).__name__} fits")
        return pd.DataFrame([{**params, "seed": seed, **found} for (params, seed), found in zip(cells, fits)])

    def _fit_batched(self, cells, tasks, n_jobs, verbose):
        """The table of fits whose seeds are trained as one."""
        if getattr(self, "_fit_together", None) is None:
            raise ValueError(f"batched=True is for GAN, and {type(self).__name__} is trained one seed at a time.")
        n_seeds = len({seed for _, seed in cells})
        groups = [
            {
                "estimators": [task["estimator"] for task in tasks[start : start + n_seeds]],
                "X": tasks[start]["X"],
                "record": tasks[start]["record"],
                "verbose": verbose and len(tasks) == n_seeds,
            }
            for start in range(0, len(tasks), n_seeds)
        ]
        found = run_jobs(self._fit_together, groups, n_jobs=n_jobs if len(groups) > 1 else 1, verbose=verbose)
        fits = [fit for group in found for fit in group]
        return pd.DataFrame([{**params, "seed": seed, **fit} for (params, seed), fit in zip(cells, fits)])


def _fit(estimator, X, y, record):
    start, error = time.perf_counter(), None
    try:
        estimator.fit(X, y)
    except DivergenceError as failure:  # a finding, where a study asks for it
        if not record:
            raise
        estimator, error = None, str(failure)
    return {"estimator": estimator, "seconds": time.perf_counter() - start, "error": error}
