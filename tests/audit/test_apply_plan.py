"""A cleaned copy of a folder: what is written is what it should be, and nothing else happens; PIL is the witness."""

import hashlib
import io
import os
import signal
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from file_plans import picture, plan_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo
from prepared import start

from toolkit.audit import FILE_ACTIONS, apply_plan
from toolkit.exceptions import FolderInUseError

# What PIL does for each symmetry, to the picture as it is shown.
BY_PIL = {
    "rotate_90": Image.Transpose.ROTATE_90,
    "rotate_180": Image.Transpose.ROTATE_180,
    "rotate_270": Image.Transpose.ROTATE_270,
    "flip_horizontal": Image.Transpose.FLIP_LEFT_RIGHT,
    "flip_vertical": Image.Transpose.FLIP_TOP_BOTTOM,
    "transpose": Image.Transpose.TRANSPOSE,
    "anti_transpose": Image.Transpose.TRANSVERSE,
}


def state_of(folder):
    """Everything about a tree that can change."""
    found = {}
    for where, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(where, name)
            state = os.lstat(path)
            content = Path(path).read_bytes() if os.path.isfile(path) and not os.path.islink(path) else b""
            found[os.path.relpath(path, folder)] = (state.st_mode, state.st_mtime_ns, state.st_ino, content)
    return found


def shown(path):
    with Image.open(path) as image:
        image.load()
        way = {
            2: "FLIP_LEFT_RIGHT",
            3: "ROTATE_180",
            4: "FLIP_TOP_BOTTOM",
            5: "TRANSPOSE",
            6: "ROTATE_270",
            7: "TRANSVERSE",
            8: "ROTATE_90",
        }.get(image.getexif().get(0x0112))
        return image.transpose(Image.Transpose[way]) if way else image.copy()


def jpeg(orientation=None, *, notes=True, **options):
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    if notes:
        exif[0x010F] = "Camera"
        exif.get_ifd(0x8769)[0x829A] = 0.5
        exif.get_ifd(0x8825)[1] = "N"
    buffer = io.BytesIO()
    picture().save(buffer, "JPEG", quality=80, exif=exif, comment=b"secret", **options)
    return buffer.getvalue()


def from_scan(content):
    return content[content.index(b"\xff\xda") :]


@pytest.fixture
def folder(tmp_path):
    home = tmp_path / "in"
    (home / "deep" / "er").mkdir(parents=True)
    picture().save(home / "a.png")
    (home / "b.jpg").write_bytes(jpeg())
    picture(seed=1).save(home / "deep" / "er" / "c.webp")
    return home


def test_kept_files_are_identical_and_nothing_else_changes(folder, tmp_path):
    os.utime(folder / "a.png", ns=(10**18, 10**18))
    before = state_of(folder)
    done = apply_plan(
        plan_of(folder, dict.fromkeys(("a.png", "b.jpg", "deep/er/c.webp"), "keep")), folder, tmp_path / "out"
    )
    assert state_of(folder) == before
    assert done["done"].tolist() == ["kept"] * 3
    for name, digest in zip(done["path"], done["sha256"]):
        content = (tmp_path / "out" / name).read_bytes()
        assert content == (folder / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
    assert (tmp_path / "out" / "a.png").stat().st_mtime_ns == 10**18
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


@pytest.mark.parametrize("action", BY_PIL)
@pytest.mark.parametrize("orientation", [None, 1, 2, 3, 4, 5, 6, 7, 8])
def test_a_turn_of_a_jpeg_sets_its_orientation_and_no_other_byte_of_the_picture(tmp_path, action, orientation):
    home = tmp_path / "in"
    home.mkdir()
    (home / "a.jpg").write_bytes(jpeg(orientation, notes=orientation != 4, progressive=orientation == 5))
    done = apply_plan(plan_of(home, {"a.jpg": action}), home, tmp_path / "out").iloc[0]
    assert (done["done"], done["psnr"]) == ("repaired", np.inf)
    before, after = ((place / "a.jpg").read_bytes() for place in (home, tmp_path / "out"))
    assert from_scan(before) == from_scan(after)
    found, truth = shown(tmp_path / "out" / "a.jpg"), shown(home / "a.jpg").transpose(BY_PIL[action])
    np.testing.assert_array_equal(np.asarray(found), np.asarray(truth))
    assert (found.height, found.width) == (done["height"], done["width"])
    if orientation != 4:
        with Image.open(tmp_path / "out" / "a.jpg") as image:
            exif = image.getexif()
            assert exif[0x010F] == "Camera"
            assert exif.get_ifd(0x8769)[0x829A] == 0.5
            assert exif.get_ifd(0x8825)[1] == "N"
            assert image.info["comment"] == b"secret"


@pytest.mark.parametrize("action", ["rotate_90", "flip_vertical"])
def test_an_orientation_that_stands_in_adobes_notes_alone(tmp_path, action):
    home = tmp_path / "in"
    home.mkdir()
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    picture().save(home / "a.jpg", xmp=xmp)
    for strip, out in ((False, "out"), (True, "bare")):
        done = apply_plan(plan_of(home, {"a.jpg": action}), home, tmp_path / out, strip_metadata=strip).iloc[0]
        assert (done["done"], done["psnr"]) == ("repaired", np.inf)
        truth = shown(home / "a.jpg").transpose(BY_PIL[action])
        assert truth.size == (picture().size if action == "rotate_90" else picture().size[::-1])
        np.testing.assert_array_equal(np.asarray(shown(tmp_path / out / "a.jpg")), np.asarray(truth))
        assert (b"xmpmeta" in (tmp_path / out / "a.jpg").read_bytes()) == (not strip)


def test_folders_that_were_made_for_nothing_are_taken_back(folder, tmp_path):
    plan = plan_of(folder, {"a.png": "keep"})
    apply_plan(plan, folder, tmp_path / "new" / "deep" / "out", dry_run=True)
    assert not (tmp_path / "new").exists()
    apply_plan(plan, folder, tmp_path / "new" / "deep" / "out")
    assert [path.name for path in (tmp_path / "new" / "deep").iterdir()] == ["out"]


def saved(mode, format_, **options):
    buffer = io.BytesIO()
    if mode == "I;16":
        image = Image.fromarray(np.asarray(picture(mode="L")).astype(np.uint16) * 200 + 7)
    elif mode in ("RGBA", "LA"):
        image = picture(mode=mode[:-1])
        image.putalpha(picture(seed=3, mode="L"))
    else:
        image = picture(mode=mode)
    image.save(buffer, format_, **options)
    return buffer.getvalue()


FORMATS = [
    *(("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
    *(("TIFF", mode) for mode in ("1", "L", "RGB", "RGBA", "I;16", "CMYK")),
    *(("BMP", mode) for mode in ("1", "L", "P", "RGB")),
    *(("GIF", mode) for mode in ("L", "P")),
    *(("PPM", mode) for mode in ("L", "RGB")),
    *(("WEBP", mode) for mode in ("RGB", "RGBA")),
    ("JPEG2000", "RGB"),
]


@pytest.mark.parametrize("action", ["rotate_90", "anti_transpose", "crop", "invert"])
@pytest.mark.parametrize(("format_", "mode"), FORMATS)
def test_other_formats_keep_size_mode_and_every_pixel(tmp_path, format_, mode, action):
    """Exact, or not done and said: never something in between."""
    home = tmp_path / "in"
    home.mkdir()
    (home / "a").write_bytes(saved(mode, format_))
    box = "3,5,41,30"
    done = apply_plan(plan_of(home, {"a": (action, box if action == "crop" else "")}), home, tmp_path / "out").iloc[0]
    with Image.open(home / "a") as before, Image.open(tmp_path / "out" / "a") as after:
        if done["done"] == "kept":
            assert action == "invert"
            assert done["note"].startswith("not repaired: ")
            assert mode in ("CMYK", "I;16")
            assert (home / "a").read_bytes() == (tmp_path / "out" / "a").read_bytes()
            return
        assert done["psnr"] == np.inf
        assert after.format == before.format
        if action == "crop":
            truth = before.crop((3, 5, 41, 30))
        elif action == "invert":
            truth = before.convert("RGBA")
            *colours, alpha = truth.split()
            truth = Image.merge("RGBA", [*(ImageOps.invert(band) for band in colours), alpha])
        else:
            truth = before.transpose(BY_PIL[action])
        if mode in ("I;16", "CMYK"):
            assert after.mode == before.mode
            np.testing.assert_array_equal(np.asarray(after), np.asarray(truth))
        else:
            np.testing.assert_array_equal(np.asarray(after.convert("RGBA")), np.asarray(truth.convert("RGBA")))


def test_pixels_that_are_turned_lose_orientation_and_thumbnail_and_keep_the_rest(tmp_path):
    home = tmp_path / "in"
    home.mkdir()
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera"
    exif.get_ifd(0x8769)[0xA002] = 50
    exif.get_ifd(0x8769)[0xA003] = 37
    texts = PngInfo()
    texts.add_text("Author", "somebody")
    picture().save(home / "a.png", exif=exif, pnginfo=texts, icc_profile=b"a profile" * 20, dpi=(300, 300))
    done = apply_plan(plan_of(home, {"a.png": "rotate_180"}), home, tmp_path / "out").iloc[0]
    assert done["done"] == "repaired"
    truth = shown(home / "a.png").transpose(Image.Transpose.ROTATE_180)
    with Image.open(tmp_path / "out" / "a.png") as after:
        after.load()
        np.testing.assert_array_equal(np.asarray(after), np.asarray(truth))
        found = after.getexif()
        assert (found[0x0112], found[0x010F]) == (1, "Camera")
        assert (found.get_ifd(0x8769)[0xA002], found.get_ifd(0x8769)[0xA003]) == (truth.width, truth.height)
        assert after.text["Author"] == "somebody"
        assert after.info["icc_profile"] == b"a profile" * 20
        assert round(after.info["dpi"][0]) == 300


@pytest.mark.parametrize("action", ["crop", "invert"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_a_jpeg_that_has_to_be_encoded_anew_says_how_near_it_came(tmp_path, action, orientation):
    home = tmp_path / "in"
    home.mkdir()
    (home / "a.jpg").write_bytes(jpeg(orientation))
    upright = shown(home / "a.jpg")
    box = (2, 3, upright.width - 1, upright.height - 4)
    text = ",".join(map(str, box)) if action == "crop" else ""
    done = apply_plan(plan_of(home, {"a.jpg": (action, text)}), home, tmp_path / "out").iloc[0]
    truth = upright.crop(box) if action == "crop" else ImageOps.invert(upright)
    found = shown(tmp_path / "out" / "a.jpg")
    error = np.mean((np.asarray(found, float) - np.asarray(truth, float)) ** 2)
    assert done["psnr"] == pytest.approx(10 * np.log10(255**2 / error), abs=0.01)
    assert done["psnr"] >= 45
    with Image.open(tmp_path / "out" / "a.jpg") as after:
        assert after.getexif()[0x010F] == "Camera"
        assert after.getexif()[0x0112] == 1


def animated(path):
    picture().save(path, save_all=True, append_images=[picture(seed=1), picture(seed=2)])


def deep_colour(path):
    import struct
    import zlib

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    values = np.arange(5 * 4 * 3, dtype=">u2").reshape(5, 12) * 999
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    head = struct.pack(">IIBBBBB", 4, 5, 16, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("name", "make", "why"),
    [
        ("a.gif", animated, "several frames"),
        ("a.tiff", animated, "several frames"),
        ("a.png", deep_colour, "16-bit colour"),
        ("a.jpg", lambda path: path.write_text("no picture"), "not repaired"),
        ("b.jpg", lambda path: path.write_bytes(b"\xff\xd8\xff\xe1\xff"), "not repaired"),
    ],
)
def test_what_cannot_be_repaired_without_loss_is_copied_as_it_is(tmp_path, name, make, why):
    home = tmp_path / "in"
    home.mkdir()
    make(home / name)
    done = apply_plan(plan_of(home, {name: "rotate_90"}), home, tmp_path / "out").iloc[0]
    assert done["done"] == "kept"
    assert why in done["note"]
    assert (tmp_path / "out" / name).read_bytes() == (home / name).read_bytes()


def test_notes_are_stripped_and_pixels_are_not(tmp_path):
    home = tmp_path / "in"
    home.mkdir()
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera"
    texts = PngInfo()
    texts.add_text("Author", "somebody")
    xmp = b"<x:xmpmeta>secret</x:xmpmeta>"
    profile = b"a profile" * 20
    (home / "a.jpg").write_bytes(jpeg(6, xmp=xmp, icc_profile=profile) + b"secret behind the end")
    picture().save(home / "b.png", exif=exif, pnginfo=texts, icc_profile=profile)
    picture().save(home / "c.webp", exif=exif, xmp=xmp, icc_profile=profile)
    picture().save(home / "d.tiff", tiffinfo={271: "Camera secret", 270: "secret"})
    picture(mode="P").save(home / "e.gif", comment=b"secret")
    picture().save(home / "f.bmp")
    animated(home / "g.gif")
    names = sorted(path.name for path in home.iterdir())
    done = apply_plan(plan_of(home, dict.fromkeys(names, "keep")), home, tmp_path / "out", strip_metadata=True)
    done = done.set_index("path")
    assert done.loc["g.gif", "done"] == "left out"
    assert "notes could not be removed" in done.loc["g.gif", "note"] or "several frames" in done.loc["g.gif", "note"]
    for name in names[:-1]:
        assert done.loc[name, "done"] == "kept"
        content = (tmp_path / "out" / name).read_bytes()
        for word in (b"secret", b"Camera", b"somebody"):
            assert word not in content, (name, word)
        np.testing.assert_array_equal(
            np.asarray(shown(home / name).convert("RGB")), np.asarray(shown(tmp_path / "out" / name).convert("RGB"))
        )
    for name in ("a.jpg", "b.png", "c.webp"):
        with Image.open(tmp_path / "out" / name) as after:
            assert after.info["icc_profile"] == profile
            assert dict(after.getexif()) == {0x0112: 6}
    assert from_scan((home / "a.jpg").read_bytes()).startswith(from_scan((tmp_path / "out" / "a.jpg").read_bytes()))


def test_links_and_special_files_are_listed_and_never_followed(folder, tmp_path):
    (tmp_path / "secret.png").write_bytes((folder / "a.png").read_bytes())
    (tmp_path / "elsewhere").mkdir()
    picture(seed=9).save(tmp_path / "elsewhere" / "z.png")
    os.symlink(tmp_path / "secret.png", folder / "link.png")
    os.symlink(tmp_path / "elsewhere", folder / "linked")
    os.symlink(folder / "nowhere", folder / "dangling.png")
    os.mkfifo(folder / "pipe.png")
    plan = plan_of(folder, {"a.png": "keep", "link.png": "keep"})
    extra = pd.DataFrame({"path": ["pipe.png", "gone.png"], "sha256": ["0" * 64] * 2, "action": ["keep"] * 2})
    done = apply_plan(pd.concat([plan, extra]), folder, tmp_path / "out").set_index("path")
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["a.png"]
    assert set(done.index) == {
        "a.png",
        "b.jpg",
        "deep/er/c.webp",
        "link.png",
        "linked",
        "dangling.png",
        "pipe.png",
        "gone.png",
    }
    assert (done["done"] == "left out").sum() == 7
    assert "link" in done.loc["link.png", "note"]
    assert "link" in done.loc["linked", "note"]
    assert "no plain file" in done.loc["pipe.png", "note"]
    assert "not in the folder" in done.loc["gone.png", "note"]
    assert "not in the plan" in done.loc["b.jpg", "note"]


def test_a_file_that_changed_since_is_not_copied(folder, tmp_path):
    plan = plan_of(folder, {"a.png": "keep", "b.jpg": "keep"})
    picture(seed=4).save(folder / "a.png")
    done = apply_plan(plan, folder, tmp_path / "out").set_index("path")
    assert "has changed" in done.loc["a.png", "note"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.jpg"]


@pytest.mark.parametrize(
    "path", ["../in/a.png", "/etc/passwd", "deep/../a.png", "./a.png", "deep//er/c.webp", "a.png\0", "..", ""]
)
def test_a_plan_cannot_reach_out_of_the_folder(folder, tmp_path, path):
    plan = pd.DataFrame({"path": [path], "sha256": ["0" * 64], "action": ["keep"]})
    if path == "":
        with pytest.raises(ValueError, match="must name a file"):
            apply_plan(plan, folder, tmp_path / "out")
        return
    done = apply_plan(plan, folder, tmp_path / "out")
    assert (done["done"] == "left out").all()
    assert list((tmp_path / "out").iterdir()) == []


def test_refusals_of_the_target(folder, tmp_path):
    plan, before = plan_of(folder, {"a.png": "keep"}), state_of(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    (tmp_path / "file").write_text("mine")
    os.symlink(folder / "deep", tmp_path / "into")
    os.symlink(tmp_path, tmp_path / "around")
    before = state_of(tmp_path)
    for out, error, words in (
        (folder, ValueError, "is "),
        (folder / "new", ValueError, "lies within"),
        (folder / "deep" / ".." / "x", ValueError, "lies within"),
        (tmp_path / "into" / "new", ValueError, "lies within"),
        (tmp_path, ValueError, "lies around"),
        (tmp_path / "around", ValueError, "lies around"),
        (tmp_path / "full", FileExistsError, "not empty"),
        (tmp_path / "file", FileExistsError, "is a file"),
    ):
        for dry_run in (False, True):
            with pytest.raises(error, match=words):
                apply_plan(plan, folder, out, dry_run=dry_run)
    with pytest.raises(NotADirectoryError, match="no folder"):
        apply_plan(plan, folder / "a.png", tmp_path / "out")
    assert state_of(tmp_path) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_cannot_be_written_is_refused(folder, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(PermissionError):
        apply_plan(plan_of(folder, {"a.png": "keep"}), folder, tmp_path / "locked" / "out")


def test_an_empty_folder_is_taken_and_a_dry_run_writes_nothing(folder, tmp_path):
    plan = plan_of(folder, {"a.png": "rotate_90", "b.jpg": "rotate_90"})
    dry = apply_plan(plan, folder, tmp_path / "out", dry_run=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]
    (tmp_path / "out").mkdir()
    pd.testing.assert_frame_equal(apply_plan(plan, folder, tmp_path / "out"), dry)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"action": "rotate90"}, "Did you mean 'rotate_90'"),
        ({"action": None}, "asks for the action None"),
        ({"sha256": "abc"}, "64 hexadecimal digits"),
        ({"sha256": float("nan")}, "64 hexadecimal digits"),
        ({"action": "crop", "box": "1,2,3"}, "left,top,right,lower"),
        ({"path": 3}, "must name a file"),
    ],
)
def test_a_plan_is_checked_before_anything_is_written(folder, tmp_path, change, words):
    plan = plan_of(folder, {"a.png": "keep"}).astype(object)
    for name, value in change.items():
        plan.loc[0, name] = value
    with pytest.raises(ValueError, match=words):
        apply_plan(plan, folder, tmp_path / "out")
    with pytest.raises(ValueError, match="twice"):
        apply_plan(pd.concat([plan_of(folder, {"a.png": "keep"})] * 2), folder, tmp_path / "out")
    with pytest.raises(ValueError, match="lacks the columns"):
        apply_plan(plan[["path"]], folder, tmp_path / "out")
    with pytest.raises(TypeError, match="DataFrame"):
        apply_plan([], folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_box_outside_of_the_picture_cuts_nothing(folder, tmp_path):
    done = apply_plan(plan_of(folder, {"a.png": ("crop", "0,0,51,10")}), folder, tmp_path / "out").set_index("path")
    assert "not within" in done.loc["a.png", "note"]
    assert (tmp_path / "out" / "a.png").read_bytes() == (folder / "a.png").read_bytes()


def test_names_of_any_bytes(tmp_path):
    home = tmp_path / "in"
    home.mkdir()
    content = saved("RGB", "PNG")
    for name in (b"latin-\xe9.png", b"line\nbreak.png", "\u202ereversed.png".encode(), b"quote'\".png"):
        with open(os.path.join(os.fsencode(home), name), "wb") as file:
            file.write(content)
    digest = hashlib.sha256(content).hexdigest()
    paths = ["latin-\\xe9.png", "line\\nbreak.png", "\\u202ereversed.png", "quote'\".png"]
    plan = pd.DataFrame({"path": paths, "sha256": digest, "action": "keep"})
    done = apply_plan(plan, home, tmp_path / "out")
    assert (done["done"] == "kept").all()
    assert sorted(os.listdir(os.fsencode(tmp_path / "out"))) == sorted(os.listdir(os.fsencode(home)))
    # Two names that would be shown alike: the one that is shown as it is keeps its name, and nothing is mixed up.
    with open(os.path.join(os.fsencode(home), b"latin-\\xe9.png"), "wb") as file:
        file.write(b"another")
    done = apply_plan(plan, home, tmp_path / "out2").set_index("path")["note"]
    assert done["latin-\\xe9.png"] == "has changed since the plan was made"
    assert done["latin-\\xe9.png (2)"] == "is not in the plan"


def test_names_that_differ_by_case_only(tmp_path, monkeypatch):
    from toolkit.audit.files import _target

    home = tmp_path / "in"
    home.mkdir()
    for name in ("a.png", "A.png"):
        (home / name).write_bytes(saved("RGB", "PNG"))
    (home / "sub").mkdir()
    (home / "sub" / "a.png").write_bytes(saved("L", "PNG"))
    if len(list(home.glob("*.png"))) < 2:
        pytest.skip("this disk does not hold both")
    plan = plan_of(home, {"a.png": "keep", "A.png": "keep", "sub/a.png": "keep"})
    apply_plan(plan, home, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["A.png", "a.png", "sub"]
    make = os.mkdir
    made = set()

    def folding(path, *args, **options):
        """A disk that does not tell the case of names."""
        key = os.path.dirname(path), os.path.basename(path).casefold()
        if ".names-" in str(path) and key in made:
            raise FileExistsError(17, "File exists", str(path))
        made.add(key)
        return make(path, *args, **options)

    monkeypatch.setattr(_target.os, "mkdir", folding)
    with pytest.raises(FileExistsError, match="one name to the disk"):
        apply_plan(plan, home, tmp_path / "second")
    assert not (tmp_path / "second").exists()


def test_two_runs_do_not_share_a_target(folder, tmp_path):
    from toolkit.audit.files._target import new_folder

    with new_folder(tmp_path / "out"):
        import threading

        said = []

        def other():
            try:
                apply_plan(plan_of(folder, {"a.png": "keep"}), folder, tmp_path / "out")
            except FolderInUseError as error:
                said.append(error)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        assert said


def test_what_came_into_the_target_meanwhile_is_not_lost(folder, tmp_path):
    from toolkit.audit.files._target import new_folder

    def write():
        with new_folder(tmp_path / "out"):
            (tmp_path / "out").mkdir()
            (tmp_path / "out" / "precious").write_text("mine")

    with pytest.raises(OSError, match="not empty"):
        write()
    assert (tmp_path / "out" / "precious").read_text() == "mine"


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_an_end_in_the_middle_leaves_nothing_that_looks_finished(folder, tmp_path, sent):
    plan_of(folder, {"a.png": "keep", "b.jpg": "keep"}).to_csv(tmp_path / "plan.csv", index=False)
    code = """
import sys, time
import pandas as pd
from toolkit.audit import apply_plan
from toolkit.audit.files import _apply
write = _apply.write_exclusively
def slow(*args):
    found = write(*args)
    print("written", flush=True)
    time.sleep(60)
    return found
_apply.write_exclusively = slow
apply_plan(pd.read_csv(sys.argv[1], keep_default_na=False), sys.argv[2], sys.argv[3])
"""
    process = start(code, tmp_path / "plan.csv", folder, tmp_path / "out")
    assert process.stdout.readline() == "written\n"
    process.send_signal(sent)
    process.wait()
    assert not (tmp_path / "out").exists()
    if sent == signal.SIGINT:
        assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "plan.csv"]
    # The next run is not in the way of what was left, and takes it away.
    apply_plan(pd.read_csv(tmp_path / "plan.csv", keep_default_na=False), folder, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".out.lock")) == [
        "in",
        "out",
        "plan.csv",
    ]


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_notes_never_damage_a_picture(tmp_path, data):
    """A JPEG with any byte of its head changed: turned exactly, or copied as it is."""
    home = tmp_path / f"in{time.monotonic_ns()}"
    home.mkdir()
    content = bytearray(jpeg(data.draw(st.sampled_from([None, 1, 6]))))
    place = data.draw(st.integers(2, content.index(b"\xff\xdb")))
    content[place] = data.draw(st.integers(0, 255))
    (home / "a.jpg").write_bytes(content)
    out = tmp_path / f"out{time.monotonic_ns()}"
    done = apply_plan(plan_of(home, {"a.jpg": "rotate_90"}), home, out).iloc[0]
    after = (out / "a.jpg").read_bytes()
    if done["done"] == "kept":
        assert after == bytes(content)
    else:
        truth = shown(home / "a.jpg").transpose(Image.Transpose.ROTATE_90)
        np.testing.assert_array_equal(np.asarray(shown(out / "a.jpg")), np.asarray(truth))


def test_every_symmetry_is_an_action():
    of_pixels = {"denoise", "denoise_learned", "deblock", "deblock_learned", "deblur"}
    of_pixels |= {"fill_pixels", "fill_lines", "stretch"}  # tests/audit/test_pixel_repairs.py
    assert set(BY_PIL) | of_pixels | {"keep", "leave_out", "crop", "invert"} == set(FILE_ACTIONS)
