"""Using the pages of a workbench as a person does, who waits until a page has followed."""

import base64
import io
import time

import numpy as np
from PIL import Image

WAIT = 90_000  # milliseconds


def go(page, name):
    page.get_by_role("tab", name=name).click()


def pixels(page, selector):
    """What a picture in the page shows."""
    source = page.locator(selector).first.get_attribute("src")
    content = base64.b64decode(source.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(content)).convert("L"))


def choose(page, name, option, *, listed=True):
    """Choose from a list, by typing: a list that has not followed yet would give its first line to the enter key."""
    field = page.locator(f"#{name} input").first
    field.click()
    field.fill(option)
    if listed:
        page.locator(f'#{name} [role=option][aria-label="{option}"]').click()
    else:
        field.press("Tab")
    until(lambda: field.input_value() == option, shown=field.input_value)


def see(page, selector, **state):
    """Wait until it shows; what the pages say of themselves is told where it does not."""
    try:
        page.wait_for_selector(selector, timeout=WAIT, **state)
    except Exception as error:
        said = [text for text in page.locator("[id$='-status']").all_text_contents() if text.strip()]
        raise AssertionError(f"{selector} does not show; the pages say {said}") from error


def until(condition, seconds=60.0, shown=None):
    """Wait for what a page comes to show: a browser draws what one message told it piece by piece."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.2)
    raise AssertionError("it did not come to pass" + (f": {shown()}" if shown else ""))
