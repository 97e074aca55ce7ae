"""The files of a folder: each has its row and its reasons; a plan repairs only what an independent check confirms."""

import os
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageOps

from toolkit.audit import audit_files, plan_clean
from toolkit.audit.files._frame import frame_box
from toolkit.audit.files._plan_clean import _EXACT
from toolkit.datasets import load_image_folder
from toolkit.exceptions import DataFormatError
from toolkit.restoration import restore_images

CROPS = load_image_folder(size=96).images


def framed(image, width=20, height=30, colour=(0, 0, 0)):
    return ImageOps.expand(image, (width, height), colour)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Crops of photographs, with what people's folders hold among them."""
    home = tmp_path_factory.mktemp("files") / "in"
    rng = np.random.default_rng(0)
    for place, row in enumerate(rng.permutation(len(CROPS))[:30]):
        label = home / ("cats" if place % 2 else "cups")
        label.mkdir(parents=True, exist_ok=True)
        Image.fromarray(CROPS[row]).resize((160, 120 + place)).save(label / f"{place:02}.jpg", quality=92)
    first = Image.open(home / "cups" / "00.jpg")
    (home / "cats" / "same.jpg").write_bytes((home / "cups" / "00.jpg").read_bytes())
    first.transpose(Image.Transpose.ROTATE_90).save(home / "cups" / "turned.png")
    framed(Image.open(home / "cats" / "03.jpg")).save(home / "cats" / "framed.png")
    Image.new("RGB", (160, 130), (9, 9, 9)).save(home / "cups" / "blank.png")
    (home / "cups" / "broken.jpg").write_bytes((home / "cats" / "01.jpg").read_bytes()[:900])
    (home / "cups" / "notes.txt").write_text("no picture")
    os.symlink(home / "cats" / "01.jpg", home / "cups" / "link.jpg")
    return home


@pytest.fixture(scope="module")
def found(folder):
    return audit_files(folder, cache=False)


def test_every_file_has_its_row(folder, found):
    table = found.per_file
    assert sorted(table["path"]) == sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()
    )
    assert found["cups/notes.txt"]["reason"].startswith("not a picture")
    assert found["cups/broken.jpg"]["reason"].startswith("damaged")
    assert found["cups/link.jpg"]["reason"].startswith("link")
    assert found["cups/00.jpg"][["width", "height", "mode", "format"]].tolist() == [160, 120, "RGB", "JPEG"]
    assert found["cups/00.jpg"]["bytes"] == (folder / "cups" / "00.jpg").stat().st_size
    scores = table.filter(like="score_")
    assert len(scores.columns) > 20
    assert ((scores >= 0) & (scores <= 1) | scores.isna()).all().all()
    assert scores[~table["readable"]].isna().all().all()
    assert table["damaged"].dtype == bool
    with pytest.raises(KeyError, match="no file is called 'x'"):
        found["x"]


def test_faults_and_duplicates_are_named(found):
    assert "blank" in found["cups/blank.png"]["findings"]
    assert "frame" in found["cats/framed.png"]["findings"]
    groups = found.per_file.set_index("path")["duplicate_group"]
    assert groups["cups/00.jpg"] == groups["cats/same.jpg"] == groups["cups/turned.png"] >= 0
    one = {found[path]["duplicate_of"] for path in ("cups/00.jpg", "cats/same.jpg", "cups/turned.png")}
    assert "" in one
    assert len(one) == 2
    assert len(found.conflicts)
    assert set(found.conflicts[["label_a", "label_b"]].to_numpy().ravel()) == {"cats", "cups"}


def test_findings_say_which_files(found):
    text = "\n".join(found.findings())
    for name in ("cups/broken.jpg", "cups/notes.txt", "cups/blank.png", "cats/framed.png"):
        assert name in text
    assert "labelled one picture twice" in text
    assert "are copies of another" in found.findings()[0]
    (said,) = [sentence for sentence in found.findings() if "redundant cop" in sentence]
    redundant, *split = re.findall(r"(\d+) (?:redundant|equal|changed|turned|copies)", said)
    assert int(redundant) == sum(map(int, split)) == (found.per_file["duplicate_of"] != "").sum()


def test_a_plan_keeps_what_nobody_asked_to_leave_out(folder, found):
    plan = plan_clean(found).set_index("path")
    left = plan.index[plan["action"] == "leave_out"].tolist()
    assert sorted(left) == ["cups/broken.jpg", "cups/link.jpg", "cups/notes.txt"]
    assert (plan.loc[left, "reason"] != "").all()
    with Image.open(folder / "cats" / "framed.png") as image:
        assert plan.loc["cats/framed.png", "action"] == "crop"
        assert plan.loc["cats/framed.png", "box"] == f"20,30,{image.width - 20},{image.height - 30}"
    assert (plan_clean(found, repairs=()).set_index("path").loc["cats/framed.png", "action"]) == "keep"
    more = plan_clean(found, leave_out=["exact_duplicates", "near_duplicates", "blank"]).set_index("path")
    gone = set(more.index[more["action"] == "leave_out"]) - set(left)
    assert "cups/blank.png" in gone
    assert len(gone & {"cups/00.jpg", "cats/same.jpg", "cups/turned.png"}) == 2
    exact = plan_clean(found, leave_out=["exact_duplicates"]).set_index("path")["action"]
    assert (exact[["cups/00.jpg", "cats/same.jpg"]] == "leave_out").sum() == 1
    with pytest.raises(ValueError, match="Did you mean 'blank'"):
        plan_clean(found, leave_out=["blanc"])
    with pytest.raises(ValueError, match="Unknown repair"):
        plan_clean(found, repairs=["nonsense"])


def test_what_networks_repaired_exactly_is_made_to_the_file_and_nothing_else(found):
    rows = [
        ("cats/01.jpg", "rotate_90", 0.99, 1, "unrotate_90"),
        ("cats/05.jpg", "invert", 0.97, 1, "uninvert"),
        ("cats/07.jpg", "gaussian_noise", 0.99, 1, "learned"),
        ("cats/09.jpg", "rotate_180", 0.99, 0, ""),
    ]
    per_image = pd.DataFrame(rows, columns=["path", "kind", "confidence", "repaired", "restorer"])
    plan = plan_clean(found, per_image=per_image).set_index("path")["action"]
    assert plan[["cats/01.jpg", "cats/05.jpg", "cats/07.jpg", "cats/09.jpg"]].tolist() == [
        "rotate_270",
        "invert",
        "keep",
        "keep",
    ]
    assert (
        plan_clean(found, per_image=per_image, repairs=["frames"]).set_index("path")["action"] == "invert"
    ).sum() == 0


@pytest.mark.parametrize("restorer", sorted(set(_EXACT) - {"uninvert"}))
def test_a_restorer_and_the_action_in_its_place_do_the_same(restorer):
    from toolkit.audit.files._symmetries import SYMMETRIES, turned

    image = np.random.default_rng(0).random((1, 9, 9)).astype(np.float32)
    restored = restore_images(image, restorer)
    np.testing.assert_array_equal(turned(image[0], SYMMETRIES[_EXACT[restorer][1]]), np.asarray(restored)[0])


def test_leaks_between_two_folders(folder, tmp_path):
    (tmp_path / "test").mkdir()
    with Image.open(folder / "cats" / "05.jpg") as image:
        image.resize((90, 70)).save(tmp_path / "test" / "small.jpg", quality=80)
    Image.fromarray(CROPS[-1]).rotate(17).crop((20, 20, 70, 70)).save(tmp_path / "test" / "other.png")
    found = audit_files(tmp_path / "test", against=folder, cache=False)
    assert found["small.jpg"]["leak"] == "cats/05.jpg"
    assert found["other.png"]["leak"] == ""
    assert any(sentence.startswith("A leak: 1 picture is in in as well") for sentence in found.findings())


def test_folders_of_next_to_nothing(tmp_path):
    with pytest.raises(DataFormatError, match="holds no file"):
        audit_files(tmp_path, cache=False)
    with pytest.raises(FileNotFoundError):
        audit_files(tmp_path / "nowhere", cache=False)
    (tmp_path / "notes.txt").write_text("no picture")
    found = audit_files(tmp_path, cache=False)
    assert len(found.per_file) == 1
    assert "Cannot be used" in "\n".join(found.findings())
    Image.fromarray(CROPS[0]).save(tmp_path / "one.png")
    found = audit_files(tmp_path, cache=False)
    assert found.per_file["readable"].tolist() == [False, True]
    assert set(found.tables()) >= {"per_file", "duplicates", "everyday"}
    assert plan_clean(found)["action"].tolist() == ["leave_out", "keep"]


@pytest.mark.parametrize("format_", ["PNG", 95, 75])
@pytest.mark.parametrize("bars", [(0, 12), (15, 0), (20, 14)])
def test_a_frame_is_cut_where_it_ends_and_never_into_the_picture(tmp_path, format_, bars):
    for number, crop in enumerate(CROPS[:3]):
        image = Image.fromarray(crop).resize((150, 130))
        whole = framed(image, *bars)
        if format_ != "PNG":
            whole.save(tmp_path / "a.jpg", quality=format_)
            whole = Image.open(tmp_path / "a.jpg")
        box, why_not = frame_box(np.asarray(whole), lossy=format_ != "PNG")
        truth = (bars[0], bars[1], bars[0] + 150, bars[1] + 130)
        if format_ == "PNG" and why_not == "":
            assert box == truth, number
        if box is not None:
            assert box[0] <= truth[0]
            assert box[1] <= truth[1]
            assert box[2] >= truth[2]
            assert box[3] >= truth[3]


def test_pictures_without_a_frame_are_not_cut():
    assert all(frame_box(crop, lossy=lossy)[0] is None for crop in CROPS for lossy in (False, True))
    page = np.full((200, 150), 255, np.uint8)
    page[40:160, 30:120][::9, ::2] = 0  # text within its margins
    for picture in (page, np.zeros((90, 80), np.uint8), np.full((9, 9, 3), 7, np.uint8)):
        assert frame_box(picture)[0] is None
