"""What makes two trainings the same one: the parameters that a checkpoint must share with what goes on from it."""

import json
from collections.abc import Mapping
from typing import Any

from toolkit._core.files import plain_json

__all__ = ["changed_parameters", "describe_parameters"]

# How long, how watched and on what: a training may be gone on with for longer, elsewhere, or with more to look at.
_FREE = {"device", "epochs", "max_seconds", "max_steps", "n_threads", "snapshot_epochs", "steps", "verbose"}


def describe_parameters(parameters: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Parameters of a training as JSON keeps them, without those that may change on the way.

    What JSON cannot say is described: a network by its layers, anything else by its type, since its address in memory
    is another one after a crash.

    Parameters
    ----------
    parameters : dict or None

    Returns
    -------
    dict or None

    Examples
    --------
    >>> describe_parameters({"betas": (0.5, 0.9), "epochs": 3, "random_state": None})
    {'betas': [0.5, 0.9], 'random_state': None}
    """
    if parameters is None:
        return None
    kept = {name: value for name, value in parameters.items() if name not in _FREE}
    return json.loads(json.dumps(plain_json(kept), default=_describe))


def _describe(value):
    return repr(value) if hasattr(value, "state_dict") else f"<{type(value).__module__}.{type(value).__qualname__}>"


def changed_parameters(
    earlier: Mapping[str, Any] | None, present: Mapping[str, Any] | None
) -> list[tuple[str, Any, Any]]:
    """Where two trainings differ, ``(name, earlier value, present value)`` each; those that may change are left out.

    Parameters
    ----------
    earlier, present : dict or None
        Dicts in dicts are gone through; their names are joined by dots. None says nothing of the training, and hence
        differs in nothing.

    Returns
    -------
    list of tuple

    Examples
    --------
    >>> changed_parameters({"rate": 0.1, "epochs": 2}, {"rate": 0.2, "epochs": 4})
    [('rate', 0.1, 0.2)]
    """
    if earlier is None or present is None:
        return []
    earlier, present = _flat(describe_parameters(earlier)), _flat(describe_parameters(present))
    missing = object()
    return [
        (name, earlier.get(name), present.get(name))
        for name in sorted({*earlier, *present})
        if earlier.get(name, missing) != present.get(name, missing)
    ]


def _flat(parameters, prefix=""):
    found = {}
    for name, value in parameters.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}.")
        elif name not in _FREE:
            found[f"{prefix}{name}"] = value
    return found
