"""Plant corruptions in a set of images, as an experiment of which the truth is known."""

from collections.abc import Sequence
from typing import Literal, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import as_stack, iter_chunks, match_layout
from toolkit._core.names import check_names
from toolkit._core.parameters import check_share, is_int
from toolkit._core.pixel_scale import PixelScale
from toolkit._core.random import as_generator
from toolkit._core.types import ImageShape, RandomState
from toolkit.corruption._apply import apply_corruption
from toolkit.corruption._kinds import ALL_KINDS, KINDS, SYMMETRIES

__all__ = ["Corruptor"]

_CHUNK = 4096  # images converted to float at a time


@usual_floating_point
class Corruptor:
    """Plant corruptions in a share of the images.

    A planter of experiments, not a step of a pipeline: what it returns includes the truth.

    Parameters
    ----------
    kinds : str or sequence of str, default=None
        Which of ``ALL_KINDS`` to plant; None plants all of ``KINDS``. Each is planted equally often.
    fraction : float, default=0.2
        Share of the images to corrupt; the nearest whole number of images is.
    n_per_image : int, default=1
        How many different corruptions a corrupted image suffers, one after the other. At most one of them is a turn by
        quarters, a flip or a transposition, since two of these may cancel each other.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same result at each call.
    image_shape : tuple of int, default=None
        Shape of an image in flat rows; None takes a square, or else one row of pixels.

    See Also
    --------
    apply_corruption : One kind, on every image of a stack.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.corruption import Corruptor
    >>> images = np.zeros((10, 28, 28), dtype=np.uint8)
    >>> images[:, 8:20, 12:16] = 255
    >>> corrupted, kinds = Corruptor("invert", fraction=0.2, random_state=0).corrupt(images)
    >>> corrupted.dtype, int((kinds == "invert").sum()), bool((corrupted[kinds == "clean"] == images[0]).all())
    (dtype('uint8'), 2, True)
    """

    def __init__(
        self,
        kinds: str | Sequence[str] | None = None,
        *,
        fraction: float = 0.2,
        n_per_image: int = 1,
        random_state: RandomState = None,
        image_shape: ImageShape = None,
    ):
        self.kinds = kinds
        self.fraction = fraction
        self.n_per_image = n_per_image
        self.random_state = random_state
        self.image_shape = image_shape

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"Corruptor({given})"

    @overload
    def corrupt(self, X: ArrayLike, *, return_parameters: Literal[False] = ...) -> tuple[NDArray, NDArray]: ...

    @overload
    def corrupt(self, X: ArrayLike, *, return_parameters: Literal[True]) -> tuple[NDArray, NDArray, pd.DataFrame]: ...

    def corrupt(
        self, X: ArrayLike, *, return_parameters: bool = False
    ) -> tuple[NDArray, NDArray] | tuple[NDArray, NDArray, pd.DataFrame]:
        """Return a copy of ``X`` in which some images are corrupted.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
            uint8, or any finite numbers: their range becomes the range of the corrupted images.
        return_parameters : bool, default=False

        Returns
        -------
        corrupted : ndarray
            In the layout, dtype and range of ``X``; images that were not chosen keep every pixel.
        kinds : ndarray of str of shape (n_samples,)
            ``"clean"``, a kind, or several joined by ``"+"`` in the order in which they were applied.
        parameters : DataFrame, if ``return_parameters``
            One row for each corruption applied: ``index`` (row of ``X``), ``step``, and the columns of
            :func:`apply_corruption`.
        """
        kinds = self._check_parameters()
        generator = as_generator(self.random_state)
        stack = as_stack(X, self.image_shape)
        scale = PixelScale.learn(stack)
        n_bad = round(self.fraction * len(stack))
        rows = np.sort(generator.choice(len(stack), n_bad, replace=False))
        plan = self._plan(kinds, n_bad, generator)  # (n_bad, n_per_image) codes of kinds
        out = np.array(stack)
        frames = []
        for part in iter_chunks(n_bad, _CHUNK):
            unit = np.clip(scale.to_unit(stack[rows[part]]), 0, 1)
            for step in range(plan.shape[1]):
                for code in np.unique(plan[part, step]):
                    mine = np.flatnonzero(plan[part, step] == code)
                    unit[mine], frame = apply_corruption(unit[mine], kinds[code], generator=generator)
                    frame.insert(0, "index", rows[part][mine])
                    frame.insert(1, "step", step)
                    frames.append(frame)
            out[rows[part]] = scale.from_unit(unit, stack.dtype)
        names = np.full(len(stack), "clean", dtype=object)
        names[rows] = ["+".join(kinds[code] for code in codes) for codes in plan]
        result = match_layout(out, X), names.astype(str)
        return (*result, self._parameter_frame(frames)) if return_parameters else result

    def _check_parameters(self):
        kinds = KINDS if self.kinds is None else check_names(self.kinds, ALL_KINDS, "corruption kind")
        kinds = tuple(dict.fromkeys(kinds))
        check_share("fraction", self.fraction)
        compatible = sum(kind not in SYMMETRIES for kind in kinds) + any(kind in SYMMETRIES for kind in kinds)
        if not is_int(self.n_per_image) or not 1 <= self.n_per_image <= compatible:
            raise ValueError(
                f"n_per_image must be an integer from 1 to {compatible} for these kinds, got {self.n_per_image!r}."
            )
        return kinds

    def _plan(self, kinds, n_bad, generator):
        """Codes of the kinds of each corrupted image: the first ones balanced, at most one symmetry an image."""
        first = generator.permutation(np.resize(generator.permutation(len(kinds)), n_bad))
        keys = generator.random((n_bad, len(kinds)))
        keys[np.arange(n_bad), first] = -1
        order = np.argsort(keys, axis=1)
        symmetric = np.array([kind in SYMMETRIES for kind in kinds])[order]
        allowed = ~(symmetric & (np.cumsum(symmetric, axis=1) > 1))
        # Stable: the allowed ones move to the front and stay in order.
        front = np.argsort(~allowed, axis=1, kind="stable")[:, : self.n_per_image]
        return np.take_along_axis(order, front, axis=1)

    @staticmethod
    def _parameter_frame(frames):
        if not frames:
            return pd.DataFrame({"index": [], "step": [], "kind": [], "severity": [], "angle": []})
        frame = pd.concat(frames, ignore_index=True)
        return frame.sort_values(["index", "step"], kind="stable", ignore_index=True)
