"""What a training object must hand over to be continued bitwise: its networks, optimisers, generators and counters."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

__all__ = ["StateMixin"]


class StateMixin:
    """``state_dict`` and ``load_state_dict`` of a training object, from the names of the attributes that change.

    A class lists them in ``_state``. What has a ``state_dict`` of its own (networks, optimisers, schedules) is asked
    for it; generators of torch and numpy give their state; tensors, arrays, numbers, strings, lists and dicts of them
    are taken as they are.

    Examples
    --------
    >>> import torch
    >>> from toolkit.nn import StateMixin, torch_generator
    >>> class Draws(StateMixin):
    ...     _state = ("generator", "total")
    ...     def __init__(self):
    ...         self.generator, self.total = torch_generator(0), 0.0
    ...     def draw(self):
    ...         self.total += float(torch.rand(1, generator=self.generator))
    ...         return self.total
    >>> first, second = Draws(), Draws()
    >>> _ = first.draw()
    >>> second.load_state_dict(first.state_dict())
    >>> first.draw() == second.draw()
    True
    """

    _state: tuple = ()

    def state_dict(self) -> dict[str, Any]:
        """The present state; it shares no memory that training goes on to change, except with networks."""
        return {name: _take(getattr(self, name)) for name in self._state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go back to ``state``, on an object that was built with the same arguments.

        Raises
        ------
        ValueError
            Names are missing or too many.
        """
        if set(state) != set(self._state):
            raise ValueError(
                f"{type(self).__name__} has the state {', '.join(sorted(self._state))}, got {', '.join(sorted(state))}."
            )
        for name in self._state:
            held = getattr(self, name)
            if hasattr(held, "load_state_dict"):
                held.load_state_dict(state[name])
            elif isinstance(held, torch.Generator):
                held.set_state(state[name])
            elif isinstance(held, np.random.Generator):
                held.bit_generator.state = state[name]
            else:
                value = copy.deepcopy(state[name])
                if isinstance(held, torch.Tensor):
                    value = value.to(held.device)
                setattr(self, name, value)


def _take(value):
    if hasattr(value, "state_dict"):
        return value.state_dict()
    if isinstance(value, torch.Generator):
        return value.get_state()
    if isinstance(value, np.random.Generator):
        return value.bit_generator.state
    return copy.deepcopy(value)
