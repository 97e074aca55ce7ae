"""Images as vectors, by name: their pixels, statistics, an autoencoder's code, or what a network knows of photographs.

What needs torch is loaded on first use.
"""

from toolkit.embeddings._embedder import EMBEDDERS, ImageEmbedder
from toolkit.embeddings._photographs import (
    photograph_appearances,
    photograph_colours,
    photograph_views,
    photographs_can_be_read,
)

__all__ = [
    "EMBEDDERS",
    "ImageEmbedder",
    "photograph_appearances",
    "photograph_colours",
    "photograph_views",
    "photographs_can_be_read",
]
