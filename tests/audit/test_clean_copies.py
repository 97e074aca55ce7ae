"""A cleaned copy without duplicates loses no picture: of copies one is kept, and what differs is no copy."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from toolkit.audit import apply_plan, audit_files, plan_clean
from toolkit.audit.files._jpeg import jpeg_with_orientation
from toolkit.datasets import load_image_folder
from toolkit.studies import apply_decisions, run_folder

CROPS = load_image_folder(size=96).images
BOTH = ["exact_duplicates", "near_duplicates"]


def crop(row, side=160):
    return Image.fromarray(CROPS[row]).resize((side, side - 20))


@pytest.fixture
def home(tmp_path):
    """Ten pictures that have nothing to do with one another."""
    home = tmp_path / "in"
    home.mkdir()
    for place in range(10):
        crop(5 * place).save(home / f"other{place}.png")
    return home


def actions(home, **options):
    plan = plan_clean(audit_files(home, cache=False), **options)
    return plan.set_index("path")["action"], plan


def test_documents_with_the_same_first_page_are_all_kept(home, tmp_path):
    pages = [crop(row) for row in (51, 52, 53, 54)]
    pages[0].save(home / "letter.tif", save_all=True, append_images=pages[1:2])
    pages[0].save(home / "contract.tif", save_all=True, append_images=pages[2:])
    (home / "letter again.tif").write_bytes((home / "letter.tif").read_bytes())
    pages[0].save(home / "cover.png")
    found, plan = actions(home, leave_out=["exact_duplicates"])
    assert found["contract.tif"] == found["cover.png"] == "keep"
    assert sorted(found[["letter.tif", "letter again.tif"]]) == ["keep", "leave_out"]
    found, plan = actions(home, leave_out=BOTH)
    assert found["contract.tif"] == "keep"
    assert "keep" in set(found[["letter.tif", "letter again.tif"]])
    done = apply_plan(plan, home, tmp_path / "out")
    assert (done["done"] == "kept").sum() == 12 + (found["cover.png"] == "keep")


def test_what_cannot_be_copied_without_its_notes_stands_for_no_other(home, tmp_path):
    pages = [crop(row) for row in (51, 52)]
    pages[0].save(home / "letter.tif", save_all=True, append_images=pages[1:])
    pages[0].save(home / "cover.png")
    pages[0].save(home / "cover.bmp")
    result = run_folder(
        home,
        cache=False,
        n_jobs=1,
        write_clean=tmp_path / "out",
        leave_out=BOTH,
        strip_metadata=True,
    )
    done = result.applied.set_index("path")
    assert "several frames" in done.loc["letter.tif", "note"]
    assert sorted(done.loc[["cover.bmp", "cover.png"], "done"]) == ["kept", "left out"]


@pytest.mark.parametrize("orientation", [2, 3])
def test_the_same_scans_that_are_shown_otherwise_are_another_picture(home, orientation):
    file = io.BytesIO()
    crop(51).save(file, "JPEG", quality=92)
    for name, number in (("a.jpg", orientation), ("b.jpg", 1), ("c.jpg", 1)):
        (home / name).write_bytes(jpeg_with_orientation(file.getvalue(), number))
    found, _ = actions(home, leave_out=["exact_duplicates"])
    assert found["a.jpg"] == "keep"
    assert sorted(found[["b.jpg", "c.jpg"]]) == ["keep", "leave_out"]
    assert len(load_image_folder(home, cache=False)) == 12


def test_turned_by_notes_and_turned_in_its_pixels_is_one_picture(home):
    exif = Image.Exif()
    exif[0x0112] = 6
    crop(51).save(home / "a.png", exif=exif)
    crop(51).transpose(Image.Transpose.ROTATE_270).save(home / "b.png")
    found, _ = actions(home, leave_out=["exact_duplicates"])
    assert sorted(found[["a.png", "b.png"]]) == ["keep", "leave_out"]


def test_a_copy_of_what_is_left_out_for_another_reason_stays(home, tmp_path):
    crop(51, 400).save(tmp_path / "outside.png")
    crop(51, 400).save(home / "a.png")
    (home / "b.png").symlink_to(tmp_path / "outside.png")  # the same pixels, and not copied
    crop(51, 400).save(home / "c.jpg", quality=95)
    crop(51, 400).save(home / "d.jpg", quality=90)
    audit = audit_files(home, cache=False)
    # Whichever is the one to keep: where it is blank, and left out as such, another one stays.
    first = audit.per_file.set_index("path").loc[["a.png", "c.jpg", "d.jpg"], "duplicate_of"]
    kept = first[first == ""].index
    audit.everyday.flagged.loc[kept, "blank"] = True
    found = plan_clean(audit, leave_out=[*BOTH, "blank"]).set_index("path")["action"]
    assert found["b.png"] == "leave_out"
    assert (found[kept] == "leave_out").all()
    assert sorted(found[["a.png", "c.jpg", "d.jpg"]]) == ["keep", "leave_out", "leave_out"]


def test_the_same_picture_in_16_bits_and_in_8_is_no_equal_copy(home):
    values = (np.asarray(crop(51).convert("L")).astype(np.uint16) << 8) + 77
    Image.fromarray(values).save(home / "deep.png")
    crop(51).convert("L").save(home / "flat.png")
    audit = audit_files(home, cache=False)
    assert audit["deep.png"]["relation"] != "exact"
    assert audit["flat.png"]["relation"] != "exact"
    assert audit["flat.png"]["duplicate_group"] == audit["deep.png"]["duplicate_group"] >= 0


def test_names_that_are_shown_alike_are_told_apart(home, tmp_path):
    crop(51).save(home / "a\nb.png")
    crop(52).save(home / "a\\nb.png")
    result = run_folder(home, cache=False, n_jobs=1, write_clean=tmp_path / "out")
    assert result.per_file["path"].is_unique
    for name in ("a\nb.png", "a\\nb.png"):
        assert (tmp_path / "out" / name).read_bytes() == (home / name).read_bytes()
    result.write(tmp_path / "audit")
    plan = result.plan
    wanted = plan[plan["path"] == "a\\nb.png (2)"].assign(action="leave_out")
    apply_decisions(wanted, tmp_path / "audit", home, tmp_path / "decided")
    assert not (tmp_path / "decided" / "a\nb.png").exists()
    assert (tmp_path / "decided" / "a\\nb.png").exists()
    found = load_image_folder(home, cache=False)
    assert len(set(found.ids)) == len(found)
    assert len(found.metadata) == len(found)


def test_two_files_of_one_name_in_an_archive(home, tmp_path):
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for path in sorted(home.iterdir()):
            archive.write(path, path.name)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.write(home / "other3.png", "other2.png")
    result = run_folder(tmp_path / "in.zip", cache=False, n_jobs=1)
    assert result.per_file["path"].is_unique
    assert result.per_file.set_index("path").loc["other2.png (2)", "reason"].startswith("second file of that name")
    assert result.write(tmp_path / "audit").exists()
