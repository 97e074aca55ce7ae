"""What stands before the pages: who may ask, for what, and how much of it.

Every address needs the token, which a browser brings once and then has a cookie for. A cookie is a visitor: files are
given to those alone to whom their address was sent, sessions answer to those alone who opened them. Pages may load
nothing from elsewhere. What the pages do not need is not there.
"""

import hmac
import json
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from toolkit.web._look import ICON
from toolkit.web._messages import addresses_in, outward_links_removed, paths_in
from toolkit.web._refusals import plain, sign_in

__all__ = ["Guard"]

_API = "/gradio_api"
_MOST_BODY = 2**22  # bytes of an event; uploads have a limit of their own
_MOST_SESSIONS, _MOST_FILES, _MOST_VISITORS = 64, 20_000, 1000
_PAGES = ("/", "/config", "/theme.css", "/favicon.ico", "/manifest.json")
_FOLDERS = ("/assets/", "/static/", "/svelte/")
_CALLS = tuple(f"{_API}{name}" for name in ("/info", "/startup-events", "/upload_progress", "/theme.css"))
_EVENTS = tuple(f"{_API}{name}" for name in ("/queue/join", "/cancel", "/reset", "/reset/"))

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-dns-prefetch-control", b"off"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class _Visitor:
    """Who came with the token: what was sent to them, and which sessions they opened."""

    def __init__(self):
        self.files: OrderedDict[str, None] = OrderedDict()
        self.sessions: OrderedDict[str, None] = OrderedDict()
        self.uploaded = 0

    def give(self, paths: Iterable[str]) -> None:
        for path in paths:
            self.files[path] = None
            self.files.move_to_end(path)
        while len(self.files) > _MOST_FILES:
            self.files.popitem(last=False)


class Guard:
    """An ASGI application around another.

    Parameters
    ----------
    app : ASGI application
    token : str
    hosts : set of str
        Names, with their port where it is not the usual one, by which the server may be asked for.
    max_upload : int
        Bytes of one upload; of one visitor, all together may be four times as much.
    root_path : str
        The path under which a proxy shows the server.
    cookie : str
        Its name. Cookies are shared by all ports of a machine, so each server has another one.
    on_open, on_close : callable
        Told the name of a session when its tab is opened, and when it is closed.
    """

    def __init__(
        self,
        app: Callable,
        *,
        token: str,
        hosts: set[str],
        max_upload: int,
        root_path: str = "",
        cookie: str = "toolkit",
        on_open: Callable[[str], None] = lambda session: None,
        on_close: Callable[[str], None] = lambda session: None,
    ) -> None:
        self._app, self._token, self._hosts, self._max_upload = app, token, hosts, max_upload
        self._root, self._cookie, self._on_open, self._on_close = root_path.rstrip("/"), cookie, on_open, on_close
        self._visitors: OrderedDict[str, _Visitor] = OrderedDict()
        self._owners: dict[str, _Visitor] = {}

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._answer(self._with_known_names(scope), receive, _with_headers(send))
        else:  # no page opens a websocket
            await send({"type": "websocket.close", "code": 1008})

    async def _answer(self, scope, receive, send):
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        path, method = scope["path"], scope["method"]
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        if headers.get(b"host", "").lower() not in self._hosts:
            return await plain(send, 403, "This server does not go by that name (see --allow-host).")
        if not self._same_origin(headers):
            return await plain(send, 403, "Asked for by another site.")
        if method not in ("GET", "HEAD", "POST"):
            return await plain(send, 405, "GET, HEAD and POST only.")
        visitor = self._visitor(headers)
        if visitor is None:
            return await self._sign_in(path, method, query, send)
        if path == "/" and "token" in query:
            return await self._redirect(send)  # who has the cookie needs no token in the address
        if path in _EVENTS and method == "POST":
            return await self._event(visitor, scope, receive, send)
        if path == f"{_API}/upload" and method == "POST":
            return await self._upload(visitor, scope, headers, receive, send)
        if method == "POST":
            return await plain(send, 404, "There is nothing of that name.")
        if path == f"{_API}/queue/data":
            return await self._stream(visitor, query, scope, receive, send)
        if path.startswith(f"{_API}/heartbeat/"):
            return await self._heartbeat(visitor, path.rsplit("/", 1)[1], scope, receive, send)
        if path.startswith(f"{_API}/file="):
            if path.removeprefix(f"{_API}/file=") not in visitor.files:
                return await plain(send, 403, "No such file was sent to you.")
            return await self._app(scope, receive, send)
        if path in ("/", "/config"):
            return await self._app(scope, receive, _Rewritten(send, _page))
        if path in _PAGES or path in _CALLS or (path.startswith(_FOLDERS) and ".." not in path):
            return await self._app(scope, receive, send)
        return await plain(send, 404, "There is nothing of that name.")

    # Who asks

    def _with_known_names(self, scope):
        """The request, without the name that a proxy says it was asked by unless that is one of ours: the pages make
        addresses of it."""
        kept = [
            (name, value)
            for name, value in scope["headers"]
            if name.lower() != b"x-forwarded-host"
            or value.decode("latin-1").partition(",")[0].strip().lower() in self._hosts
        ]
        return scope | {"headers": kept}

    def _same_origin(self, headers):
        origin = headers.get(b"origin")
        if origin is not None and urlsplit(origin).netloc.lower() not in self._hosts:
            return False
        # A link from elsewhere may open the page; nothing else that another site begins is answered.
        site, mode = headers.get(b"sec-fetch-site"), headers.get(b"sec-fetch-mode")
        return site not in ("cross-site", "same-site") or mode == "navigate"

    def _visitor(self, headers):
        for part in headers.get(b"cookie", "").split(";"):
            name, _, value = part.strip().partition("=")
            if name == self._cookie and value in self._visitors:
                return self._visitors[value]
        return None

    async def _sign_in(self, path, method, query, send):
        given = query.get("token", [""])[-1]
        if path != "/" or method == "POST":
            return await plain(send, 401, "The address with the token, as printed by `toolkit serve`, comes first.")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self._token.encode()):
            return await sign_in(send, 403 if given else 401, wrong=bool(given))
        key = secrets.token_urlsafe(32)
        self._visitors[key] = _Visitor()
        while len(self._visitors) > _MOST_VISITORS:
            self._visitors.popitem(last=False)
        cookie = f"{self._cookie}={key}; Path={self._root or ''}/; HttpOnly; SameSite=Lax"
        return await self._redirect(send, cookie)

    async def _redirect(self, send, cookie=None):
        """To the address without the token, so that it stays in no history."""
        headers = [(b"location", f"{self._root}/".encode()), (b"cache-control", b"no-store")]
        if cookie is not None:
            headers.append((b"set-cookie", cookie.encode()))
        await plain(send, 303, "", headers)

    def _owns(self, visitor, session):
        """Whether the session is this visitor's, as it is from its first request on."""
        if not isinstance(session, str) or not 6 <= len(session) <= 64 or not session.isalnum():
            return False
        owner = self._owners.setdefault(session, visitor)
        if owner is not visitor:
            return False
        visitor.sessions[session] = None
        while len(visitor.sessions) > _MOST_SESSIONS:
            old, _ = visitor.sessions.popitem(last=False)
            self._owners.pop(old, None)
            self._on_close(old)
        return True

    # What is asked

    async def _event(self, visitor, scope, receive, send):
        body = await _read(receive, _MOST_BODY)
        if body is None:
            return await plain(send, 413, "More than a page sends.")
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            return await plain(send, 400, "No JSON.")
        if not isinstance(message, dict) or not self._owns(visitor, message.get("session_hash")):
            return await plain(send, 403, "Not your session.")
        if any(path not in visitor.files for path in paths_in(message.get("data"))):
            return await plain(send, 403, "No such file was sent to you, or by you.")
        return await self._app(scope, _replay(body, receive), send)

    async def _upload(self, visitor, scope, headers, receive, send):
        declared = headers.get(b"content-length", "")
        allowed = min(self._max_upload, 4 * self._max_upload - visitor.uploaded)
        margin = 2**16  # what a form has around its file
        if declared and (not declared.isdigit() or int(declared) > allowed + margin):
            return await plain(send, 413, f"Uploads are limited to {self._max_upload / 2**20:,.0f} MB.")
        counted = _Counted(receive, allowed + margin)
        answer = _Rewritten(send, lambda body: (visitor.give(addresses_in(body)), body)[1], unless=counted.is_too_much)
        try:
            await self._app(scope, counted, answer)
        except Exception:
            if not counted.is_too_much():
                raise
        finally:
            visitor.uploaded += counted.n_bytes
        if counted.is_too_much() and not answer.begun:
            await plain(send, 413, f"Uploads are limited to {self._max_upload / 2**20:,.0f} MB.")

    async def _stream(self, visitor, query, scope, receive, send):
        if not self._owns(visitor, query.get("session_hash", [""])[-1]):
            return await plain(send, 403, "Not your session.")

        kept = b""

        async def watching(message):
            nonlocal kept
            if message["type"] == "http.response.body":
                *whole, kept = (kept + message.get("body", b"")).split(b"\n\n")
                for event in whole:
                    visitor.give(addresses_in(event.strip().removeprefix(b"data:")))
            await send(message)

        await self._app(scope, receive, watching)

    async def _heartbeat(self, visitor, session, scope, receive, send):
        if not self._owns(visitor, session):
            return await plain(send, 403, "Not your session.")
        self._on_open(session)
        try:
            await self._app(scope, receive, send)
        finally:
            self._on_close(session)


def _page(body):
    return outward_links_removed(body).replace(b"<head>", b"<head>" + ICON.encode(), 1)


class _TooMuchError(Exception):
    """More bytes than are allowed."""


class _Counted:
    """``receive`` that ends an upload when it has become too large."""

    def __init__(self, receive, most):
        self._receive, self._most, self.n_bytes = receive, most, 0

    async def __call__(self):
        message = await self._receive()
        self.n_bytes += len(message.get("body", b""))
        if self.is_too_much():
            raise _TooMuchError
        return message

    def is_too_much(self):
        return self.n_bytes > self._most


class _Rewritten:
    """``send`` that holds an answer back until it is whole, and hands it on as ``rewrite`` makes it, or not at all."""

    def __init__(self, send, rewrite: Callable[[bytes], bytes], *, unless: Callable[[], bool] = lambda: False):
        self._send, self._rewrite, self._unless, self._body = send, rewrite, unless, b""
        self._start: dict[str, Any] = {}
        self.begun = False

    async def __call__(self, message: dict[str, Any]) -> None:
        if self._unless():
            return
        if message["type"] == "http.response.start":
            self._start = message
            return
        if message["type"] != "http.response.body":
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = self._rewrite(self._body)
        headers = [(name, value) for name, value in self._start["headers"] if name.lower() != b"content-length"]
        self.begun = True
        await self._send(self._start | {"headers": [*headers, (b"content-length", str(len(body)).encode())]})
        await self._send({"type": "http.response.body", "body": body})


async def _read(receive, most):
    """The whole body, None where it is too long."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > most:
            return None
        if not message.get("more_body") or message["type"] == "http.disconnect":
            return body


def _replay(body, receive):
    """``receive`` that begins with a body that was read already."""
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def again():
        return left.pop() if left else await receive()

    return again


def _with_headers(send):
    own = {name for name, _ in _HEADERS}

    async def sending(message):
        if message["type"] == "http.response.start":
            others = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in own]
            message = message | {"headers": [*others, *_HEADERS]}
        await send(message)

    return sending
