"""A workbench among people who mean no good: refused, or harmless."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import stat
import threading
import time
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image
from web_pages import WAIT, choose, see, until
from web_server import end_server, start_server

pytestmark = pytest.mark.web


@pytest.fixture(scope="module")
def served(web, tmp_path_factory):
    """A workbench that takes uploads of a megabyte."""
    root = tmp_path_factory.mktemp("root")
    outside = tmp_path_factory.mktemp("outside")
    np.savez(outside / "secret.npz", images=np.zeros((5, 8, 8), np.uint8))
    (root / "link.npz").symlink_to(outside / "secret.npz")
    pictures = root / "pictures"
    pictures.mkdir()
    generator = np.random.default_rng(0)
    for place in range(12):
        name = f"<img src=x onerror=document.title='hit'>{place}.png"
        Image.fromarray(generator.integers(0, 255, (16, 16), dtype=np.uint8)).save(pictures / name)
    served = start_server(root, tmp_path_factory.mktemp("server"), "--max-upload", "1")
    yield served
    end_server(served)
    assert not list(served.temporary.iterdir())  # nothing is left behind
    assert not served.connections.exists(), served.connections.read_text()


def ask(served, path, *, method="GET", body=None, cookie=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if cookie:
        headers["Cookie"] = cookie
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


@pytest.fixture(scope="module")
def cookie(served):
    answer, _ = ask(served, f"/?token={served.token}")
    return answer.getheader("Set-Cookie").partition(";")[0]


def test_it_starts_in_time(served):
    """Processor time: the machine may be busy with others."""
    with open(f"/proc/{served.process.pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    assert ticks / os.sysconf("SC_CLK_TCK") < 8


def test_tokens_names_and_origins(served, cookie):
    assert ask(served, "/")[0].status == 401
    assert ask(served, "/?token=wrong")[0].status == 403
    assert ask(served, "/gradio_api/info")[0].status == 401
    assert ask(served, "/", cookie=cookie)[0].status == 200
    assert ask(served, "/", cookie=cookie, Host="evil.example")[0].status == 403
    assert ask(served, "/", cookie=cookie, Origin="http://evil.example")[0].status == 403


def test_the_folder_is_ours_alone(served):
    (folder,) = served.temporary.glob("toolkit-serve-*")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=" + quote("../../../../etc/passwd"),
        "/gradio_api/file=http://evil.example/x",
        "/static/../../../../etc/passwd",
        "/static/" + quote("../../../../../../etc/passwd", safe=""),
        "/assets/..%2f..%2f..%2fblocks.py",
        "/svelte/..%2f..%2fblocks.py",
        "/gradio_api/proxy=http://evil.example",
        "//evil.example/%2e%2e",
    ],
)
def test_no_file_but_those_that_were_sent(served, cookie, path):
    answer, content = ask(served, path, cookie=cookie)
    assert answer.status in (403, 404)
    assert b"root:" not in content
    assert b"import " not in content


def test_an_upload_of_two_gigabytes(served, cookie):
    answer, _ = ask(served, "/gradio_api/upload", method="POST", body=b"", cookie=cookie, Content_Length=str(2**31))
    assert answer.status == 413
    # One that does not say how long it is, and goes on.
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as line:
        line.sendall(
            f"POST /gradio_api/upload HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nCookie: {cookie}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        sent, chunk = 0, b"10000\r\n" + b"x" * 65536 + b"\r\n"
        try:
            head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.npz"\r\n\r\n'
            line.sendall(f"{len(head):x}\r\n".encode() + head + b"\r\n")
            while sent < 2**26:
                line.sendall(chunk)
                sent += 65536
        except OSError:
            pass  # the server hung up
        else:
            assert b" 413 " in line.recv(4096) or sent < 2**26
    kept = sum(path.stat().st_size for path in served.temporary.rglob("*") if path.is_file())
    assert kept < 2**23


def test_events_cannot_name_what_is_not_theirs(served, cookie):
    """Every handler is called with paths that lead out, as by who knows the page's own calls."""
    other = ask(served, f"/?token={served.token}")[0].getheader("Set-Cookie").partition(";")[0]
    event = {"session_hash": "adasession", "fn_index": 0, "data": [{"path": "/etc/passwd"}]}

    def join(event, cookie):
        body = json.dumps(event)
        return ask(
            served, "/gradio_api/queue/join", method="POST", body=body, cookie=cookie, Content_Type="application/json"
        )[0].status

    assert join(event, cookie) == 403
    assert join(event | {"data": []}, cookie) == 200
    assert join(event | {"data": []}, other) == 403


def test_fifty_requests_at_once(served, cookie):
    statuses = []

    def one():
        statuses.append(ask(served, "/", cookie=cookie)[0].status)

    threads = [threading.Thread(target=one) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [200] * 50


@pytest.fixture
def tab(chromium, served):
    context = chromium.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    page.goto(served.entry)
    see(page, "#audit-start")
    yield page
    context.close()


def name_path(tab, path):
    tab.get_by_label("File or folder", exact=True).first.check()
    choose(tab, "audit-path", path, listed=False)
    tab.locator("#audit-plant input[type=number]").fill("0")
    tab.click("#audit-start")


@pytest.mark.parametrize("path", ["../outside0/secret.npz", "/etc/passwd", "link.npz", "pictures/../../../../etc"])
def test_no_path_leads_out(tab, path):
    name_path(tab, path)
    see(tab, "#audit-status .warned >> text=outside of the folder that is served")


def test_names_of_files_are_text(tab):
    name_path(tab, "pictures")
    see(tab, "#audit-status >> text=12 images of pictures looked at")
    choose(tab, "audit-show", "all images")
    image = tab.locator("#audit-gallery button:has(img)").first
    image.wait_for(timeout=WAIT)
    image.click()
    see(tab, "#audit-detail h3 >> text=<img src=x onerror=")
    tab.wait_for_timeout(300)
    assert tab.title() == "toolkit"
    assert tab.locator("img[src='x']").count() == 0


def steps_of(folder):
    return sorted(int(path.name[5:]) for path in (folder / "checkpoints").glob("step-*"))


def begin_training(page, out):
    page.get_by_role("tab", name="Train and watch").click()
    page.fill("#train-amount input", "600")
    page.fill("#train-coverage input", "0")
    page.fill("#train-n input", "300")
    page.fill("#train-out textarea", out)
    page.click("#train-start")
    see(page, "#train-losses img")


def children(pid):
    """What its threads have started that works for the pages."""
    found = []
    for place in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in place.read_text().split()]
    return [child for child in found if "spawn_main" in _command(child)]


def _command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def test_a_killed_tab_stops_its_work_at_a_checkpoint(tab, served):
    begin_training(tab, "outputs/left")
    assert children(served.process.pid)
    tab.close()
    until(lambda: not children(served.process.pid))
    folder = served.root / "outputs" / "left"
    stopped = steps_of(folder)
    assert stopped
    assert not (folder / "model").exists()
    time.sleep(1.0)
    assert steps_of(folder) == stopped


def test_ctrl_c_ends_everything(chromium, web, tmp_path):
    root, temporary = tmp_path / "root", tmp_path / "server"
    root.mkdir()
    temporary.mkdir()
    served = start_server(root, temporary)
    context = chromium.new_context()
    page = context.new_page()
    page.goto(served.entry)
    see(page, "#audit-start")
    begin_training(page, "out")
    (worker,) = children(served.process.pid)
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(40) == 0
    until(lambda: not _command(worker))
    assert not list(served.temporary.iterdir())
    assert steps_of(root / "out")  # it can be gone on with
    assert not (root / "out" / "model").exists()
    assert "Traceback" not in (temporary / "log.txt").read_text()
    context.close()
    shutil.rmtree(root)
