"""Colour: how much there is, whether one tint lies over everything."""

import numpy as np

__all__ = ["colour"]

_SAMPLE = 16_000  # pixels, about, of which tints are taken
_NEUTRAL = 6.0  # levels by which channels differ in a grey picture after JPEG


def _tint(views):
    """How far even the most neutral and the lightest pixels are coloured, and the mean tint.

    A scene has colours of its own, but nearly always something in it is neutral, and its lights are; under a wrong
    white balance nothing is. Channels are compared by logarithms, since a tint multiplies.
    """
    pixels = views.colours.reshape(-1, 3)
    pixels = pixels[:: max(1, len(pixels) // _SAMPLE)]
    grey = pixels @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    red, green, blue = pixels.T
    inside = (grey > 8) & (np.maximum(np.maximum(red, green), blue) < 252)  # clipped channels lose their tint
    if inside.sum() < 30:
        return np.nan, np.nan, np.nan
    grey = grey[inside]
    red, green, blue = (np.log(channel[inside] + 1) for channel in (red, green, blue))
    red, blue = red - green, blue - green
    neutral = float(np.quantile(np.hypot(red, blue), 0.05))
    light = grey >= np.quantile(grey, 0.9)
    tint = float(np.hypot(np.median(red[light]), np.median(blue[light])))
    return float(np.sqrt(neutral * tint)), float(np.median(red)), float(np.median(blue))


def colour(views):
    """Share of coloured pixels, strength and spread of colour, and the common tint, of which a grey image has none."""
    chroma = views.chroma
    size = np.abs(chroma)
    strongest = np.maximum(np.maximum(size[0], size[1]), np.abs(chroma[0] - chroma[1]))  # greatest less least channel
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
