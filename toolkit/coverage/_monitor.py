"""A hook of trainings that measures what is drawn at checkpoints, keeps the best generator, and knows when to stop."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from toolkit._core.parameters import check_choice, check_positive_int
from toolkit._core.random import as_generator, spawn_seeds
from toolkit.coverage._bins import jensen_shannon
from toolkit.coverage._quantise import assign_bins
from toolkit.coverage._reference import reference_divergences
from toolkit.coverage._row_pair import RowPair
from toolkit.coverage._splits import reference_figures
from toolkit.coverage._tests import adjust_p_values, compare_shares

if TYPE_CHECKING:
    from torch import nn

    from toolkit.coverage._mode_coverage import ModeCoverage

__all__ = ["CoverageMonitor"]

_LOWER = ("js", "bins_different")
_MEASURES = (*_LOWER, "recall", "precision")
_N_ROWS = 1000  # of each, in figures by nearest neighbours


class CoverageMonitor:
    """Watch by its samples how a generator trains.

    Give it to ``fit`` of a generator as a hook. A GAN then keeps the generator of the best checkpoint.

    Parameters
    ----------
    coverage : ModeCoverage
        Fitted on the training data, or on data held out.
    every : int, default=500
        Steps or epochs from one look to the next.
    unit : {"steps", "epochs"}, default="steps"
    n_samples : int, default=2000
        Drawn at each look, of the same latents.
    measure : {"js", "bins_different", "recall", "precision"}, default="js"
        Which is to be best: the least of the first two, the greatest of the others.
    patience : int or None, default=5
        Looks without improvement after which the training ends; None: it never ends early.
    keep_best : bool, default=True
        False leaves the generator as it is at the end.
    random_state : int, RandomState instance or None, default=0

    Attributes
    ----------
    best_step : int or None
        Of the best look so far.

    See Also
    --------
    toolkit.nn.EarlyStopping : Stops by a loss, which for a GAN says little.

    Notes
    -----
    The training is not affected but by being ended. A look costs about as much as a hundred steps of a small GAN.

    Examples
    --------
    >>> from toolkit.coverage import CoverageMonitor, ModeCoverage
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.generators import GAN
    >>> X = load_digits().images[:300]
    >>> monitor = CoverageMonitor(ModeCoverage(random_state=0).fit(X), every=10, n_samples=200)
    >>> gan = GAN(max_steps=30, random_state=0).fit(X, hooks=[monitor])
    >>> monitor.frame()["step"].tolist(), monitor.best_step in (10, 20, 30)
    ([10, 20, 30], True)
    """

    def __init__(
        self,
        coverage: "ModeCoverage",
        *,
        every: int = 500,
        unit: str = "steps",
        n_samples: int = 2000,
        measure: str = "js",
        patience: int | None = 5,
        keep_best: bool = True,
        random_state: Any = 0,
    ) -> None:
        check_is_fitted(coverage)
        check_positive_int("every", every)
        check_positive_int("n_samples", n_samples)
        check_choice("unit", unit, ("steps", "epochs"))
        check_choice("measure", measure, _MEASURES)
        if patience is not None:
            check_positive_int("patience", patience)
        self.coverage, self.every, self.unit, self.n_samples = coverage, every, unit, n_samples
        self.measure, self.patience, self.keep_best = measure, patience, keep_best
        self._seeds = spawn_seeds(random_state, 2)
        self._looks: list[dict[str, float]] = []
        self.best_step: int | None = None
        self._best_value, self._waited = math.nan, 0
        self._best_weights: dict[str, Any] = {}
        self._baseline: dict[str, float] | None = None

    def after_step(self, trainer: Any, step: int) -> bool:
        """Look, where it is time by steps; True ends the training."""
        return self.unit == "steps" and step % self.every == 0 and self._look(trainer, step)

    def __call__(self, trainer: Any, entry: dict[str, Any]) -> bool:
        """Look, where it is time by epochs; True ends the training."""
        return self.unit == "epochs" and entry["epoch"] % self.every == 0 and self._look(trainer, entry["step"])

    def frame(self) -> pd.DataFrame:
        """What was seen: a row a look.

        Returns
        -------
        DataFrame
            ``step``, ``js`` (Jensen-Shannon divergence of the bins, nats), ``bins_different`` (at a false discovery
            rate of the coverage's ``alpha``), ``recall`` and ``precision``, what real rows have in ``js_real``,
            ``recall_real`` and ``precision_real``, and ``bins_reached`` (bins with at least one sample).
        """
        names = ["step", *_MEASURES, "js_real", "recall_real", "precision_real", "bins_reached"]
        return pd.DataFrame(self._looks, columns=names).astype({"step": int})

    def chosen_generator(self, trainer: Any) -> "nn.Module | None":
        """The best generator so far, for the estimator to keep; None where nothing was seen or kept."""
        if not self.keep_best or not self._best_weights:
            return None
        network = trainer.finished_generator().cpu()
        network.load_state_dict(self._best_weights)
        return network

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must hold of it."""
        return {
            "looks": self._looks,
            "best_step": self.best_step,
            "best_value": self._best_value,
            "waited": self._waited,
            "best_weights": self._best_weights,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        self._looks = [dict(look) for look in state["looks"]]
        self.best_step, self._best_value = state["best_step"], float(state["best_value"])
        self._waited, self._best_weights = int(state["waited"]), dict(state["best_weights"])

    def _look(self, trainer, step):
        look = {"step": int(step), **self._figures(trainer.sample(self.n_samples, random_state=self._seeds[0]))}
        self._looks.append(look)
        value = look[self.measure]
        sign = -1.0 if self.measure in _LOWER else 1.0
        if self.best_step is None or sign * value > sign * self._best_value:
            self.best_step, self._best_value, self._waited = int(step), float(value), 0
            if self.keep_best and hasattr(trainer, "finished_generator"):
                weights = trainer.finished_generator().cpu().state_dict()
                self._best_weights = {name: values.detach().clone() for name, values in weights.items()}
            return False
        self._waited += 1
        return self.patience is not None and self._waited >= self.patience

    def _figures(self, samples):
        coverage = self.coverage
        measures = coverage._measure(coverage._samples(samples))
        counts = np.bincount(assign_bins(measures.features, coverage.centres_), minlength=coverage.n_bins_)
        n_real, n_samples = int(coverage.counts_.sum()), int(counts.sum())
        p_values = compare_shares(coverage.counts_, n_real, counts, n_samples, dispersion=coverage.dispersion_)[1]
        found = {
            "js": jensen_shannon(coverage.counts_, counts),
            "bins_different": float((adjust_p_values(p_values) <= coverage.alpha).sum()),
            "bins_reached": float((counts > 0).sum()),
        }
        real = np.column_stack([coverage.features_, coverage._remainder]).astype(np.float64)
        size = min(_N_ROWS, len(real) // 2, n_samples)
        if self._baseline is None:
            self._baseline = self._real_figures(real, size, n_real, n_samples)
        neighbours = dict.fromkeys(("recall", "precision"), math.nan)
        if size >= 2:
            rows = as_generator(self._seeds[1]).permutation(len(real))[:size]
            neighbours = RowPair(real[rows], measures.whole[:size], coverage.n_neighbours).neighbours
        return found | {name: float(neighbours[name]) for name in ("recall", "precision")} | self._baseline

    def _real_figures(self, real, size, n_real, n_samples):
        """What real rows have when they are compared with real rows, at the same sizes."""
        coverage, generator = self.coverage, as_generator(self._seeds[1])
        shares = coverage.counts_ / n_real
        draws = reference_divergences(shares, n_real, n_samples, coverage.dispersion_, 200, generator)
        found = {"js_real": float(draws.mean()), "recall_real": math.nan, "precision_real": math.nan}
        if size >= 2:
            names = ["recall", "precision"]
            figures = reference_figures(real, size, coverage.n_neighbours, 2, generator, names=names)
            found |= {f"{name}_real": float(figures[name].mean()) for name in names}
        return found
