"""What ``toolkit sample`` draws of a conditional generator: labels in words, ways between them, names of files."""

import re

import typer
from typer.core import TyperCommand

__all__ = ["ManyLabels", "draw", "file_stem", "find_label"]

_MANY = ("--digits", "--labels")


class ManyLabels(TyperCommand):
    """A command whose ``--digits 0 1 2 3`` takes all that follows, up to the next option."""

    def parse_args(self, ctx, args):
        spread, taking = [], None
        for arg in args:
            if arg in _MANY:
                taking = arg
            elif taking and not re.match(r"--?[A-Za-z]", arg):  # -1 is a label, -h is not
                spread += [taking, arg]
            else:
                taking = None
                spread.append(arg)
        return super().parse_args(ctx, spread)


def find_label(model, text, option):
    """The label that reads as ``text``, of the labels that the model was fitted on."""
    for label in model.classes_.tolist():
        if str(label) == text:
            return label
    shown = ", ".join(str(label) for label in model.classes_[:50].tolist())
    raise typer.BadParameter(f"{text!r} is none of the labels of this model: {shown}.", param_hint=option)


def draw(model, *, labels, way, count, steps, seed):
    """Samples, their labels if they were asked for, and how many make a row of their picture.

    Parameters
    ----------
    model : estimator with ``sample``
    labels : list
        ``count`` of each; none draws as the model likes.
    way : pair of labels or None
    count, steps : int
    seed : int or None

    Returns
    -------
    tuple of ndarray, ndarray or None, int or None
    """
    import numpy as np

    if way is not None:
        return model.interpolate(*way, steps, random_state=seed), None, steps
    if not labels:
        return model.sample(count, random_state=seed), None, None
    asked = np.repeat(np.array(labels), count)
    return model.sample(len(asked), y=asked, random_state=seed), asked, None if len(labels) == 1 else count


def file_stem(labels, way):
    """What the file of a picture is called after its labels."""
    words = [*map(str, way[:1]), "to", *map(str, way[1:])] if way is not None else list(map(str, labels))
    name = "_".join(words) or "samples"
    return re.sub(r"[^\w.+-]", "-", name)[:60]
