"""Colour: how much there is, whether one tint lies over everything."""

import numpy as np

__all__ = ["colour"]

_NEUTRAL = 6.0  # levels by which channels differ in a grey picture after JPEG


def _tint(views):
    """The tint that shadows, middle tones and lights have in common, and its red-green and blue-green parts.

    A scene has colours of its own, but rarely the same in its darkest, its middle and its lightest parts; a wrong white
    balance has. Each part's median colour is divided by its luma, since a tint multiplies.
    """
    red, green, blue = views.colours.reshape(-1, 3).T
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    inside = (grey > 8) & (views.colours.reshape(-1, 3).max(axis=1) < 252)  # clipped channels lose their tint
    if inside.sum() < 30:
        return np.nan, np.nan, np.nan
    grey, chroma = grey[inside], views.chroma.reshape(2, -1)[:, inside]
    edges = np.quantile(grey, [1 / 3, 2 / 3])
    part = np.digitize(grey, edges)
    ratio = chroma / grey
    tints = np.array([np.median(ratio[:, part == k], axis=1) for k in range(3) if (part == k).sum() >= 5])
    middle = tints.mean(axis=0)
    length = np.hypot(*middle)
    along = tints @ middle / max(length, 1e-9)
    return max(0.0, float(along.min())), float(middle[0]), float(middle[1])


def colour(views):
    """Share of coloured pixels, strength and spread of colour, and the common tint, of which a grey image has none."""
    chroma = views.chroma
    strongest = np.maximum(np.abs(chroma), np.abs(chroma[0] - chroma[1])[None]).max(
        axis=0
    )  # greatest less least channel
    spread = float(np.sqrt(chroma.var(axis=(1, 2)).sum()) / 255)
    cast, red, blue = (np.nan,) * 3 if views.is_grey else _tint(views)
    return {
        "is_colour": 0.0 if views.is_grey else 1.0,
        "coloured_share": float((strongest > _NEUTRAL).mean()),
        "chroma_mean": float(strongest.mean() / 255),
        "chroma_spread": spread,
        "colour_cast": cast,
        "tint_red": red,
        "tint_blue": blue,
    }
