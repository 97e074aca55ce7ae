"""Checks of the parameters of a sequence model, before anything long begins."""

import math

from toolkit._core.parameters import check_choice, check_positive_int, is_number

__all__ = ["check_parameters", "check_reader_parameters"]

_CHOICES = {"source": ("text", "image"), "target": ("text", "image"), "writer": ("varied", "blurred")}
_COUNTS = ("hidden_size", "n_layers", "picture_rows", "steps", "batch_size", "n_threads")
_FLAGS = ("attention", "bidirectional", "reverse_source", "reverse_target", "teacher_forcing")
# Lowest value, whether it is excluded, and an upper bound that is excluded.
_NUMBERS = {
    "variety": (0.0, False, math.inf),
    "dropout": (0.0, False, 1.0),
    "weight_decay": (0.0, False, math.inf),
    "learning_rate": (0.0, True, math.inf),
    "picture_learning_rate": (0.0, True, math.inf),
    "augment": (0.0, False, math.inf),
}


def check_parameters(model):
    """Raise a ValueError that names the first parameter out of range."""
    for name, choices in _CHOICES.items():
        check_choice(name, getattr(model, name), choices)
    _check_counts(model, _COUNTS)
    for name in _FLAGS:
        value = getattr(model, name)
        if value not in (True, False) or isinstance(value, str):
            raise ValueError(f"{name} must be True or False, got {value!r}.")
    _check_numbers(model, _NUMBERS)
    if model.bidirectional and model.hidden_size % 2:
        raise ValueError(f"hidden_size must be even for bidirectional=True, got {model.hidden_size!r}.")
    if model.target == "image" and model.writer == "blurred" and model.teacher_forcing:
        raise ValueError("teacher_forcing must be False for writer='blurred', which has no characters to be given.")


def check_reader_parameters(reader):
    """The same for what a reader of pictures has."""
    _check_counts(reader, ("steps", "batch_size", "n_threads"))
    _check_numbers(reader, ("learning_rate", "augment"))


def _check_counts(model, names):
    for name in names:
        check_positive_int(name, getattr(model, name))


def _check_numbers(model, names):
    for name in names:
        value, (low, excluded, high) = getattr(model, name), _NUMBERS[name]
        if not is_number(value) or not low <= value < high or (excluded and value == low):
            bounds = f"above {low:g}" if excluded else f"of at least {low:g}"
            limit = "" if high == math.inf else f" and below {high:g}"
            raise ValueError(f"{name} must be a number {bounds}{limit}, got {value!r}.")
