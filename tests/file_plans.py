"""Pictures and plans that the tests of cleaned copies share."""

import hashlib

import numpy as np
import pandas as pd
from PIL import Image


def picture(height=37, width=50, seed=0, mode="RGB"):
    """Smooth enough for JPEG, and unlike any of its turns."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8))
    return small.resize((width, height), Image.Resampling.BICUBIC).convert(mode)


def plan_of(folder, actions):
    """The plan for files of a folder: an action for each name, or ``("crop", box)``."""
    rows = []
    for name, action in actions.items():
        action, box = action if isinstance(action, tuple) else (action, "")
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        rows.append({"path": name, "sha256": digest, "action": action, "box": box})
    return pd.DataFrame(rows, columns=["path", "sha256", "action", "box"])
