"""The server: its own temporary folder, a token, and an orderly end."""

import contextlib
import errno
import logging
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from toolkit._core.optional import import_optional
from toolkit._core.parameters import check_int
from toolkit._core.printable import printable
from toolkit._core.types import PathLike
from toolkit.web._own_folder import own_folder
from toolkit.web._visits import Visits

__all__ = ["serve"]

_PORTS = 50  # tried one after another where none was asked for
_FIRST_PORT = 8765
_LEAVE = 5.0  # seconds in which a tab that was cut off may come back
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def serve(
    root: PathLike = ".",
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    token: str | None = None,
    root_path: str = "",
    allow_hosts: Sequence[str] = (),
    max_upload: int = 2**28,
    max_jobs: int | None = None,
    say: Callable[[str], object] = print,
) -> None:
    """Open the workbench, and keep it open until Ctrl-C or SIGTERM.

    Parameters
    ----------
    root : path-like, default="."
        The folder below which visitors may read, and write results. Nothing else is shown to them.
    host : str, default="127.0.0.1"
        Address to listen on.
    port : int, optional
        By default the first that is free from 8765 on; 0 takes any.
    token : str, optional
        What a browser has to bring; by default a new one each time.
    root_path : str, default=""
        Where a proxy shows the server, such as ``/user/ada/proxy/8765`` of JupyterHub.
    allow_hosts : sequence of str
        Further names, with their port where there is one, by which a proxy asks for the server.
    max_upload : int, default=2**28
        Bytes of one upload.
    max_jobs : int, optional
        Pieces of long work at the same time, of all visitors together; by default one for each processor, 2 at least.
    say : callable, default=print
        Told the address.

    Raises
    ------
    MissingDependencyError
        Gradio is not installed: ``pip install 'toolkit[web]'``.
    OSError
        The root is no folder, or the port is taken.
    ValueError
        A parameter out of range.
    """
    root = Path(root).resolve()
    if not root.is_dir():
        what = "which is no folder" if root.exists() else "which does not exist"
        raise NotADirectoryError(f"root must be a folder, got {printable(root)}, {what}.")
    check_int("port", port, 0, optional=True)
    check_int("max_upload", max_upload)
    check_int("max_jobs", max_jobs, optional=True)
    if root_path and not root_path.startswith("/"):
        raise ValueError(f"root_path must begin with a slash, got {root_path!r}.")
    if token is not None and len(token) < 16:
        raise ValueError("token must have at least 16 characters.")
    token = token or secrets.token_urlsafe(32)
    with own_folder() as folder, _bound(host, port) as listening, _own_environment():
        port = listening.getsockname()[1]
        visits = Visits(folder, max_jobs or max(2, os.cpu_count() or 1))
        try:
            app = _make_app(root, folder, visits, host, port, token, root_path, allow_hosts, max_upload)
            shown = f"[{host}]" if ":" in host else host
            say(f"Workbench of {root}\n  http://{shown}:{port}/?token={token}\nCtrl-C ends it.")
            _run(app, listening)
        finally:
            visits.close_all()


def _make_app(root, folder, visits, host, port, token, root_path, allow_hosts, max_upload):
    """The pages behind their guard."""
    gradio = load_gradio(folder)
    fastapi = import_optional("fastapi", purpose="the workbench", extra="web")
    from toolkit.web._guard import Guard
    from toolkit.web._look import CSS, HEAD, theme
    from toolkit.web._pages import build_pages

    demo = build_pages(gradio, root, visits)
    app = gradio.mount_gradio_app(
        fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None),
        demo,
        path="/",
        server_name=host,
        server_port=port,
        root_path=root_path or None,
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=max_upload,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=theme(gradio),
        css=CSS,
        head=HEAD,
    )
    names = {host, *_LOOPBACK} if host in (*_LOOPBACK, "::1") else {host, socket.gethostname(), *_LOOPBACK}
    hosts = {f"{name}:{port}".lower() for name in names} | {name.lower() for name in allow_hosts}
    if port == 80:
        hosts |= {name.lower() for name in names}
    tabs = _Tabs(visits)
    return Guard(
        app,
        token=token,
        hosts=hosts,
        max_upload=max_upload,
        root_path=root_path,
        cookie=f"toolkit-{port}",
        on_open=tabs.opened,
        on_close=tabs.closed,
    )


def load_gradio(folder: Path):
    """Gradio, without its telephone: no analytics, no check of versions, no hub, its files in our folder.

    Parameters
    ----------
    folder : Path
    """
    cache, other = folder / "files", folder / "other"
    cache.mkdir(exist_ok=True)
    other.mkdir(exist_ok=True)
    os.environ |= {
        # Of what works in processes of its own: whatever it leaves is gone with the rest.
        "TMPDIR": str(other),
        "TORCHINDUCTOR_CACHE_DIR": str(other / "inductor"),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_TEMP_DIR": str(cache),
        "GRADIO_EXAMPLES_CACHE": str(folder / "examples"),
        "GRADIO_SSR_MODE": "False",
        "GRADIO_SHARE": "False",
        "GRADIO_RUN_HISTORY": "False",
        "GRADIO_VIBE_MODE": "",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    return import_optional("gradio", purpose="the workbench", extra="web")


class _Tabs:
    """Ends a visit when its tab has been gone for some seconds."""

    def __init__(self, visits: Visits):
        self._visits, self._lock = visits, threading.Lock()
        self._open: dict[str, int] = {}

    def opened(self, session: str) -> None:
        with self._lock:
            self._open[session] = self._open.get(session, 0) + 1

    def closed(self, session: str) -> None:
        with self._lock:
            self._open[session] = self._open.get(session, 1) - 1
        timer = threading.Timer(_LEAVE, self._leave, (session,))
        timer.daemon = True
        timer.start()

    def _leave(self, session):
        with self._lock:
            if self._open.get(session, 0) > 0:
                return
            self._open.pop(session, None)
        self._visits.close(session)


@contextlib.contextmanager
def _own_environment() -> Iterator[None]:
    """Leave the variables of the process as they were found."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _bound(host: str, port: int | None) -> Iterator[socket.socket]:
    """A socket that listens where it was asked to, or at the first port that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    wanted = range(_FIRST_PORT, _FIRST_PORT + _PORTS) if port is None else [port]
    for place in wanted:
        listening = socket.socket(family, socket.SOCK_STREAM)
        if sys.platform != "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, place))
            listening.listen(128)
        except OSError as error:
            listening.close()
            if place == wanted[-1]:
                taken = error.errno == errno.EADDRINUSE
                hint = (
                    " Another server is there: name another port, or none to get the first that is free."
                    if taken
                    else ""
                )
                raise OSError(f"port {place} of {host} cannot be had: {error.strerror or error}.{hint}") from error
            continue
        with listening:
            yield listening
        return


def _run(app, listening):
    """Answer until Ctrl-C or SIGTERM; both end it the same way."""
    uvicorn = import_optional("uvicorn", purpose="the workbench", extra="web")
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=30,
    )
    server = uvicorn.Server(config)
    in_main_thread = threading.current_thread() is threading.main_thread()
    handlers = {}

    def leave(number, frame):
        # Tabs that are open keep connections, which are cut now: no news for whoever pressed Ctrl-C.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        server.should_exit = True

    # uvicorn would raise the signal again when it has ended; here that is the ordinary end.
    server.capture_signals = contextlib.nullcontext
    if in_main_thread:
        handlers = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[listening])
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
