"""A workbench that is served, models to draw from, and a browser to use it with."""

import os
import shutil
from pathlib import Path

import pytest
from web_pages import see
from web_server import end_server, start_server

from toolkit.datasets import load_digits
from toolkit.generators import ConditionalGAN, VariationalAutoencoder
from toolkit.studies import run_arithmetic, train_into_folder


@pytest.fixture(scope="session")
def web():
    """The packages of the extra."""
    return pytest.importorskip("gradio", reason="needs toolkit[web]")


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A folder with small trained models, by name."""
    root = tmp_path_factory.mktemp("models")
    digits = load_digits().subset(slice(400))
    for name, model, labelled in (
        ("vae", VariationalAutoencoder(latent_dim=2, epochs=6, random_state=0), False),
        (
            "cgan",
            ConditionalGAN(max_steps=60, generator_widths=(64,), discriminator_widths=(32,), random_state=0),
            True,
        ),
    ):
        train_into_folder(
            model, lambda: (digits, "digits"), command=name, out=root / "trained" / name, labelled=labelled
        )
    run_arithmetic(operations="+", n_digits=1, steps=600, hidden_size=48, seed=0).write(root / "trained" / "sums")
    return root


@pytest.fixture(scope="module")
def served(web, models, tmp_path_factory):
    """A workbench over a copy of the models."""
    root = tmp_path_factory.mktemp("root")
    shutil.copytree(models / "trained", root / "trained")
    served = start_server(root, tmp_path_factory.mktemp("server"))
    yield served
    end_server(served)


@pytest.fixture(scope="session")
def chromium(web):
    """A browser, or a loud word that there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("needs Debian's chromium: apt-get install chromium")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium, served):
    """An open workbench; fails where its page asked for anything elsewhere, or stumbled."""
    context = chromium.new_context(viewport={"width": 1280, "height": 1000}, accept_downloads=True)
    page = context.new_page()
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(served.entry)
    see(page, "#audit-start")
    yield page
    context.close()
    assert not [url for url in asked if not url.startswith((served.address, "data:", "blob:"))]
    assert not errors


@pytest.fixture
def shoot():
    """Takes a screenshot for the documentation, where ``TOOLKIT_SCREENSHOTS`` names a folder for them."""

    def take(page, name):
        folder = os.environ.get("TOOLKIT_SCREENSHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.evaluate("document.activeElement && document.activeElement.blur()")
            page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

    return take
