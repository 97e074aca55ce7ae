"""What the pages are put together from: text that is safe to show, pictures with words for them, progress, handlers."""

import base64
import io
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from html import escape
from inspect import isgeneratorfunction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit._core.printable import printable
from toolkit.exceptions import ToolkitError
from toolkit.web._process import Job

__all__ = [
    "bind",
    "figure_png",
    "findings",
    "follow",
    "image_png",
    "picture",
    "progress",
    "said",
    "say_again",
    "thumbnails",
    "warned",
]

_EVERY = 0.4  # seconds from one look at work to the next
_SETTLES = 3.0  # seconds until a busy browser has surely drawn what it was told
_EXPECTED = (ToolkitError, OSError, ValueError, TypeError, LookupError)


def said(text: object) -> str:
    """A line of status, whatever is in it as text."""
    return f'<p class="said" role="status">{escape(printable(text))}</p>'


def warned(text: object) -> str:
    """A line that says what went wrong."""
    return f'<p class="said warned" role="alert">{escape(printable(text))}</p>'


def findings(sentences: Iterable[str]) -> str:
    """Sentences as a list.

    Examples
    --------
    >>> findings(["3 < 4"])
    '<ul class="findings"><li>3 &lt; 4</li></ul>'
    """
    return f'<ul class="findings">{"".join(f"<li>{escape(printable(text))}</li>" for text in sentences)}</ul>'


def progress(job: Job) -> str:
    """How far some work is, with the time that is left."""
    percent, left = round(100 * job.share), job.seconds_left
    words = [f"{job.stage or 'at work'}", f"{percent} %"]
    if left is not None and 0.01 < job.share < 1.0:
        words.append(f"about {_clock(left)} left")
    label = escape(printable(", ".join(words)))
    bar = f'<div class="progress" role="status"><progress max="100" value="{percent}"></progress><p>{label}</p></div>'
    notice, until = job.notice
    return bar + warned(notice) if time.monotonic() < until else bar


def _clock(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"


def picture(content: bytes, words: str, *, kind: str = "png", name: str = "") -> str:
    """A picture as part of the page, with words for who does not see it."""
    data = base64.b64encode(content).decode()
    label = escape(printable(words), quote=True)
    return f'<img class="picture {escape(name, quote=True)}" src="data:image/{kind};base64,{data}" alt="{label}">'


def image_png(image: ArrayLike, scale: Any = None) -> bytes:
    """One image of a set as PNG, pixel for pixel.

    Parameters
    ----------
    image : array-like of shape (height, width) or (height, width, 3)
    scale : PixelScale, optional
        From black to white; learnt from the image when None.
    """
    buffer = io.BytesIO()
    as_pil(image, scale).save(buffer, format="PNG")
    return buffer.getvalue()


def as_pil(image: ArrayLike, scale: Any = None):
    """One image of a set for Pillow, in 8 bits."""
    from PIL import Image

    from toolkit._core.pixel_scale import PixelScale

    values = np.asarray(image)
    if values.dtype != np.uint8:
        scale = PixelScale.learn(values) if scale is None else scale
        values = np.rint(255.0 * np.clip(scale.to_unit(values), 0.0, 1.0)).astype(np.uint8)
    return Image.fromarray(values)


def thumbnails(images: Iterable[ArrayLike], words: Iterable[str], scale: Any = None) -> str:
    """A row of small images, each with its words below."""
    cells = [
        f"<figure>{picture(image_png(image, scale), text)}<figcaption>{escape(printable(text))}</figcaption></figure>"
        for image, text in zip(images, words)
    ]
    return f'<div class="strip">{"".join(cells)}</div>'


def figure_png(display: Any) -> bytes:
    """A display of :mod:`toolkit.plots` as PNG."""
    if not hasattr(display, "figure_"):
        display.plot()
    return png(display.figure_)


def png(figure: Any) -> bytes:
    """A figure of matplotlib as PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=96, bbox_inches="tight")
    return buffer.getvalue()


def follow(job: Job) -> Iterator[None]:
    """Look at some work time and again until it is over."""
    while job.running:
        yield
        time.sleep(_EVERY)


def say_again(news: Iterable[dict], clock: Callable[[], float] = time.monotonic) -> Iterator[dict]:
    """What a handler tells of components, each of it again with what follows within some seconds.

    A busy browser draws only the last of several messages, and where that is silent on a component, what an earlier one
    said of it is lost.
    """
    told: dict[Any, tuple[float, Any]] = {}
    for new in news:
        now = clock()
        told = {component: (since, value) for component, (since, value) in told.items() if now - since < _SETTLES}
        again = {component: value for component, (_, value) in told.items()}
        told |= {component: (now, value) for component, value in new.items()}
        yield again | new


def bind(gr: Any, event: Callable, handler: Callable, inputs: list, outputs: list, *, selects: bool = False) -> Any:
    """Tie a handler to an event of a page.

    A handler gets the request, what was selected if ``selects``, and the values of ``inputs``; it gives (or, a
    generator, yields) a dict of components to values. What it raises for a visitor's mistake becomes a line in
    ``outputs[0]``, and nothing else changes. No event can be called by a name.
    """

    root = getattr(getattr(handler, "__self__", None), "root", None)

    def refused(error):
        if not isinstance(error, _EXPECTED):
            traceback.print_exception(error, file=sys.stderr)
            return {outputs[0]: warned(f"That did not work ({type(error).__name__}); the server's log says more.")}
        # As from the folder that is served: where that lies is the server's business.
        words = " ".join(str(error).split()).replace(f"{root}{os.sep}", "")
        return {outputs[0]: warned(words or type(error).__name__)}

    def begin(request, first, values):
        given = (request, first, *values) if selects else (request, *values)
        return handler(*given)

    if isgeneratorfunction(handler):

        def told(request, first, values):
            try:
                yield from begin(request, first, values)
            except Exception as error:
                yield refused(error)

        def called(request, first, *values):
            yield from say_again(told(request, first, values))
    else:

        def called(request, first, *values):
            try:
                return begin(request, first, values)
            except Exception as error:
                return refused(error)

    if selects:
        called.__annotations__ = {"request": gr.Request, "first": gr.SelectData}
        function = called
    elif isgeneratorfunction(handler):

        def function(request, *values):
            yield from called(request, None, *values)

        function.__annotations__ = {"request": gr.Request}
    else:

        def function(request, *values):
            return called(request, None, *values)

        function.__annotations__ = {"request": gr.Request}
    return event(
        function,
        inputs=inputs,
        outputs=outputs,
        show_progress="hidden",
        api_visibility="private",
        concurrency_limit=None,
    )
