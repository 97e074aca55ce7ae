"""Downloads against a local server that cuts connections, ignores ranges, refuses, or sends the wrong thing."""

import contextlib
import gzip
import hashlib

import numpy as np
import pytest
import requests
from prepared import start

from toolkit.datasets import ResumingDownloader
from toolkit.exceptions import DataFormatError

CONTENT = np.random.default_rng(0).integers(256, size=3_000_000, dtype=np.uint8).tobytes()
CUT = 10 * 2**16  # a cut in mid-chunk loses that chunk; whole ones can be counted exactly


def downloader(folder, **options):
    return ResumingDownloader(folder, **({"wait": 0.01, "timeout": 5.0} | options))


def test_a_whole_file(tmp_path, serving):
    with serving({"a": CONTENT}) as server:
        downloader(tmp_path)(f"{server.url}/a", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == CONTENT
    assert server.requests == [("/a", None)]
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"], "no partial file stays"


def test_a_cut_download_goes_on_where_it_stopped(tmp_path, serving):
    with serving({"a": CONTENT}, cut_after=CUT) as server:
        downloader(tmp_path, n_retries=1)(f"{server.url}/a", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == CONTENT
    starts = [int(asked.removeprefix("bytes=").rstrip("-")) for _, asked in server.requests[1:]]
    # More cuts than retries are allowed: each brought something, and nothing was sent twice.
    assert len(starts) == 4
    assert starts == [CUT, 2 * CUT, 3 * CUT, 4 * CUT]


def test_it_goes_on_in_another_process(tmp_path, serving):
    """What has arrived outlives the downloader: another one, later, asks for the rest only."""
    with serving({"a": CONTENT}, cut_after=CUT, cuts=1, then=[404]) as server:
        with pytest.raises(requests.exceptions.HTTPError, match="404"):
            downloader(tmp_path)(f"{server.url}/a", tmp_path / "out")
        assert not (tmp_path / "out").exists()
        downloader(tmp_path)(f"{server.url}/a", tmp_path / "out")
        assert server.requests[-1] == ("/a", f"bytes={CUT}-")
    assert (tmp_path / "out").read_bytes() == CONTENT


def test_a_server_that_ignores_range(tmp_path, serving):
    with serving({"a": CONTENT}, cut_after=CUT, cuts=2, ranges=False) as server:
        downloader(tmp_path)(f"{server.url}/a", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == CONTENT, "what was sent again replaces, it is not appended"
    assert [asked for _, asked in server.requests] == [None, f"bytes={CUT}-", f"bytes={CUT}-"]


def test_a_server_that_ignores_range_and_always_cuts_is_given_up(tmp_path, serving):
    with serving({"a": CONTENT}, cut_after=CUT, ranges=False) as server:
        with pytest.raises(requests.exceptions.RequestException):
            downloader(tmp_path, n_retries=3)(f"{server.url}/a", tmp_path / "out")
        assert len(server.requests) == 1 + 3 + 1  # the first brought something, then three retries and the last straw
    assert not (tmp_path / "out").exists()


def test_a_partial_file_that_is_whole_already(tmp_path, serving):
    with serving({"a": CONTENT}) as server:
        fetch = downloader(tmp_path)
        fetch.partial_path(f"{server.url}/a").write_bytes(CONTENT)
        fetch(f"{server.url}/a", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == CONTENT


def test_a_partial_file_that_is_too_long(tmp_path, serving):
    with serving({"a": CONTENT}) as server:
        fetch = downloader(tmp_path)
        fetch.partial_path(f"{server.url}/a").write_bytes(CONTENT + b"of another file")
        fetch(f"{server.url}/a", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == CONTENT


def test_a_busy_server_is_asked_again_and_a_refusal_is_final(tmp_path, serving):
    with serving({"a": CONTENT}, statuses=[503]) as server:
        downloader(tmp_path)(f"{server.url}/a", tmp_path / "out")
        assert len(server.requests) == 2
        with pytest.raises(requests.exceptions.HTTPError, match="404"):
            downloader(tmp_path)(f"{server.url}/missing", tmp_path / "out2")
        assert len(server.requests) == 3
    assert (tmp_path / "out").read_bytes() == CONTENT


def test_nobody_there_is_known_soon(tmp_path, serving):
    with serving({}) as server:
        url = server.url
    with pytest.raises(requests.exceptions.ConnectionError):
        downloader(tmp_path, n_retries=50)(f"{url}/a", tmp_path / "out")


def test_pooch_takes_it(tmp_path, serving):
    import pooch

    digest = hashlib.sha256(CONTENT).hexdigest()
    with serving({"a": CONTENT}, cut_after=CUT) as server:
        path = pooch.retrieve(f"{server.url}/a", digest, fname="a", path=tmp_path, downloader=downloader(tmp_path))
        assert downloader(tmp_path)(f"{server.url}/a", None, check_only=True) is False  # no HEAD here: 501
    with open(path, "rb") as file:
        assert file.read() == CONTENT


def test_bytes_arrive_as_they_are(tmp_path, serving):
    """A .gz is not unpacked on the way, and the progress bar can be shown."""
    packed = gzip.compress(b"abc" * 1000)
    with serving({"a.gz": packed}) as server:
        downloader(tmp_path, verbose=True)(f"{server.url}/a.gz", tmp_path / "out")
        with open(tmp_path / "out2", "wb") as file:
            downloader(tmp_path)(f"{server.url}/a.gz", file)
    assert (tmp_path / "out").read_bytes() == (tmp_path / "out2").read_bytes() == packed


@pytest.mark.parametrize("announced", [True, False])
def test_a_download_has_a_cap(tmp_path, serving, announced):
    with serving({"a": CONTENT}) as server:
        fetch = downloader(tmp_path, max_bytes=len(CONTENT) - 1 if announced else 100_000)
        with pytest.raises(DataFormatError, match="bytes expected of it"):
            fetch(f"{server.url}/a", tmp_path / "out")
        assert list(tmp_path.iterdir()) == [], "neither the file nor a part of it stays"
        downloader(tmp_path, max_bytes=len(CONTENT))(f"{server.url}/a", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == CONTENT


def test_a_server_that_never_ends_is_left(tmp_path):
    """Nothing is announced, and bytes come for as long as anybody listens."""
    import http.server
    import threading

    class Endless(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(bytes(2**14))

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with pytest.raises(DataFormatError, match="more than the 1,000,000 bytes"):
                downloader(tmp_path, max_bytes=10**6)(f"http://127.0.0.1:{server.server_port}/a", tmp_path / "out")
        finally:
            server.shutdown()
    assert list(tmp_path.iterdir()) == []


_KILLED = """
import sys
from pathlib import Path
from toolkit.datasets import _cache
_cache.download(Path(sys.argv[1]), [sys.argv[2]], lambda path: None, max_bytes=10**9)
"""


def test_a_killed_download_leaves_nothing_but_what_the_next_one_goes_on_from(tmp_path):
    """A server that sends a part and waits; the process is killed, and a second one finishes."""
    import http.server
    import signal
    import threading
    import time

    waiting = threading.Event()

    class Slow(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            first = self.headers.get("Range")
            start = int(first.removeprefix("bytes=").rstrip("-")) if first else 0
            self.send_response(206 if first else 200)
            self.send_header("Content-Length", str(len(CONTENT) - start))
            if first:
                self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(CONTENT[start:] if first else CONTENT[:CUT])
                if not first:
                    waiting.wait(30)

        def log_message(self, *arguments):
            pass

    folder = tmp_path / "cache"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            download = (_KILLED, folder / "a.gz", f"http://127.0.0.1:{server.server_port}/a")
            process = start(*download)
            until = time.monotonic() + 60
            while time.monotonic() < until and sum(file.stat().st_size for file in folder.glob(".*.part")) < CUT:
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert sorted(path.suffix for path in folder.iterdir() if path.name != ".lock") == [".part"]
            waiting.set()
            assert start(*download).wait() == 0
        finally:
            waiting.set()
            server.shutdown()
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "a.gz"]
    assert (folder / "a.gz").read_bytes() == CONTENT
