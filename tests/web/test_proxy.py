"""The workbench behind a reverse proxy, as JupyterHub shows a server of its users below a prefix."""

import csv
import http.client
import json

import pytest
from web_pages import WAIT, see, until
from web_proxy import PrefixProxy
from web_server import end_server, start_server

pytestmark = pytest.mark.web

PREFIX = "/user/me/proxy/7860"


@pytest.fixture(scope="module")
def behind(web, tmp_path_factory):
    """A proxy, and the server behind it, told of both."""
    proxy = PrefixProxy(PREFIX)
    root, temporary = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("server")
    name = f"localhost:{proxy.port}"
    served = start_server(root, temporary, "--root-path", PREFIX, "--allow-host", name)
    proxy.target = served.port
    yield proxy, served, f"http://{name}{PREFIX}"
    end_server(served)
    proxy.close()
    assert "Traceback" not in (temporary / "log.txt").read_text()


def ask(proxy, path, **headers):
    headers = {"Host": f"localhost:{proxy.port}"} | {name.replace("_", "-"): text for name, text in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    content = answer.read().decode()
    connection.close()
    return answer, content


def test_used_through_the_proxy(chromium, behind, tmp_path):
    proxy, served, address = behind
    context = chromium.new_context(viewport={"width": 1280, "height": 1000}, accept_downloads=True)
    page = context.new_page()
    asked, errors, failed = [], [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda answer: failed.append((answer.status, answer.url)) if answer.status >= 400 else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(f"{address}/?token={served.token}")
    see(page, "#audit-start")
    assert page.url == f"{address}/"  # the token stays in no history
    page.fill("#audit-n input", "40")
    page.click("#audit-start")  # an event, and its stream
    see(page, "#audit-status >> text=40 images of digits looked at")
    image = page.locator("#audit-gallery button img").first
    image.wait_for(timeout=WAIT)
    until(lambda: image.evaluate("image => image.complete && image.naturalWidth > 0"))
    image.click()
    see(page, "#audit-detail h3")
    with page.expect_download() as download:
        page.click("#audit-csv")
    download.value.save_as(tmp_path / "per_image.csv")
    with open(tmp_path / "per_image.csv", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 40
    context.close()
    assert not failed
    assert not errors
    # Nothing is asked for beside the prefix, where it would reach the hub or somebody else's server.
    assert not [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    assert all(line.split()[1].startswith(f"{PREFIX}/") for line in proxy.seen)


def test_names_and_origins_are_those_of_the_proxy(behind):
    proxy, served, _ = behind
    answer, _ = ask(proxy, f"{PREFIX}/?token={served.token}")
    assert answer.status == 303
    assert answer.getheader("Location") == f"{PREFIX}/"
    cookie, _, attributes = answer.getheader("Set-Cookie").partition(";")
    assert f"Path={PREFIX}/" in attributes  # the hub's other users' servers are not sent it
    site = f"http://localhost:{proxy.port}"
    assert ask(proxy, f"{PREFIX}/", Cookie=cookie)[0].status == 200
    assert ask(proxy, f"{PREFIX}/", Cookie=cookie, Origin=site)[0].status == 200
    for other in (
        "http://evil.example",
        f"http://localhost:{served.port + 1}",
        f"http://evil.example:{proxy.port}",
        "null",
    ):
        assert ask(proxy, f"{PREFIX}/", Cookie=cookie, Origin=other)[0].status == 403
    answer, content = ask(proxy, f"{PREFIX}/", Cookie=cookie, Host="evil.example")
    assert answer.status == 403
    assert "--allow-host" in content


def root_of(proxy, cookie, **headers):
    """Where the page believes to be, of which it makes all addresses."""
    answer, content = ask(proxy, f"{PREFIX}/config", Cookie=cookie, **headers)
    assert answer.status == 200
    return json.loads(content)["root"]


def test_the_page_makes_its_addresses_of_names_that_are_ours(behind):
    proxy, served, address = behind
    cookie = ask(proxy, f"{PREFIX}/?token={served.token}")[0].getheader("Set-Cookie").partition(";")[0]
    public, own = f"localhost:{proxy.port}", f"127.0.0.1:{served.port}"
    assert root_of(proxy, cookie) == address
    assert root_of(proxy, cookie, X_Forwarded_Proto="https") == address.replace("http:", "https:")
    # Some proxies ask by the server's own name, and say by which they were asked for.
    assert root_of(proxy, cookie, Host=own, X_Forwarded_Host=public) == address
    # Who says that without being allowed to is not believed.
    assert root_of(proxy, cookie, X_Forwarded_Host="evil.example") == address
    assert "evil.example" not in ask(proxy, f"{PREFIX}/", Cookie=cookie, X_Forwarded_Host="evil.example")[1]
