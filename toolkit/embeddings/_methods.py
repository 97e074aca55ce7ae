"""The methods by which images become vectors, a class each: ``fit(stack)`` and ``transform(stack)`` on uint8 stacks."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from toolkit.embeddings._photographs import photograph_features, seen

if TYPE_CHECKING:
    from toolkit.diagnostics import EverydayDiagnostics
    from toolkit.generators import Autoencoder

__all__ = ["METHODS", "AutoencoderCode", "Photographs", "Pixels", "Statistics"]

_SIDE = 32  # pixels a side to which larger images are averaged down before their pixels are compared


class Pixels:
    """Pixels themselves, from 0 to 1; of larger images the means of blocks, about 32 a side."""

    def fit(self, stack: NDArray, random_state: Any) -> "Pixels":
        return self

    def transform(self, stack: NDArray) -> NDArray:
        unit = stack.astype(np.float64) / 255
        for axis in (1, 2):
            side = unit.shape[axis]
            if side > _SIDE:
                starts = np.linspace(0, side, _SIDE + 1).astype(int)[:-1]
                shape = [1] * unit.ndim
                shape[axis] = -1
                unit = np.add.reduceat(unit, starts, axis=axis) / np.diff([*starts, side]).reshape(shape)
        return unit.reshape(len(unit), -1)


class Statistics:
    """What :class:`toolkit.diagnostics.EverydayDiagnostics` measures, each statistic by its median and spread."""

    inner_: "EverydayDiagnostics"

    def fit(self, stack: NDArray, random_state: Any) -> "Statistics":
        from toolkit.diagnostics import EverydayDiagnostics

        self.inner_ = EverydayDiagnostics().fit(stack)
        found = self.inner_.transform(stack)
        self.middle_ = np.median(found, axis=0)
        spread = np.subtract(*np.quantile(found, [0.75, 0.25], axis=0)) / 1.349
        self.spread_ = np.where(spread > 1e-9, spread, np.maximum(found.std(axis=0), 1e-9))
        return self

    def transform(self, stack: NDArray) -> NDArray:
        # One statistic far out is not to outweigh all the others.
        return np.clip((self.inner_.transform(stack) - self.middle_) / self.spread_, -10, 10)


class AutoencoderCode:
    """The code of an autoencoder that is trained on the set."""

    inner_: "Autoencoder"

    def fit(self, stack: NDArray, random_state: Any) -> "AutoencoderCode":
        from toolkit.generators import Autoencoder

        self.inner_ = Autoencoder(random_state=random_state).fit(stack)
        return self

    def transform(self, stack: NDArray) -> NDArray:
        return np.asarray(self.inner_.transform(stack), dtype=np.float64)


class Photographs:
    """1,280 features of EfficientNet-Lite0, which has learnt from photographs what is in them."""

    def fit(self, stack: NDArray, random_state: Any) -> "Photographs":
        photograph_features(np.empty((0, 1, 1, 3), np.uint8))  # says at once what is missing
        return self

    def transform(self, stack: NDArray) -> NDArray:
        out = [
            photograph_features(np.stack([seen(image) for image in stack[start : start + 64]]))
            for start in range(0, len(stack), 64)
        ]
        return np.concatenate(out).astype(np.float64)


METHODS: dict[str, Callable[[], Any]] = {
    "pixels": Pixels,
    "statistics": Statistics,
    "autoencoder": AutoencoderCode,
    "lite0": Photographs,
}
