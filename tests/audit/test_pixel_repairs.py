"""Repairs that compute pixels anew: made to files where they are asked for, and nowhere else."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from toolkit.audit import apply_plan, audit_files, plan_clean


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Thirty crops of photographs, in three of which lines were lost; and the crops as they were."""
    root = tmp_path_factory.mktemp("pictures")
    pictures = [data.chelsea(), data.astronaut(), data.coffee()]
    generator = np.random.default_rng(0)
    truth = {}
    for place in range(30):
        picture = pictures[place % 3]
        top, left = (int(generator.integers(0, side - 128)) for side in picture.shape[:2])
        crop = picture[top : top + 128, left : left + 128]
        truth[f"{place:02d}.png"] = crop.copy()
        if place < 3:
            crop = crop.copy()
            crop[20 + 30 * place] = 255
        Image.fromarray(crop).save(root / f"{place:02d}.png")
    return root, truth


@pytest.fixture(scope="module")
def audit(folder):
    return audit_files(folder[0])


def test_nothing_is_computed_anew_unless_asked_for(audit):
    assert not set(plan_clean(audit)["action"]) & {"fill_lines", "fill_pixels", "denoise", "deblock", "stretch"}


def test_lost_lines_are_filled_in_the_copy_and_sound_pictures_kept_to_the_byte(folder, audit, tmp_path):
    root, truth = folder
    plan = plan_clean(audit, repairs=["lines"])
    filled = plan.loc[plan["action"] == "fill_lines", "path"].tolist()
    assert filled
    assert set(filled) <= {"00.png", "01.png", "02.png"}
    out = tmp_path / "clean"
    apply_plan(plan, root, out)
    for name, crop in truth.items():
        if name in filled:
            error = np.abs(np.asarray(Image.open(out / name)).astype(int) - crop).mean()
            given = np.abs(np.asarray(Image.open(root / name)).astype(int) - crop).mean()
            assert error < 0.2 * given
        else:
            assert (out / name).read_bytes() == (root / name).read_bytes()
