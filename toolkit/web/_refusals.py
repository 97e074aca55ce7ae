"""Answers of the guard itself: a line of text, and the page that asks for the token."""

from toolkit.web._look import ICON

__all__ = ["plain", "sign_in"]

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>toolkit</title>
<meta name="viewport" content="width=device-width, initial-scale=1">{icon}
<style>:root{{color-scheme:light dark}}body{{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;
padding:0 1rem}}input,button{{font:inherit;padding:.4rem .6rem}}input{{width:100%;box-sizing:border-box;margin:.5rem 0}}
</style></head><body><main><h1>toolkit</h1><p role="status">{said}</p>
<form method="get" action=""><label for="token">Token</label><input id="token" name="token" type="password"
autocomplete="off" autofocus required><button type="submit">Open</button></form></main></body></html>"""


async def plain(send, status, text, headers=()):
    """Answer with a line of text."""
    await _respond(send, status, text.encode(), b"text/plain; charset=utf-8", headers)


async def sign_in(send, status, *, wrong):
    """Ask for the token."""
    said = "That is not the token." if wrong else "This workbench opens with a token."
    said += " It is in the address that <code>toolkit serve</code> printed when it started."
    await _respond(send, status, _PAGE.format(said=said, icon=ICON).encode(), b"text/html; charset=utf-8", ())


async def _respond(send, status, body, kind, headers):
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
