"""A flow that draws in a few steps, taught by one that takes more."""

import copy
from typing import TYPE_CHECKING, Any, cast

from sklearn.utils.validation import check_is_fitted

from toolkit._core.parameters import check_int
from toolkit._core.random import as_generator, spawn_seeds
from toolkit._core.types import RandomState
from toolkit.generators import _flow_setup as setup

if TYPE_CHECKING:
    from toolkit.generators._flow import FlowMatching

__all__ = ["DistillationMixin"]


class DistillationMixin:
    """Gives :class:`FlowMatching` the method ``distill``."""

    # Of the fitted flow.
    network_: Any
    settings_: dict[str, Any]
    n_threads: int

    def distill(
        self,
        n_steps: int = 2,
        *,
        n_pairs: int = 10_000,
        max_steps: int = 2000,
        random_state: RandomState = None,
    ) -> "FlowMatching":
        """Another flow, which draws in so few steps what this one draws in more.

        This flow draws ``n_pairs`` rows. From the noise of each to the row a copy of its network learns straight ways,
        at the times at which a sampler of ``n_steps`` asks: rectified once more and distilled, in the words of [1]_.
        Guidance is learnt with it, and costs nothing any more. What is drawn is a little less sharp or less varied:
        compare the two by a :class:`~toolkit.coverage.ModeCoverage` before the first one is thrown away.

        Parameters
        ----------
        n_steps : int, default=2
            Of the sampler: so often the network is asked for a row.
        n_pairs : int, default=10000
            More are better, and take the time of drawing them.
        max_steps : int, default=2000
            Of the training, with batches of the size that this flow was trained with.
        random_state : int, RandomState instance or None, default=None

        Returns
        -------
        FlowMatching
            Fitted, with ``solver="euler"``, ``n_sampling_steps=n_steps`` and ``guidance=1``; its ``history_`` is that
            of the distillation. This flow stays as it is.

        Raises
        ------
        ValueError
            A parameter out of range, or a flow whose path is not straight: ``path`` other than ``"linear"``, or
            ``target`` other than ``"velocity"``.

        References
        ----------
        .. [1] X. Liu, C. Gong and Q. Liu, Flow straight and fast: learning to generate and transfer data with rectified
           flow, ICLR 2023.

        Examples
        --------
        >>> from toolkit.datasets import load_ring
        >>> from toolkit.generators import FlowMatching
        >>> points = load_ring(1000, random_state=0).points
        >>> flow = FlowMatching(max_steps=50, random_state=0).fit(points)
        >>> fast = flow.distill(1, n_pairs=500, max_steps=20, random_state=0)
        >>> fast.sample(3, random_state=0).shape, fast.settings_["n_sampling_steps"]
        ((3, 2), 1)
        """
        check_is_fitted(self)
        for name, value in (("n_steps", n_steps), ("n_pairs", n_pairs), ("max_steps", max_steps)):
            check_int(name, value)
        for name, value in (("path", "linear"), ("target", "velocity")):
            if self.settings_[name] != value:
                raise ValueError(
                    f"distill needs a flow along straight ways, with {name}={value!r}; this one was trained with "
                    f"{name}={self.settings_[name]!r}."
                )
        from toolkit.nn import limit_threads

        seeds = dict(zip(("pairs", "training", "order"), spawn_seeds(random_state, 3)))
        noise_seed, condition_seed = spawn_seeds(seeds["pairs"], 2)
        noise = setup.draw_noise(self, n_pairs, noise_seed)
        conditions = setup.draw_conditions(self, n_pairs, condition_seed)
        rows = setup.unit_images(self, self.network_, noise, conditions, n_steps=None, guidance=None, seed=0)
        settings = {"solver": "euler", "n_sampling_steps": int(n_steps), "guidance": 1.0}
        fast = cast("FlowMatching", copy.deepcopy(self)).set_params(**settings)
        fast.settings_ = self.settings_ | settings
        with limit_threads(self.n_threads):
            trainer = setup.make_distillation(self, n_steps, seeds["training"], max_steps)
            fast.history_ = fast._run(
                trainer, (rows, conditions, noise), as_generator(seeds["order"]), steps=int(max_steps)
            )
            return fast._keep(trainer)
