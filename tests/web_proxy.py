"""A reverse proxy for tests, as JupyterHub's: everything below a prefix goes to a server that knows of no prefix."""

import asyncio
import contextlib
import threading


class PrefixProxy:
    """Answers at ``address`` what ``target`` does at its root; the names of hosts pass through, as the hub lets them.

    Parameters
    ----------
    prefix : str
        Such as ``/user/me/proxy/7860``.

    Attributes
    ----------
    port : int
    target : int
        Port of the server behind it; set before the first request.
    seen : list of str
        Request lines as they came.
    """

    def __init__(self, prefix):
        self.prefix, self.target, self.seen = prefix, 0, []
        self._loop, ready = asyncio.new_event_loop(), threading.Event()

        async def begin():
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.port = self._server.sockets[0].getsockname()[1]
            ready.set()

        def work():
            asyncio.set_event_loop(self._loop)
            self._loop.run_until_complete(begin())
            self._loop.run_forever()

        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()
        ready.wait(10)

    def close(self):
        """Hang up, on everyone."""

        def end():
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            asyncio.gather(*tasks, return_exceptions=True).add_done_callback(lambda _: self._loop.stop())

        self._server.close()
        self._loop.call_soon_threadsafe(end)
        self._thread.join(10)
        self._loop.close()

    async def _serve(self, reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._pass(reader, writer)
        with contextlib.suppress(OSError, RuntimeError):
            writer.close()

    async def _pass(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *headers = head.rstrip("\r\n").split("\r\n")
        method, path, version = line.split(" ", 2)
        self.seen.append(f"{method} {path}")
        if not path.startswith(self.prefix + "/"):
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            return
        kept = [each for each in headers if each.partition(":")[0].lower() != "connection"]
        added = [
            f"{name}: {self.prefix}" for name in ("X-Forwarded-Prefix", "X-Forwarded-Context", "X-ProxyContextPath")
        ]
        added += ["X-Forwarded-For: 192.0.2.7", "Connection: close"]
        theirs, ours = await asyncio.open_connection("127.0.0.1", self.target)
        request = [f"{method} {path.removeprefix(self.prefix)} {version}", *kept, *added, "", ""]
        ours.write("\r\n".join(request).encode("latin-1"))
        there = asyncio.create_task(self._copy(reader, ours))
        try:
            await self._copy(theirs, writer)
        finally:
            there.cancel()
            ours.close()

    async def _copy(self, reader, writer):
        while content := await reader.read(65536):
            writer.write(content)
            await writer.drain()
