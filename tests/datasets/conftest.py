"""A local HTTP server that behaves as badly as it is told to."""

import contextlib
import http.server
import threading

import pytest


class Server(http.server.ThreadingHTTPServer):
    """Serves ``files``; behaves as told, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self, files, *, cut_after=None, cuts=10**9, ranges=True, statuses=(), then=()):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.cut_after, self.cuts, self.ranges = files, cut_after, cuts, ranges
        self.statuses, self.then = list(statuses), list(then)
        self.requests = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        server = self.server
        server.requests.append((self.path, self.headers.get("Range")))
        content = server.files.get(self.path.lstrip("/"))
        if server.statuses:
            return self.send_error(server.statuses.pop(0))
        if content is None:
            return self.send_error(404)
        asked, total = self.headers.get("Range"), len(content)
        if asked and server.ranges:
            first = int(asked.removeprefix("bytes=").rstrip("-"))
            if first >= total:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{total}")
                self.send_header("Content-Length", "0")
                return self.end_headers()
            content = content[first:]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{total - 1}/{total}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        cut = server.cut_after is not None and len(content) > server.cut_after and server.cuts > 0
        with contextlib.suppress(OSError):
            self.wfile.write(content[: server.cut_after] if cut else content)
        if cut:
            server.cuts -= 1
            server.statuses += server.then
            self.close_connection = True
        return None


@contextlib.contextmanager
def _serving(files, **behaviour):
    server = Server(files, **behaviour)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def serving(monkeypatch):
    """Context manager ``serving(files, **behaviour)`` that yields a :class:`Server`, asked without any proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return _serving
