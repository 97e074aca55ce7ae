"""What stands before the pages, and below them: tokens, names, origins, paths, processes. Needs no Gradio."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import toolkit
from toolkit.web._guard import Guard
from toolkit.web._parts import findings, said, thumbnails, warned
from toolkit.web._paths import NotAllowedError, below_root, check_links
from toolkit.web._process import Job
from toolkit.web._visits import BusyError, Visits

TOKEN = "a token of some length"
HOST = ("host", "127.0.0.1:9999")


class Pages:
    """An application that answers as Gradio would, and writes down who came through."""

    def __init__(self):
        self.seen = []

    async def __call__(self, scope, receive, send):
        body = b""
        while scope["method"] == "POST":
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.seen.append((scope["method"], scope["path"], body))
        answers = {
            "/gradio_api/upload": b'["/tmp/x/a.npz"]',
            "/gradio_api/queue/data": b'data: {"output": {"data": [{"path": "/tmp/x/p.png"}]}}\n\n',
            "/": b'<link rel="preconnect" href="https://fonts.example/">page',
        }
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": answers.get(scope["path"], b"ok")})


def ask(guard, path, *, method="GET", query="", headers=(), cookie="", body=b"", parts=1):
    """One request; its status, headers and body."""
    sent, pieces = [], [body[i::parts] for i in range(parts)]
    host = () if any(name == "host" for name, _ in headers) else (HOST,)
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [
            (name.encode(), value.encode())
            for name, value in (*host, *headers, *((("cookie", cookie),) if cookie else ()))
        ],
    }

    async def receive():
        return {"type": "http.request", "body": pieces.pop(0) if pieces else b"", "more_body": bool(pieces)}

    async def send(message):
        sent.append(message)

    asyncio.run(guard(scope, receive, send))
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), content


@pytest.fixture
def guard():
    return Guard(Pages(), token=TOKEN, hosts={HOST[1], "localhost:9999"}, max_upload=1000, cookie="c")


def sign_in(guard):
    status, headers, _ = ask(guard, "/", query=f"token={TOKEN.replace(' ', '+')}")
    assert status == 303
    assert b"token" not in headers[b"location"]
    assert b"HttpOnly" in headers[b"set-cookie"]
    return headers[b"set-cookie"].decode().partition(";")[0]


@pytest.mark.parametrize("path", ["/", "/config", "/assets/a.js", "/gradio_api/info", "/gradio_api/file=/etc/passwd"])
def test_nothing_opens_without_the_token(guard, path):
    for query, cookie in (("", ""), ("token=wrong", ""), ("token=", "c=guessed"), ("token=%FF", "c=")):
        status, _, body = ask(guard, path, query=query, cookie=cookie)
        assert status in (401, 403)
        assert TOKEN.encode() not in body
    assert ask(guard, "/", query=f"token={TOKEN}", method="POST")[0] == 401
    assert not guard._app.seen


def test_the_page_comes_with_the_token_and_loads_nothing_from_elsewhere(guard):
    cookie = sign_in(guard)
    status, headers, body = ask(guard, "/", cookie=cookie)
    assert (status, body) == (200, b"page")
    policy = headers[b"content-security-policy"].decode()
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert headers[b"x-content-type-options"] == b"nosniff"


@pytest.mark.parametrize(
    "headers",
    [
        [("host", "evil.example")],
        [("host", "127.0.0.1:9999.evil.example")],
        [("host", "")],
        [("origin", "http://evil.example")],
        [("origin", "null")],
        [("origin", "http://127.0.0.1:1234")],
        [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")],
    ],
)
def test_other_names_and_other_sites_are_refused(guard, headers):
    cookie = sign_in(guard)
    assert ask(guard, "/", cookie=cookie, headers=headers)[0] == 403
    assert not guard._app.seen


def test_what_the_pages_do_not_need_is_not_there(guard):
    cookie = sign_in(guard)
    calls = "run/x call/x api/x proxy=http://a stream/x component_server deep_link dev/reload mcp vibe-edit monitoring"
    names = calls.split()
    others = ["/monitoring", "/docs", "/login", "/assets/../../etc/passwd", "/static/../x"]
    for path in (*(f"/gradio_api/{name}" for name in names), *others):
        for method in ("GET", "POST"):
            assert ask(guard, path, cookie=cookie, method=method, body=b"{}")[0] == 404, path
    assert ask(guard, "/", cookie=cookie, method="PUT")[0] == 405
    assert not guard._app.seen


def test_files_and_sessions_are_those_of_one_visitor(guard):
    ada, bob = sign_in(guard), sign_in(guard)
    file = "/gradio_api/file=/tmp/x/p.png"
    assert ask(guard, file, cookie=ada)[0] == 403
    assert ask(guard, "/gradio_api/queue/data", query="session_hash=adasession", cookie=ada)[0] == 200
    assert ask(guard, file, cookie=ada)[0] == 200  # it was sent to her
    assert ask(guard, file, cookie=bob)[0] == 403
    for method, path, query, body in (
        ("GET", "/gradio_api/queue/data", "session_hash=adasession", b""),
        ("GET", "/gradio_api/heartbeat/adasession", "", b""),
        ("POST", "/gradio_api/queue/join", "", json.dumps({"session_hash": "adasession", "data": []}).encode()),
        ("POST", "/gradio_api/cancel", "", json.dumps({"session_hash": "adasession"}).encode()),
    ):
        assert ask(guard, path, method=method, query=query, body=body, cookie=bob)[0] == 403
        assert ask(guard, path, method=method, query=query, body=body, cookie=ada)[0] == 200


def test_events_name_only_files_that_the_visitor_has(guard):
    cookie = sign_in(guard)

    def join(*data, session="somesession"):
        body = json.dumps({"session_hash": session, "fn_index": 0, "data": data}).encode()
        return ask(guard, "/gradio_api/queue/join", method="POST", body=body, cookie=cookie)[0]

    uploaded = {"path": "/tmp/x/a.npz", "meta": {"_type": "gradio.FileData"}}
    assert join(uploaded) == 403
    assert ask(guard, "/gradio_api/upload", method="POST", body=b"x" * 900, cookie=cookie)[0] == 200
    assert join(uploaded) == 200
    assert join({"deep": [[{"path": "/etc/passwd"}]]}) == 403
    assert join(session="../x") == 403
    assert join(session="") == 403
    for body in (b"no JSON", b"[]", b"{}", b"[" * 100_000, b"\xff"):
        assert ask(guard, "/gradio_api/queue/join", method="POST", body=body, cookie=cookie)[0] in (400, 403)
    assert ask(guard, "/gradio_api/queue/join", method="POST", body=b" " * (2**22 + 1), cookie=cookie)[0] == 413


def test_uploads_end_where_they_become_too_large(guard):
    cookie = sign_in(guard)
    for headers, body in (
        ([("content-length", str(2**31))], b""),  # refused on its word
        ([("content-length", "many")], b""),
        ([("content-length", "5")], b"x" * 200_000),  # and where that was not true
        ([], b"x" * 200_000),
    ):
        status = ask(guard, "/gradio_api/upload", method="POST", headers=headers, body=body, cookie=cookie, parts=50)[0]
        assert status == 413
    assert not guard._app.seen


# Paths


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "root"
    (root / "in").mkdir(parents=True)
    (root / "in" / "a.npz").write_bytes(b"x")
    (tmp_path / "secret.npz").write_bytes(b"x")
    (root / "out.npz").symlink_to(tmp_path / "secret.npz")
    (root / "up").symlink_to(tmp_path)
    return root.resolve()


def test_paths_stay_below_the_root(root, tmp_path):
    assert below_root(root, "in/a.npz") == root / "in" / "a.npz"
    assert below_root(root, str(root / "in" / "a.npz")) == root / "in" / "a.npz"
    for text in ("..", "../secret.npz", "in/../../secret.npz", "/etc/passwd", "out.npz", "up/secret.npz", "up",
                 str(tmp_path / "root2")):  # fmt: skip
        for exists in (True, False):
            with pytest.raises(NotAllowedError, match="outside"):
                below_root(root, text, exists=exists)
    for text in ("", None, "a\0b", "x" * 5000):
        with pytest.raises(ValueError, match="Name a file|no name"):
            below_root(root, text)
    with pytest.raises(FileNotFoundError):
        below_root(root, "nowhere")


@given(st.text(max_size=40))
def test_no_text_leads_out(text):
    root = os.path.realpath("/usr/lib")
    try:
        from pathlib import Path

        path = below_root(Path(root), text, exists=False)
    except (NotAllowedError, ValueError):
        return
    assert path == Path(root) or Path(root) in path.parents


def test_a_folder_of_pictures_has_no_links_that_lead_out(root, tmp_path):
    check_links(root, root / "in")
    (root / "in" / "near.npz").symlink_to(root / "in" / "a.npz")
    check_links(root, root / "in")
    (root / "in" / "far.png").symlink_to(tmp_path / "secret.npz")
    with pytest.raises(NotAllowedError, match=r"far\.png"):
        check_links(root, root / "in")


# What is shown


def test_text_is_text():
    import numpy as np

    hostile = "<img src=x onerror=alert(1)>\x1b[2J\"'"
    for html in (said(hostile), warned(hostile), findings([hostile])):
        assert "<img" not in html
        assert "\x1b" not in html
    row = thumbnails([np.zeros((4, 4), np.uint8)], [hostile])
    assert row.count("<img") == 1
    assert 'alt="&lt;img src=x onerror=alert(1)&gt;' in row


# Processes


def wait_for(condition, seconds=40.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"


def test_work_tells_stops_and_fails_in_words():
    done = Job("web_work:count", {"n": 3})
    stopped = Job("web_work:count", {"n": 10_000})
    failed, died = Job("web_work:fail", {}), Job("web_work:die", {})
    wait_for(lambda: stopped.latest.get("number", 0) > 2)
    assert stopped.running
    assert stopped.stage == "counting"
    stopped.stop()
    for job in (done, stopped, failed, died):
        job.wait(40)
    assert (done.state, done.result, done.latest["number"]) == ("done", 3, 2)
    assert stopped.state == "stopped"
    assert (failed.state, failed.error) == ("failed", "three lines of <b>")
    assert died.state == "failed"
    assert "unexpectedly" in died.error


def test_work_that_does_not_listen_is_ended(tmp_path):
    visits = Visits(tmp_path, most_jobs=1)
    visit = visits.of(type("Request", (), {"session_hash": "one"}))
    job = visits.start(visit, "page", "web_work:deaf", {"file": str(tmp_path / "pid")})
    with pytest.raises(BusyError, match="still at work"):
        visits.start(visit, "page", "web_work:count", {"n": 1})
    other = visits.of(type("Request", (), {"session_hash": "two"}))
    assert other.folder != visit.folder
    with pytest.raises(BusyError, match="as many as may"):
        visits.start(other, "page", "web_work:count", {"n": 1})
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    pid = int((tmp_path / "pid").read_text())
    visits.close_all(seconds=0.2)
    assert job.state == "stopped"
    assert not is_alive(pid)
    assert not visit.folder.exists()
    with pytest.raises(BusyError, match="closing"):
        visits.of(type("Request", (), {"session_hash": "three"}))


def test_work_ends_when_the_server_is_killed(tmp_path):
    code = (
        "import time\nfrom toolkit.web import _process\n"
        "if __name__ == '__main__':\n"
        "    _process.Job('web_work:count', {'n': 100000})\n"
        "    print('up', flush=True); time.sleep(600)\n"
    )
    script = tmp_path / "server.py"
    script.write_text(code)
    paths = [os.path.dirname(os.path.dirname(toolkit.__file__)), os.path.dirname(os.path.dirname(__file__))]
    process = subprocess.Popen(
        [sys.executable, str(script)], env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)}, stdout=subprocess.PIPE
    )
    process.stdout.readline()

    def children():
        with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="utf-8") as file:
            return [int(pid) for pid in file.read().split()]

    wait_for(lambda: len(children()) >= 1)
    pids = children()
    time.sleep(1.5)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_for(lambda: not any(is_alive(pid) for pid in pids))
