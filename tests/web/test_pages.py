"""The pages as a person uses them, by the pixels that they show."""

import csv
import io
import json
import re
import time
import zipfile

import numpy as np
import pytest
from PIL import Image
from web_pages import choose, go, pixels, see, until

pytestmark = pytest.mark.web


def test_audit_overrule_and_take_home(tab, shoot, tmp_path):
    tab.fill("#audit-n input", "200")
    tab.click("#audit-start")
    see(tab, "#audit-status progress")
    see(tab, "#audit-status >> text=200 images of digits looked at")
    see(tab, "#audit-findings >> text=flagged")
    images = tab.locator("#audit-gallery button img")
    until(lambda: images.count() > 10)
    images.nth(1).click()
    see(tab, "#audit-detail h3")
    name = tab.inner_text("#audit-detail h3").removeprefix("Image ")
    assert pixels(tab, "#audit-detail img").shape == (28, 28)
    until(lambda: tab.locator("#audit-detail .strip:not(.large) img").count() == 6)  # its neighbours
    choose(tab, "audit-decision", "clean")
    tab.click("#audit-decide")
    see(tab, "#audit-status >> text=The files to take home have it")
    see(tab, "#audit-detail >> text=your verdict")
    shoot(tab, "audit")

    def take(button):
        with tab.expect_download() as download:
            tab.click(f"#{button}")
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        return path

    rows = list(csv.DictReader(take("audit-csv").open(encoding="utf-8")))
    assert len(rows) == 200
    assert {row["index"]: row["decision"] for row in rows if row["decision"]} == {name: "clean"}
    assert name in take("audit-keep").read_text().splitlines()
    with np.load(take("audit-npz")) as archive:
        assert archive["images"].shape == (200, 28, 28)
    assert "<html" in take("audit-report").read_text(encoding="utf-8")

    # As another kind: repaired anew where that is confirmed, else as it came, with the reason; on the page and at home.
    with np.load(take("audit-npz")) as archive:
        before = archive["images"]
    for words, kind in (("inverted", "invert"), ("wrong brightness", "brightness")):
        choose(tab, "audit-decision", words)
        tab.click("#audit-decide")
        see(tab, f"#audit-status >> text=Image {name}: {words}.")
        (row,) = (row for row in csv.DictReader(take("audit-csv").open(encoding="utf-8")) if row["decision"])
        assert (row["index"], row["decision"]) == (name, kind)
        is_repaired, said = row["repaired"] == "1", tab.inner_text("#audit-status")
        assert ("It is repaired as that." in said) == is_repaired
        assert (f"It stays as it came: {row['why_not']}." in said) == (not is_repaired)
        until(lambda count=1 + is_repaired: tab.locator("#audit-detail .large img").count() == count)
        with np.load(take("audit-npz")) as archive:
            changed = (archive["images"] != before).any(axis=(1, 2))
        assert np.flatnonzero(changed).tolist() == [int(name)] * is_repaired
        assert (name in take("audit-keep").read_text().splitlines()) == is_repaired

    # In another order, and of other kinds.
    def captions():
        return tab.locator("#audit-gallery .caption-label").all_inner_texts()

    surest = captions()
    assert not any("clean" in text or "_" in text for text in surest if not text.startswith("you"))
    choose(tab, "audit-order", "least sure first")
    until(lambda: captions() != surest)
    sure = [float(text.split()[-1]) for text in captions() if not text.startswith("you")]
    assert sure == sorted(sure)
    choose(tab, "audit-show", "all images")
    until(lambda: any(text.startswith("clean") for text in captions()))


def test_an_audit_can_be_cancelled(tab):
    tab.uncheck("#audit-quick input")
    tab.click("#audit-start")
    see(tab, "#audit-status progress")
    tab.click("#audit-stop")
    see(tab, "#audit-status .warned >> text=stopped", state="attached")


def test_an_upload_is_read_with_suspicion(tab, tmp_path):
    def upload(path):
        tab.set_input_files("#audit-upload input[type=file]", str(path))
        see(tab, f"#audit-upload >> text={path.stem}")

    tab.get_by_label("Upload", exact=True).first.check()
    good = tmp_path / "good.npz"
    np.savez(good, images=np.tile(np.arange(64, dtype=np.uint8).reshape(8, 8), (20, 1, 1)))
    upload(good)
    # Nothing is corrupted of what a visitor brings, unless he asks for it.
    until(lambda: tab.locator("#audit-plant input[type=number]").input_value() == "0")
    tab.click("#audit-start")
    see(tab, "#audit-status >> text=20 images of good.npz looked at.")
    tab.click("#audit-upload button[aria-label*='emove'], #audit-upload button[aria-label*='lear']")
    # Nothing at all: said by the name that it came with, and by no place on the server.
    for name in ("empty.npz", "nothing.zip"):
        (tmp_path / name).touch()
        upload(tmp_path / name)
        tab.click("#audit-start")
        # What was said of the file before stands there until something is said of this one.
        until(lambda name=name: tab.inner_text("#audit-status").strip().startswith(f"{name} is n"))
        assert "it is empty (0 bytes)" in tab.inner_text("#audit-status")
        tab.click("#audit-upload button[aria-label*='emove'], #audit-upload button[aria-label*='lear']")
    # A header that asks for more memory than there is, in few bytes.
    bomb, content = tmp_path / "bomb.npz", io.BytesIO()
    np.save(content, np.zeros((1, 1, 1), np.uint8))
    header = content.getvalue().replace(b"(1, 1, 1), }", b"(9**6, 9**6, 9), }"[:12].ljust(12))
    with zipfile.ZipFile(bomb, "w") as archive:
        archive.writestr("images.npy", header.replace(b"(1, 1, 1)", b"(99999999, 9999, 9)"))
    upload(bomb)
    tab.click("#audit-start")
    see(tab, "#audit-status .warned >> text=bomb.npz")


def test_a_training_is_watched_stopped_and_gone_on_with(tab, shoot, served):
    go(tab, "Train and watch")
    tab.fill("#train-amount input", "600")
    tab.fill("#train-coverage input", "60")
    tab.fill("#train-n input", "500")
    tab.fill("#train-out textarea", "outputs/watched")
    tab.click("#train-start")
    see(tab, "#train-grid img")
    see(tab, "#train-losses img")
    grid, losses = pixels(tab, "#train-grid img"), pixels(tab, "#train-losses img")

    def changed(before, where):
        now = pixels(tab, where)
        return before.shape != now.shape or (before != now).any()

    until(lambda: changed(grid, "#train-grid img"))
    until(lambda: changed(losses, "#train-losses img"))
    see(tab, "#train-bins img")
    until(lambda: re.search(r"reach \d+ of \d+ bins", tab.inner_text("#train-bins")))
    shoot(tab, "train")
    tab.click("#train-resume")
    see(tab, "#train-status .warned >> text=still at work")
    # The training goes on to say how far it is, and this stays beside it.
    see(tab, "#train-status:has(progress) >> text=still at work")
    tab.click("#train-stop")
    see(tab, "#train-status >> text=Resume goes on from the checkpoint in outputs/watched")
    folder = served.root / "outputs" / "watched"
    stopped = max(int(path.name[5:]) for path in (folder / "checkpoints").glob("step-*"))
    assert not (folder / "model").exists()
    tab.click("#train-resume")
    see(tab, "#train-status progress")
    grid = pixels(tab, "#train-grid img")
    until(lambda: changed(grid, "#train-grid img"))
    tab.click("#train-keep")
    see(tab, "#train-status >> text=Trained and kept in outputs/watched")
    assert json.loads((folder / "summary.json").read_text())["final"]["step"] > stopped
    # As of the command: the same files, and it is not replaced unasked.
    names = {path.name for path in folder.iterdir()}
    assert names >= {"training.json", "model", "history.csv", "losses.png", "samples.png", "growth.png"}
    tab.click("#train-start")
    see(tab, "#train-status .warned >> text=finished model")


def test_the_latent_plane_answers_to_a_press(tab, shoot):
    go(tab, "Generate")
    choose(tab, "generate-model", "trained/vae")
    tab.click("#generate-open")
    see(tab, "#generate-plane img")
    plane = tab.locator("#generate-plane img")
    until(lambda: plane.evaluate("image => image.complete && image.naturalWidth > 100"))
    box = plane.bounding_box()
    plane.click(position={"x": box["width"] * 0.2, "y": box["height"] * 0.3})
    see(tab, "#generate-there img")
    first = pixels(tab, "#generate-there img")
    assert first.shape == (28, 28)
    plane.click(position={"x": box["width"] * 0.8, "y": box["height"] * 0.7})
    until(lambda: (pixels(tab, "#generate-there img") != first).any())
    second = pixels(tab, "#generate-there img")
    slider = tab.locator("#generate-first input[type=number]")
    slider.fill("-2.5")  # by keyboard as well
    slider.press("Enter")
    until(lambda: (pixels(tab, "#generate-there img") != second).any())
    shoot(tab, "generate-plane")
    tab.click("#generate-walks")
    see(tab, "#generate-status >> text=Walks along the widest latent directions")
    tab.click("#generate-ways")
    see(tab, "#generate-result img.ways")


def test_digits_on_demand_and_a_film_to_take_home(tab, shoot, tmp_path):
    go(tab, "Generate")
    choose(tab, "generate-model", "trained/cgan")
    tab.click("#generate-open")
    see(tab, "#generate-label label")
    drawn = pixels(tab, "#generate-result img")
    tab.locator("#generate-label label", has_text="3").click()
    until(lambda: "label 3" in (tab.locator("#generate-result img").get_attribute("alt") or ""))
    threes = pixels(tab, "#generate-result img")
    assert threes.shape != drawn.shape or (threes != drawn).any()
    slider = tab.locator("#generate-way input[type=number]")
    slider.fill("3")
    slider.press("Enter")
    see(tab, "#generate-moving img")
    early = pixels(tab, "#generate-moving img")
    slider.fill("20")
    slider.press("Enter")
    until(lambda: (pixels(tab, "#generate-moving img") != early).any())
    tab.click("#generate-film")
    see(tab, "#generate-moving img.film")
    film = tab.locator("#generate-moving img.film")
    film.scroll_into_view_if_needed()
    shots = {film.screenshot() for _ in range(8) if time.sleep(0.25) is None}
    assert len(shots) > 2  # it plays
    shoot(tab, "generate")
    with tab.expect_download() as download:
        tab.click("#generate-gif")
    path = tmp_path / "way.gif"
    download.value.save_as(path)
    with Image.open(path) as gif:
        assert gif.n_frames > 20


def test_coverage_of_a_model(tab, shoot):
    go(tab, "Coverage")
    tab.fill("#real-n input", "400")
    choose(tab, "coverage-model", "trained/vae")
    tab.fill("#coverage-count input", "400")
    tab.click("#coverage-start")
    see(tab, "#coverage-pictures img.dropped")
    see(tab, "#coverage-findings li")
    assert pixels(tab, "#coverage-pictures img.dropped").std() > 5  # real pictures of what is missing
    shoot(tab, "coverage")


def test_arithmetic_answers_and_shows_where_it_looked(tab, shoot):
    go(tab, "Arithmetic")
    choose(tab, "arithmetic-model", "trained/sums")
    tab.fill("#arithmetic-query textarea, #arithmetic-query input", "4+3")
    tab.press("#arithmetic-query textarea, #arithmetic-query input", "Enter")
    see(tab, "#arithmetic-answer .answer")
    assert re.fullmatch(r"4\+3 = \d+", tab.inner_text("#arithmetic-answer .answer"))
    assert pixels(tab, "#arithmetic-answer img.attention").std() > 5
    shoot(tab, "arithmetic")
    tab.fill("#arithmetic-query textarea, #arithmetic-query input", "4/3")
    tab.click("#arithmetic-ask")
    see(tab, "#arithmetic-status .warned >> text=A query has one sign")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_narrow_screen(chromium, served, scheme, shoot):
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto(served.entry)
    see(page, "#audit-start")
    for place, name in enumerate(("Audit", "Train and watch", "Generate", "Coverage", "Arithmetic")):
        if place:
            tab = page.get_by_role("tab", name=name)
            if not tab.is_visible():
                page.locator(".overflow-menu > button").first.click()
                page.locator(".overflow-dropdown button", has_text=name).click()
            else:
                tab.click()
        page.wait_for_timeout(300)
        if place == 0 and scheme == "light":  # with images and a verdict in it
            page.fill("#audit-n input", "40")
            page.click("#audit-start")
            see(page, "#audit-status >> text=40 images of digits looked at")
            page.locator("#audit-gallery button img").first.click()
            see(page, "#audit-detail h3")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        if place == 0:
            shoot(page, f"narrow-{scheme}")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", background)[:3])) / 3
    assert (brightness < 90) == (scheme == "dark")
    context.close()


def test_by_keyboard_alone(tab):
    tab.keyboard.press("Tab")
    reached = set()
    for _ in range(40):
        reached.add(tab.evaluate("document.activeElement.closest('[id]') && document.activeElement.closest('[id]').id"))
        tab.keyboard.press("Tab")
    assert {"audit-start", "audit-stop"} <= reached
    tab.locator("#audit-n input").fill("40")
    tab.locator("#audit-start").focus()
    tab.keyboard.press("Enter")
    see(tab, "#audit-status >> text=40 images of digits looked at")
    tab.locator("#audit-gallery button:has(img)").first.focus()
    tab.keyboard.press("Enter")
    see(tab, "#audit-detail h3")


def test_what_is_wrong_is_said_in_the_words_of_the_page(tab, served):
    def said(page, words):
        see(tab, f"#{page}-status .warned >> text={words}")

    for number in ("0", "-5", ""):
        tab.fill("#audit-n input", number)
        tab.click("#audit-start")
        said("audit", "Images at most must be a whole number from 2 to 200,000.")
        assert tab.locator("[data-testid=toast-body]").count() == 0  # which would name no field
        tab.fill("#audit-n input", "40")
    for page, name, button, words in (
        ("generate", "Generate", "open", "Choose a model first: the page Train and watch makes one."),
        ("coverage", "Coverage", "start", "Choose a model first: the page Train and watch makes one."),
        ("arithmetic", "Arithmetic", "ask", "Choose a model first: Teach makes one."),
    ):
        go(tab, name)
        field = tab.locator(f"#{page}-model input").first
        field.fill("")
        field.press("Tab")
        if field.input_value() == "":
            tab.click(f"#{page}-{button}")
            said(page, words)
    go(tab, "Train and watch")
    tab.fill("#train-out textarea", "outputs/nothing")
    tab.click("#train-resume")
    said("train", "There is no training in outputs/nothing to go on with: Train begins one.")
    assert not (served.root / "outputs" / "nothing").exists()


def test_after_a_reload_resume_follows_the_folder(chromium, served):
    context = chromium.new_context(viewport={"width": 1280, "height": 1000})
    tab = context.new_page()  # the reload breaks off what was asked for, which the browser reports
    tab.goto(served.entry)
    go(tab, "Train and watch")
    choose(tab, "train-preset", "plain")
    choose(tab, "train-set", "glyphs")
    tab.fill("#train-amount input", "300")
    tab.fill("#train-coverage input", "0")
    tab.fill("#train-seed input", "3")
    tab.fill("#train-n input", "300")
    tab.fill("#train-out textarea", "outputs/left")
    tab.click("#train-start")
    see(tab, "#train-losses img")
    tab.reload()
    see(tab, "#audit-start")
    go(tab, "Train and watch")
    tab.fill("#train-coverage input", "0")
    tab.fill("#train-out textarea", "outputs/left")
    assert tab.input_value("#train-preset input") == "modern"
    tab.click("#train-resume")  # at once: the server has yet to miss the tab, and to stop its training
    see(tab, "#train-losses img")
    form = {"preset": "plain", "amount": "300", "seed": "3", "n": "300", "set": "glyphs"}

    def shown():
        return {name: tab.input_value(f"#train-{name} input") for name in form}

    until(lambda: shown() == form, 20, shown)
    tab.click("#train-stop")
    see(tab, "#train-status >> text=Resume goes on from the checkpoint in outputs/left")
    go(tab, "Generate")
    choose(tab, "generate-model", "outputs/left", listed=False)
    tab.click("#generate-open")
    see(tab, "#generate-status .warned >> text=has not ended: Resume goes on with it")
    go(tab, "Train and watch")
    tab.click("#train-resume")
    see(tab, "#train-status progress")
    tab.click("#train-keep")
    see(tab, "#train-status >> text=Trained and kept in outputs/left")
    assert (
        json.loads((served.root / "outputs" / "left" / "training.json").read_text())["parameters"]["preset"] == "plain"
    )
    context.close()
