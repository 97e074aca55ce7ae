"""Reading what goes between page and server: which files are spoken of, and which links lead out."""

import json
import re
from collections.abc import Iterator

__all__ = ["addresses_in", "outward_links_removed", "paths_in"]

# What the page's frame would load, or open a connection for, from other machines.
_OUTWARD = re.compile(
    rb"<link\b[^>]*\bhref\s*=\s*[\"']?(?:https?:)?//[^>]*>"
    rb"|<script\b[^>]*\bsrc\s*=\s*[\"']?(?:https?:)?//[^>]*>\s*</script>"
    rb"|<meta\b[^>]*\bcontent\s*=\s*[\"']?(?:https?:)?//[^>]*>",
    re.IGNORECASE,
)


def paths_in(value: object) -> Iterator[str]:
    """Every file that a message names: ``path`` or ``url`` of a dict, as Gradio describes files.

    Examples
    --------
    >>> list(paths_in([{"path": "/a", "meta": {}}, "/b", {"x": [{"path": None}]}]))
    ['/a']
    """
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            path = item.get("path")
            if isinstance(path, str) and path:
                yield path
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


def addresses_in(body: bytes) -> set[str]:
    """The files that an answer names; of an upload, a list of paths.

    Examples
    --------
    >>> sorted(addresses_in(b'["/a", "/b"]')), addresses_in(b'{"output": {"path": "/c"}}'), addresses_in(b"no JSON")
    (['/a', '/b'], {'/c'}, set())
    """
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return set()
    if isinstance(message, list) and all(isinstance(item, str) for item in message):
        return set(message)
    return set(paths_in(message))


def outward_links_removed(body: bytes) -> bytes:
    """A page without what it would load from other machines.

    Examples
    --------
    >>> outward_links_removed(b'<link rel="preconnect" href="https://fonts.example" /><link href="a.css">')
    b'<link href="a.css">'
    """
    return _OUTWARD.sub(b"", body)
