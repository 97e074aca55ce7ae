"""What ``toolkit sample`` draws of a conditional generator: labels in words, ways between them, names of files."""

import contextlib
import re

import typer
from typer.core import TyperCommand

__all__ = ["ManyLabels", "as_given", "draw", "file_stem", "find_label"]

_MANY = ("--digits", "--labels")
_ASKED = "toolkit.options"


class ManyLabels(TyperCommand):
    """A command whose ``--digits 0 1 2 3`` takes all that follows, up to the next option."""

    def parse_args(self, ctx, args):
        args = _with_file_of_gif(args)
        ctx.meta[_ASKED] = {arg.partition("=")[0] for arg in args if arg.startswith("--")}
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


def _with_file_of_gif(args):
    """``--gif FILE.gif`` as two options, since a flag takes no value and an option with one cannot stand alone."""
    found = []
    for place, arg in enumerate(args):
        named, _, value = arg.partition("=")
        if named == "--gif" and value:
            found += ["--gif", "--gif-file", value]
        elif place and args[place - 1] == "--gif" and arg.lower().endswith(".gif") and not arg.startswith("-"):
            found += ["--gif-file", arg]
        else:
            found.append(arg)
    return found


def as_given(ctx, *names):
    """The one of an option's names that was used: a mistake is told in the words of who made it."""
    asked = ctx.meta.get(_ASKED, ())
    return next((name for name in names if name in asked), names[0])


def find_label(model, text, option):
    """The label that reads as ``text``, of the labels that the model was fitted on."""
    for label in model.classes_.tolist():
        if str(label) == text:
            return label
    # Labels that came as 3.0 are asked for as 3, and the other way round.
    with contextlib.suppress(ValueError):
        for label in model.classes_.tolist():
            if isinstance(label, (int, float)) and not isinstance(label, bool) and label == float(text):
                return label
    shown = ", ".join(str(label) for label in model.classes_[:50].tolist())
    raise typer.BadParameter(f"{text!r} is none of the labels of this model: {shown}.", param_hint=option)


def draw(model, *, labels, way, count, steps, seed, **options):
    """Samples, their labels if they were asked for, and how many make a row of their picture.

    Parameters
    ----------
    model : estimator with ``sample``
    labels : list
        ``count`` of each; none draws as the model likes.
    way : pair of labels or None
    count, steps : int
    seed : int or None
    **options
        Of ``sample``.

    Returns
    -------
    tuple of ndarray, ndarray or None, int or None
    """
    import numpy as np

    if way is not None:
        return model.interpolate(*way, steps, random_state=seed), None, steps
    if not labels:
        return model.sample(count, random_state=seed, **options), None, None
    asked = np.repeat(np.array(labels), count)
    return model.sample(len(asked), y=asked, random_state=seed, **options), asked, None if len(labels) == 1 else count


def file_stem(labels, way):
    """What the file of a picture is called after its labels."""
    words = [*map(str, way[:1]), "to", *map(str, way[1:])] if way is not None else list(map(str, labels))
    name = "_".join(words) or "samples"
    return re.sub(r"[^\w.+-]", "-", name)[:60]
