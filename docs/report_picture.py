"""Draw the picture of a report's table, of photographs that come with scikit-image: ``python docs/report_picture.py``.

Needs playwright and a chromium: it is a picture of the page as a browser shows it.
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter
from playwright.sync_api import sync_playwright

from toolkit.datasets import load_image_folder
from toolkit.studies import run_folder

TARGET = Path(__file__).parent / "images" / "report.png"


def folder(home):
    """Photographs, some of them spoilt."""
    photos = [Image.fromarray(image).resize((160, 120)) for image in load_image_folder(size=160).images]
    for number, photo in enumerate(photos[::4][:40]):
        photo.save(home / f"{number:02}.jpg", quality=90)
    photos[91].filter(ImageFilter.GaussianBlur(5)).save(home / "out-of-focus.jpg", quality=90)
    framed = np.zeros((170, 210, 3), np.uint8)
    framed[25:145, 25:185] = np.asarray(photos[50])
    Image.fromarray(framed).save(home / "framed.png")
    Image.new("RGB", (160, 120)).save(home / "blank.png")
    (home / "cut-off.png").write_bytes((home / "framed.png").read_bytes()[:900])
    (home / "copy-of-03.jpg").write_bytes((home / "03.jpg").read_bytes())


def main():
    """Audit the folder, open the page, and keep what its last section looks like."""
    home = Path(tempfile.mkdtemp())
    (home / "pictures").mkdir()
    folder(home / "pictures")
    page_file = run_folder(home / "pictures", cache=False, n_jobs=1).write(home / "audit")
    with sync_playwright() as driver:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1180, "height": 900})
        page.goto(page_file.as_uri())
        page.wait_for_selector("#choices tbody tr")
        page.get_by_label("Decision on out-of-focus.jpg", exact=True).select_option("leave_out")
        section = page.locator("section[data-interactive]").bounding_box()
        clip = {"x": section["x"] - 8, "y": section["y"] + 20, "width": section["width"] + 16, "height": 1060}
        page.screenshot(path=TARGET, clip=clip, full_page=True)
        browser.close()
    picture = Image.open(TARGET).convert("P", palette=Image.Palette.ADAPTIVE, colors=128)
    picture.save(TARGET, optimize=True)
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
