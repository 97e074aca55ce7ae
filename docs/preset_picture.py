"""The picture of presets in the documentation: what each has learnt of the embedded digits after equal processor time.

python docs/preset_picture.py [SECONDS]
"""

import sys
import time
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from toolkit.datasets import load_digits
from toolkit.generators import GAN, gan_presets
from toolkit.plots import SampleRowsDisplay

SECONDS, N_TIMED = 15.0, 10


def main(seconds=SECONDS):
    images = load_digits().images
    rows, details = {}, {}
    for name in gan_presets()["preset"]:
        timed = GAN(preset=name, max_steps=N_TIMED, random_state=0)
        timed.fit(images)
        start = time.process_time()
        timed.fit(images)
        steps = max(1, round(seconds * N_TIMED / (time.process_time() - start)))
        gan = GAN(preset=name, max_steps=steps, snapshot_epochs=(), random_state=0).fit(images)
        rows[name], details[name] = gan.sample(14, random_state=1), f"{steps:,} steps"
        print(name, steps, flush=True)
    title = f"Samples after {seconds:.0f} s of one processor, not chosen"
    path = Path(__file__).parent / "images" / "gan_presets.png"
    SampleRowsDisplay.from_predictions(rows, details=details, title=title).save(path, dpi=100)
    # Which presets it shows is kept in the file: a test compares that with the table of presets.
    picture, named = Image.open(path), PngInfo()
    named.add_text("presets", " ".join(rows))
    picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=64).save(path, pnginfo=named, optimize=True)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
