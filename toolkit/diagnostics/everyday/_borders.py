"""Bars and frames around an image, and lower parts that were never decoded."""

import numpy as np

__all__ = ["borders"]

_EVEN = 8.0  # grey levels within which a line of a bar stays after JPEG
_JUMP = 10.0  # grey levels by which a pixel beyond a bar differs from it
_EXACT_JUMP = 2.0  # likewise, of a bar of one level throughout: what is beyond it varies, if only as the night does
_FRAME_JUMP = 0.5  # share of the pixels beyond a frame that have to differ: it ends along its whole length
_EXACT, _FILLED = 1.0, 0.98  # grey levels about its own, and share of what was never decoded that keeps to them
_PAPER = 25.0  # grey levels within which a page is white, or black
_BACKGROUND = 0.3  # share of the rest of an image that has the colour of its lower part: then it is a margin
_THINNEST = 0.01  # of the side; thinner edges are those of scanners and of cropping


def _bar(lines):
    """How many lines from the first are one even colour, that colour, and the share that differs right beyond."""
    colour = float(np.median(lines[0]))
    belongs = np.abs(lines - colour).max(axis=1) <= _EVEN
    n_lines = len(lines)
    thick = n_lines if belongs.all() else int(np.argmin(belongs))
    if thick in (0, n_lines):
        return thick, colour, 0.0
    # A few lines may be mixed of both by JPEG or an interpolation.
    differs = np.abs(lines[thick + 1 : thick + 8] - colour) > _least_jump(lines, thick)
    jump = max((float(differs[part].mean()) for part in (slice(0, 3), slice(4, 7)) if len(differs[part])), default=0.0)
    return thick, colour, jump


def _least_jump(lines, thick):
    """Grey levels by which a pixel beyond a bar has to differ from it."""
    return _EXACT_JUMP if _filled(lines, thick) else _JUMP


def _ragged(lines, thick):
    """Share that differs 16 lines further in: a decoder that stopped may have left the last row of blocks half done."""
    beyond = lines[thick + 16 : thick + 20]
    return float((np.abs(beyond - np.median(lines[0])) > _least_jump(lines, thick)).mean()) if len(beyond) else 0.0


def _filled(lines, thick):
    """Whether a bar is what a decoder leaves: one level throughout; a floor or the night varies a little.

    The last tenth before the picture begins is not asked: JPEG lets it ring.
    """
    inner = lines[: max(1, int(0.9 * thick))]
    return bool((np.abs(inner - np.median(inner)) <= _EXACT).mean() >= _FILLED)


def _repeated(lines):
    """How many lines from the last equal the one before them, and are no even bar."""
    # From the last line up, each against the last: JPEG puts small steps between the rows of its blocks.
    same = np.abs(lines[-2::-1] - lines[-1]).max(axis=1) <= _EVEN
    count = len(same) if same.all() else int(np.argmin(same))
    if count == 0 or np.ptp(lines[-1]) <= 3 * _EVEN:
        return 0
    # What a decoder repeats it repeats to the level, but for the first blocks of a JPEG; the rows of a sky that is as
    # even downwards vary.
    steps = np.abs(np.diff(lines[-1 - max(count // 2, min(count, 4)) :], axis=0))
    return count if (steps <= _EXACT).mean() >= _FILLED else 0


def borders(views):
    """Bars as shares of the side, how far they are a frame, and how far the lower part is missing."""
    rows, columns = views.rows, views.columns
    height, width = views.height, views.width
    sides = {
        "top": _bar(rows), "bottom": _bar(rows[::-1]), "left": _bar(columns), "right": _bar(columns[::-1])
    }  # fmt: skip
    out = {
        f"bar_{side}": thick / (height if side in ("top", "bottom") else width) for side, (thick, _, _) in sides.items()
    }
    even = max(out.values()) >= 1.0  # the whole image is one colour: blank, not framed
    frame = 0.0
    for first, second in (("top", "bottom"), ("left", "right")):
        pair = [sides[first], sides[second]]
        shares = (out[f"bar_{first}"], out[f"bar_{second}"])
        thick = min(thick for thick, _, _ in pair)
        alike = abs(pair[0][1] - pair[1][1]) <= _JUMP
        jump = min(jump for *_, jump in pair)
        if not even and alike and min(shares) >= _THINNEST and thick >= 2 and jump >= _FRAME_JUMP:
            frame = max(frame, sum(shares))
    missing = 0.0
    thick, colour, jump = sides["bottom"]
    # Bars of one colour at both ends are a frame.
    framed = out["bar_top"] >= _THINNEST and abs(sides["top"][1] - colour) <= _JUMP
    if not even and thick >= 4 and not framed:
        jump = max(jump, _ragged(rows[::-1], thick))
        # The empty end of a page is white as the page is; what a decoder leaves is grey, or has nothing like it above.
        page = min(colour, 255 - colour) <= _PAPER and (np.abs(rows[:-thick] - colour) <= _EVEN).mean() >= _BACKGROUND
        missing = out["bar_bottom"] if jump >= _FRAME_JUMP and not page and _filled(rows[::-1], thick) else 0.0
    repeated = 0.0
    if not even and height >= 8:
        # Squares of an enlargement repeat lines at the top as well.
        count = _repeated(rows)
        repeated = count / height if count > 3 * _repeated(rows[::-1]) else 0.0
    return {
        **out,
        "frame": float(frame),
        "bottom_colour": colour / 255,
        "bottom_even": float(missing),
        "bottom_repeated": float(repeated),
        "missing_part": float(max(missing, repeated)),
    }
