"""Repairs that compute pixels anew: made to files where they are asked for, and nowhere else."""

import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data
from skimage.metrics import peak_signal_noise_ratio

from toolkit.audit import REPAIRS, apply_plan, audit_files, plan_clean
from toolkit.audit.files._picture_actions import PICTURE_ACTIONS


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
    assert not set(plan_clean(audit)["action"]) & set(PICTURE_ACTIONS)


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


def _noisy(picture):
    return np.clip(picture + np.random.default_rng(1).normal(0, 25, picture.shape), 0, 255).astype(np.uint8)


def _blurred(picture):
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(2.5)))


@pytest.fixture(scope="module")
def worn(tmp_path_factory):
    """Twenty-four crops of photographs in several modes and formats, some noisy, compressed or blurred."""
    root, truth = tmp_path_factory.mktemp("worn"), {}
    pictures = [data.chelsea(), data.astronaut(), data.coffee()]
    for place in range(24):
        crop = pictures[place % 3][20 + 7 * place :][:128, 60 + 5 * place :][:, :144]
        truth[f"{place:02d}"] = crop
        if place < 3:
            spoilt = Image.fromarray(_noisy(crop))
            {0: spoilt, 1: spoilt.convert("RGBA"), 2: spoilt}[place].save(
                root / f"{place:02d}.{'jpg' if place == 2 else 'png'}", **({"quality": 97} if place == 2 else {})
            )
        elif place == 3:
            Image.fromarray(crop).save(root / "03.jpg", quality=8)
        elif place in (4, 5):
            Image.fromarray(_blurred(crop)).save(root / f"{place:02d}.png")
        else:
            Image.fromarray(crop).save(root / f"{place:02d}.png")
    return root, truth


def _repaired(root, out, **options):
    audit = audit_files(root, cache=False)
    plan = plan_clean(audit, repairs=list(REPAIRS), **options).set_index("path", drop=False)
    return plan, apply_plan(plan, root, out).set_index("path")


def test_where_it_helps_more_on_the_set_the_network_repairs(worn, tmp_path):
    root, truth = worn
    plan, done = _repaired(root, tmp_path / "out")
    expected = {"denoise_learned": 3, "deblock_learned": 0.5, "deblur": 1}
    touched = plan.index[plan["action"] != "keep"]
    assert set(touched) <= {"00.png", "01.png", "02.jpg", "03.jpg", "04.png", "05.png"}
    assert set(plan.loc[touched, "action"]) == set(expected)
    for name in plan.index:
        came, went = ((folder / name) for folder in (root, tmp_path / "out"))
        if name not in touched:
            assert went.read_bytes() == came.read_bytes()
            continue
        assert done.loc[name, "done"] == "repaired", done.loc[name, "note"]
        assert "sound pictures of this set" in plan.loc[name, "reason"]
        with Image.open(came) as first, Image.open(went) as second:
            assert (first.mode, first.size, first.format) == (second.mode, second.size, second.format)
            before, after = (
                peak_signal_noise_ratio(truth[name[:2]], np.asarray(image.convert("RGB"))) for image in (first, second)
            )
        assert after - before > expected[plan.loc[name, "action"]], name


def test_what_is_transparent_is_left(worn, tmp_path):
    root = tmp_path / "in"
    root.mkdir()
    for path in worn[0].iterdir():
        (root / path.name).write_bytes(path.read_bytes())
    layer = Image.fromarray(_noisy(worn[1]["01"])).convert("RGBA")
    layer.putpixel((3, 3), (0, 0, 0, 0))
    layer.save(root / "01.png")
    plan, _ = _repaired(root, tmp_path / "out")
    assert plan.loc["01.png", "action"] == "keep"
    assert "transparent in places" in plan.loc["01.png", "reason"]
    by_hand = plan.assign(action=["denoise_learned" if path == "01.png" else "keep" for path in plan["path"]])
    done = apply_plan(by_hand, root, tmp_path / "hand").set_index("path")
    assert done.loc["01.png", "done"] == "kept"
    assert "transparent in places" in done.loc["01.png", "note"]


def test_in_a_small_set_the_classical_repairs_are_used_or_none(worn, tmp_path):
    root = tmp_path / "in"
    root.mkdir()
    for name in ("03.jpg", "04.png", "10.png", "11.png", "12.png"):
        (root / name).write_bytes((worn[0] / name).read_bytes())
    plan, _ = _repaired(root, tmp_path / "out")
    assert plan.loc["03.jpg", "action"] == "deblock"
    assert "4 sound pictures" in plan.loc["04.png", "reason"] or "3 sound pictures" in plan.loc["04.png", "reason"]
    assert (plan["action"] == "keep").sum() == 4
