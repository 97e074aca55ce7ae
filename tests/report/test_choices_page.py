"""The page as a person uses it: filter, sort, overrule, export, apply; in a browser, and without a script."""

import csv
import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image, ImageFilter

from toolkit.audit import read_decisions
from toolkit.datasets import load_image_folder
from toolkit.studies import apply_decisions, run_folder

pytest.importorskip("playwright", reason="playwright drives the browser")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.web,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed (apt-get install chromium)"),
]
HOSTILE = "<img src=x onerror=alert(1)>.png"


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A folder with names that a browser or a spreadsheet would run, and its audit as files."""
    home = tmp_path_factory.mktemp("audited")
    pictures = home / "pictures"
    (pictures / "sub").mkdir(parents=True)
    photos = load_image_folder(size=80).images
    for number, image in enumerate(photos[::4][:30]):
        Image.fromarray(image).resize((120, 90)).save(pictures / "sub" / f"{number:02}.png")
    Image.new("RGB", (120, 90)).save(pictures / "blank.png")
    blurred = Image.fromarray(photos[91]).resize((120, 90)).filter(ImageFilter.GaussianBlur(5))
    for name in (HOSTILE, "=1+cmd.png"):
        blurred.save(pictures / name)
    (pictures / "broken.png").write_bytes((pictures / "blank.png").read_bytes()[:60])
    framed = np.zeros((140, 160, 3), np.uint8)
    framed[25:115, 20:140] = np.asarray(Image.fromarray(photos[50]).resize((120, 90)))
    Image.fromarray(framed).save(pictures / "framed.png")
    result = run_folder(pictures, cache=False, n_jobs=1)
    result.write(home / "audit")
    return home, result


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, audited):
    context = browser.new_context(accept_downloads=True)
    page = context.new_page()
    page.heard, page.asked = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("dialog", lambda dialog: (page.heard.append(dialog.message), dialog.accept()))
    page.on("pageerror", lambda error: page.heard.append(str(error)))
    page.on("console", lambda line: page.heard.append(line.text))
    page.goto((audited[0] / "audit" / "report.html").as_uri())
    page.wait_for_selector("#choices tbody tr")
    yield page
    assert page.heard == []
    assert {address.partition(":")[0] for address in page.asked} <= {"file", "blob", "data"}
    context.close()


def names(page):
    return page.locator("#choices tbody td.name").all_inner_texts()


def shows(page, expected):
    """Whether these are the rows, in this order, once the page has drawn them."""
    from playwright.sync_api import expect

    expect(page.locator("#choices tbody td.name")).to_have_text(expected)


def decide(page, name, action):
    page.get_by_label(f"Decision on {name}", exact=True).select_option(action)


def exported(page, button):
    with page.expect_download() as waiting:
        page.locator(button).click()
    return waiting.value.path(), waiting.value.suggested_filename


def test_every_file_that_something_was_found_of_is_there(page, audited):
    table = audited[1].per_file
    found = table[~table["readable"] | table["damaged"] | table["odd"] | (table["duplicate_of"] != "")]
    assert sorted(names(page)) == sorted(found["path"])
    assert HOSTILE in names(page)
    # Each row shows its own part of the sheet of pictures, and those parts differ.
    places = page.eval_on_selector_all("#choices .thumb", "all => all.map(each => each.style.backgroundPosition)")
    assert len(set(places)) == len(places) == len(found)


def test_filters_and_order(page):
    everything = names(page)
    page.locator("#by-name").fill("FRAMED")
    shows(page, ["framed.png"])
    page.locator("#by-name").fill("")
    page.locator("#by-kind").select_option("blank")
    shows(page, ["blank.png"])
    page.locator("#by-kind").select_option("")
    page.locator("#by-outcome").select_option("cannot be used")
    shows(page, ["broken.png"])
    page.locator("#by-outcome").select_option("")
    page.locator("#by-confidence").fill("0.95")
    sure = [float(cell) for cell in page.locator("#choices tbody td.number").all_inner_texts() if cell]
    assert sure
    assert min(sure) >= 0.95
    assert len(names(page)) < len(everything)
    page.locator("#by-confidence").fill("0")
    page.locator("#choices thead th", has_text="name").click()
    shows(page, sorted(everything, key=str.lower))
    page.locator("#choices thead th", has_text="name").locator("[role=button]").press("Enter")
    shows(page, sorted(everything, key=str.lower, reverse=True))


@pytest.mark.parametrize(("button", "suffix"), [("#export-json", ".json"), ("#export-csv", ".csv")])
def test_what_was_overruled_is_exported_and_carried_out(page, audited, tmp_path, button, suffix):
    home, result = audited
    decide(page, "framed.png", "keep")
    decide(page, "=1+cmd.png", "rotate_90")
    decide(page, HOSTILE, "leave_out")
    assert page.locator("#count").inner_text() == "3 overruled, not exported yet"
    page.locator("#by-overruled").check()
    assert sorted(names(page)) == sorted(["framed.png", "=1+cmd.png", HOSTILE])
    path, name = exported(page, button)
    assert name == f"decisions{suffix}"
    assert page.locator("#count").inner_text() == "3 overruled"
    decisions = read_decisions(path)
    digests = result.per_file.set_index("path")["sha256"]
    assert dict(zip(decisions["path"], decisions["action"])) == {
        "framed.png": "keep",
        "=1+cmd.png": "rotate_90",
        HOSTILE: "leave_out",
    }
    assert decisions["sha256"].tolist() == digests[decisions["path"]].tolist()
    out = tmp_path / "out"
    applied = apply_decisions(path, home / "audit", home / "pictures", out).set_index("path")
    assert (out / "framed.png").read_bytes() == (home / "pictures" / "framed.png").read_bytes()
    with Image.open(out / "=1+cmd.png") as turned, Image.open(home / "pictures" / "=1+cmd.png") as given:
        assert np.array_equal(np.asarray(turned), np.rot90(np.asarray(given)))
    assert not (out / HOSTILE).exists()
    assert not (out / "broken.png").exists()
    assert applied.loc["sub/00.png", "done"] == "kept"


def test_a_spreadsheet_runs_no_cell(page):
    decide(page, "=1+cmd.png", "leave_out")
    path, _ = exported(page, "#export-csv")
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    assert rows[0][:2] == ["path", "sha256"]
    assert rows[1][0] == "'=1+cmd.png"
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r")]


def test_all_that_are_shown_at_once(page):
    page.locator("#by-kind").select_option("blurred")
    shown = names(page)
    page.locator("#for-all").select_option("leave_out")
    page.locator("#all-shown").click()
    page.locator("#by-kind").select_option("")
    path, _ = exported(page, "#export-json")
    decided = json.loads(path.read_text())["decisions"]
    assert sorted(row["path"] for row in decided) == sorted(shown)
    assert {row["action"] for row in decided} == {"leave_out"}
    page.locator("#for-all").select_option("")
    page.locator("#all-shown").click()
    assert page.locator("#count").inner_text() == "0 overruled"
    path, _ = exported(page, "#export-csv")
    assert not len(read_decisions(path))


def test_dark_and_narrow(page):
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_selector("html.dark")  # a function to wait for is evaluated as text, which the page forbids
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 27)"


def test_without_a_script_the_page_reads_as_it_did(browser, audited):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((audited[0] / "audit" / "report.html").as_uri())
    assert not page.locator("#choices").is_visible()
    assert not page.get_by_text("Look and decide").first.is_visible()
    assert page.get_by_text("Files that need a look").last.is_visible()
    context.close()
