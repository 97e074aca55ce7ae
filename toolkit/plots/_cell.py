"""An image of a mosaic; a module of its own, since it needs matplotlib, which is imported where something is drawn."""

from matplotlib.backend_bases import RendererBase
from matplotlib.image import AxesImage

__all__ = ["Cell"]


class Cell(AxesImage):
    """An image that is left out where a figure is only laid out: matplotlib draws twice, and shows one of them."""

    def draw(self, renderer: RendererBase) -> None:
        """Draw, unless nothing is to be seen of it."""
        # Where nothing is, methods of the renderer are replaced, this one of no renderer otherwise.
        if "open_group" not in vars(renderer):
            super().draw(renderer)
