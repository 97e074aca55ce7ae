"""
Is my folder of pictures damaged?
=================================

A folder of photographs, of which some are dark, blurred or blank, one is half downloaded, one is no picture at all, and
two are the same. Which files are bad, and why?
"""

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from toolkit.datasets import load_image_folder
from toolkit.plots import FileGalleryDisplay
from toolkit.studies import run_folder

# %%
# Crops of three of the photographs that scikit-image brings along make the folder, and a few of them are spoilt:

folder = Path(tempfile.mkdtemp()) / "holiday"
folder.mkdir()
photos = load_image_folder(size=96)
for number, crop in enumerate(photos.images[photos.labels != "rocket"]):
    if number == 7:
        crop = crop // 8  # far too dark
    if number == 40:
        crop = gaussian_filter(crop, (3, 3, 0))
    if number == 70:
        crop = np.full_like(crop, 128)
    if number == 100:
        noise = np.random.default_rng(0).normal(0, 60, crop.shape)
        crop = np.clip(crop + noise, 0, 255).astype(np.uint8)
    Image.fromarray(crop).save(folder / f"{number:03}.png")

whole = (folder / "003.png").read_bytes()
(folder / "download.png").write_bytes(whole[: len(whole) // 2])
(folder / "notes.jpg").write_text("no picture")
Image.open(folder / "025.png").rotate(90).save(folder / "again.png")

# %%
# One call looks at every file. It trains nothing, and changes nothing in the folder. The same from the shell:
# ``toolkit audit --data holiday --no-networks``, which writes a page to filter and decide in.

result = run_folder(folder, cache=False, n_jobs=1)
print(*result.findings(), sep="\n")

# %%
# A row for each file says what is wrong with it, and how sure that is. All that was spoilt is there; so are crops that
# were out of focus, or had burnt-out parts, as they were taken:

table = result.per_file
bad = table[table["damaged"] | ~table["readable"] | table["relation"].ne("")]
bad[["path", "reason", "findings", "difference"]]

# %%
# To look at them, the surest:

shown = bad[bad["readable"] & (bad.filter(like="score_").max(axis=1) > 0.7)]
pictures = np.stack([np.asarray(Image.open(folder / path).convert("RGB")) for path in shown["path"]])
groups = shown["findings"].str.split(" \\(").str[0].where(shown["damaged"], "there twice")
FileGalleryDisplay.from_predictions(pictures, names=list(shown["path"]), groups=list(groups)).plot()
