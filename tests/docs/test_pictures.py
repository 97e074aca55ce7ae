"""Pictures of the documentation that a script made show what there is now."""

from pathlib import Path

from PIL import Image

from toolkit.generators import gan_presets

IMAGES = Path(__file__).parent.parent.parent / "docs" / "images"


def test_the_picture_of_presets_shows_all_of_them():
    with Image.open(IMAGES / "gan_presets.png") as picture:
        shown = picture.info.get("presets", "").split()
    assert shown == gan_presets()["preset"].tolist(), "python docs/preset_picture.py makes it anew"
