"""A metric: its name, its words for people, which way is better, how it is computed and what it is held against."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

__all__ = ["Calibration", "Metric", "metric_table"]


class Calibration(NamedTuple):
    """What a value is held against.

    Parameters
    ----------
    expected : float
        What a perfect candidate has.
    interval : tuple of float
        For the value, 95 %.
    p_value : float
        Of the value, for a perfect candidate.
    """

    expected: float
    interval: tuple[float, float]
    p_value: float


@dataclass(frozen=True)
class Metric:
    """One column of tables, and all that tables, ranks and reports need to know of it.

    Parameters
    ----------
    name : str
    words : str
        For people, in reports.
    direction : {"higher", "lower"}
        Which is better.
    compute : callable, optional
        The value; what it takes is said where the table is. None for what is measured where it arises, such as seconds.
    calibrate : callable, optional
        A :class:`Calibration` of the value, where there is one other than that of the table.
    is_share : bool, default=False
        Whether it is a share of so many rows, from 0 to 1.
    place : int, optional
        In the short tables of reports, where there is room for few; None for no place.

    Examples
    --------
    >>> Metric("auroc", "AUROC", "higher").greater_is_better
    True
    """

    name: str
    words: str
    direction: Literal["higher", "lower"]
    compute: Callable[..., Any] | None = None
    calibrate: Callable[..., Calibration] | None = None
    is_share: bool = False
    place: int | None = None

    def __post_init__(self) -> None:
        if self.direction not in ("higher", "lower"):
            raise ValueError(f"direction of metric {self.name!r} must be 'higher' or 'lower', got {self.direction!r}.")

    @property
    def greater_is_better(self) -> bool:
        """Whether the direction is ``"higher"``."""
        return self.direction == "higher"

    def measure(self, *given: Any) -> Any:
        """The value, of what ``compute`` takes.

        Raises
        ------
        TypeError
            It has no ``compute``.
        """
        if self.compute is None:
            raise TypeError(f"The metric {self.name!r} is measured where it arises: it has no function.")
        return self.compute(*given)


def metric_table(metrics: Iterable[Metric]) -> dict[str, Metric]:
    """Metrics by name, in their order.

    Raises
    ------
    ValueError
        Two metrics of one name.

    Examples
    --------
    >>> list(metric_table([Metric("auroc", "AUROC", "higher"), Metric("js", "divergence", "lower")]))
    ['auroc', 'js']
    """
    table: dict[str, Metric] = {}
    for metric in metrics:
        if metric.name in table:
            raise ValueError(f"There are two metrics of the name {metric.name!r}: names must differ.")
        table[metric.name] = metric
    return table
