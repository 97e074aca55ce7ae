"""
Does my test set leak into my training set?
===========================================

A picture that is in both makes a test too easy. Copies are rarely equal byte by byte: they are resized, compressed
anew, made darker, turned, mirrored or cropped.
"""

import io

import numpy as np
from PIL import Image

from toolkit.audit import find_duplicates
from toolkit.datasets import load_image_folder
from toolkit.plots import SampleRowsDisplay

crops = load_image_folder(size=64).images
order = np.random.default_rng(0).permutation(len(crops))
train, test = crops[order[:100]], [*crops[order[100:140]]]

# %%
# Four pictures of the training set get into the test set, none of them as it was:

buffer = io.BytesIO()
Image.fromarray(train[3]).save(buffer, format="JPEG", quality=40)
test[5] = np.asarray(Image.open(buffer))
test[11] = train[17][:, ::-1]  # mirrored
test[20] = np.rot90(train[31])
test[33] = (train[8] * 0.7).astype(np.uint8)  # darker

# %%
# They are found under the eight symmetries of the square. Each pair says how the picture of the training set (``id_b``)
# differs from that of the test set (``id_a``): the one that was made darker has a brighter original.

found = find_duplicates(test, against=train)
found.pairs[["id_a", "id_b", "relation", "difference", "similarity"]].round(2)

# %%
# Side by side:

pairs = found.pairs.sort_values("row_a")
SampleRowsDisplay.from_predictions(
    {
        "test": np.stack([test[row] for row in pairs["row_a"]]),
        "train": train[pairs["row_b"]],
    }
).plot()
