"""Writing laid over photographs that the network never saw, in a font that it never saw either."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw, ImageFont
from skimage import data
from sklearn.metrics import roc_auc_score

from toolkit.audit import judge_everyday
from toolkit.diagnostics import damage_scores, everyday_statistics
from toolkit.diagnostics.damage._writing import writing_odds

WORDS = ("SAMPLE PHOTO", "2024-07-12 18:03", "www.example.org", "Copyright")


def write(picture, place, *, size=18, alpha=255):
    layer = Image.new("RGBA", picture.shape[1::-1], (0, 0, 0, 0))
    ink = ((255, 255, 255), (255, 230, 0), (0, 0, 0))[place % 3]
    left, top = 7 * place % 60, 31 * place % 150
    draw = ImageDraw.Draw(layer)
    draw.text((left, top), WORDS[place % 4], fill=(*ink, alpha), font=ImageFont.load_default(size))
    return np.asarray(Image.alpha_composite(Image.fromarray(picture).convert("RGBA"), layer).convert("RGB"))


@pytest.fixture(scope="module")
def crops():
    generator = np.random.default_rng(5)
    pictures = [getattr(data, name)() for name in ("astronaut", "coffee", "chelsea", "rocket", "cat")]
    found = []
    for place in range(60):
        picture = pictures[place % 5]
        top, left = (generator.integers(0, side - 200) for side in picture.shape[:2])
        found.append(picture[top : top + 200, left : left + 240])
    return found


@pytest.mark.parametrize("alpha", [255, 160])
def test_it_is_told_from_texture(crops, alpha):
    odds = [writing_odds(picture) for picture in crops]
    over = [writing_odds(write(picture, place, alpha=alpha)) for place, picture in enumerate(crops)]
    assert roc_auc_score([0] * len(crops) + [1] * len(crops), odds + over) > 0.95


def test_a_picture_made_larger_says_the_same(crops):
    picture = write(crops[1], 0)
    large = np.asarray(Image.fromarray(picture).resize((960, 800), Image.Resampling.LANCZOS))
    assert writing_odds(large) > 0 < writing_odds(picture)
    assert writing_odds(picture) > writing_odds(crops[1]) + 2


@pytest.mark.parametrize("shape", [(1, 1), (5, 200), (48, 48), (300, 90, 3), (2000, 31, 3)])
def test_any_size(shape):
    assert np.isfinite(writing_odds(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)))


def test_it_is_flagged_in_a_set_and_not_applicable_without_the_network(crops):
    pictures = list(crops)
    for place in (3, 40):
        pictures[place] = write(pictures[place], place, size=14)
    rows = [everyday_statistics(picture) | damage_scores(picture) for picture in pictures]
    table = pd.DataFrame(rows)
    found = judge_everyday(table)
    assert found.flagged["overlaid_text"].to_numpy().nonzero()[0].tolist() == [3, 40]
    assert not found.competence.loc["overlaid_text", "damage"]  # it may have been there
    alone = judge_everyday(
        table.drop(columns=[name for name in table if name.startswith(("damage_", "share_", "writing"))])
    )
    assert not alone.competence.loc["overlaid_text", "applicable"]
    assert "network" in alone.competence.loc["overlaid_text", "why_not"]
