"""``toolkit apply``: what was decided is done, what was not decided becomes as proposed, and the rest is refused."""

import hashlib
import json
import os
import re
import shutil
import signal
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from toolkit.audit import FILE_ACTIONS, Auditor
from toolkit.cli import run
from toolkit.corruption import Corruptor
from toolkit.datasets import load_digits, load_glyphs, load_image_folder, load_npz, save_npz
from toolkit.diagnostics import CorruptionIdentifier
from toolkit.restoration import ImageRestorer
from toolkit.studies import apply_decisions, run_audit, run_folder
from toolkit.studies.folder._choices import file_choices

PHOTOS = load_image_folder(size=80).images
INNER = np.asarray(Image.fromarray(PHOTOS[50]).resize((120, 90)))


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    home = tmp_path_factory.mktemp("audited")
    (home / "in" / "sub").mkdir(parents=True)
    for number, image in enumerate(PHOTOS[::4][:16]):
        Image.fromarray(image).resize((120, 90 + number)).save(home / "in" / "sub" / f"{number:02}.png")
    framed = np.zeros((140, 160, 3), np.uint8)
    framed[25:115, 20:140] = INNER
    Image.fromarray(framed).save(home / "in" / "framed.png")
    (home / "in" / "broken.png").write_bytes((home / "in" / "framed.png").read_bytes()[:60])
    result = run_folder(home / "in", cache=False, n_jobs=1)
    result.write(home / "audit")
    return home, result.plan.set_index("path")


@pytest.fixture
def home(audited, tmp_path):
    """A copy of one's own, files with their times."""
    for name in ("in", "audit"):
        shutil.copytree(audited[0] / name, tmp_path / name)
    return tmp_path


def decide(home, plan, **actions):
    rows = [{"path": path, "sha256": plan.loc[path, "sha256"], "action": action} for path, action in actions.items()]
    (home / "decisions.json").write_text(json.dumps({"decisions": rows}))
    return home / "decisions.json"


def apply(home, decisions, *more, audit="audit", data="in", out="out"):
    where = ["--audit", home / audit, "--data", home / data, "--out", home / out]
    return run(["apply", *map(str, (decisions, *where, *more))])


def everything(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_decided_and_proposed(home, audited, capsys):
    before = everything(home / "in")
    decisions = decide(home, audited[1], **{"sub/03.png": "leave_out", "sub/04.png": "flip_horizontal"})
    assert apply(home, decisions) == 0
    said = capsys.readouterr().out
    assert said.startswith("out holds 16 files: 14 as they were, byte for byte and 2 repaired")
    assert "sub/03.png: decided by hand" in said
    after = everything(home / "out")
    assert set(before) - set(after) == {"sub/03.png", "broken.png"}
    assert all(after[name] == before[name] for name in after if name not in ("framed.png", "sub/04.png"))
    with Image.open(home / "out" / "framed.png") as cut, Image.open(home / "out" / "sub" / "04.png") as mirrored:
        assert np.array_equal(np.asarray(cut), INNER)
        given = Image.fromarray(PHOTOS[::4][4]).resize((120, 94))
        assert np.array_equal(np.asarray(mirrored), np.asarray(given)[:, ::-1])
    assert everything(home / "in") == before


def test_a_proposal_overruled(home, audited):
    assert apply(home, decide(home, audited[1], **{"framed.png": "keep"})) == 0
    assert (home / "out" / "framed.png").read_bytes() == (home / "in" / "framed.png").read_bytes()


def test_dry_run_writes_nothing(home, audited, capsys):
    assert apply(home, decide(home, audited[1], **{"framed.png": "keep"}), "--dry-run") == 0
    assert "would hold" in capsys.readouterr().out
    assert not (home / "out").exists()


def refused(home, decisions, said, capsys, **where):
    before = everything(home / "in")
    assert apply(home, decisions, **where) == 1
    assert said in capsys.readouterr().err
    assert not (home / "out").exists()
    assert everything(home / "in") == before


@pytest.mark.parametrize("how", ["changed", "gone", "link"])
def test_a_decided_file_that_is_another_now(home, audited, capsys, how):
    decisions, file = decide(home, audited[1], **{"sub/03.png": "keep"}), home / "in" / "sub" / "03.png"
    content = file.read_bytes()
    file.unlink()
    if how == "changed":
        file.write_bytes(content + b"\0")
    elif how == "link":
        (home / "elsewhere.png").write_bytes(content)
        os.symlink(home / "elsewhere.png", file)
    said = {"changed": "has changed", "gone": "is gone", "link": "is a link"}[how]
    refused(home, decisions, f"'sub/03.png' {said}", capsys)


def test_an_undecided_file_that_has_changed_is_left_out_and_said(home, audited, capsys):
    (home / "in" / "sub" / "05.png").write_bytes(b"another")
    assert apply(home, decide(home, audited[1], **{"sub/03.png": "keep"})) == 0
    assert "sub/05.png: has changed since the plan was made" in capsys.readouterr().out
    assert not (home / "out" / "sub" / "05.png").exists()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"path": "sub/99.png"}, "which the audit does not have"),
        ({"path": "/etc/hostname"}, "an absolute path"),
        ({"path": "../secret.png"}, "leads out of the folder"),
        ({"sha256": "0" * 64}, "another content"),
        ({"action": "burn"}, "Valid:"),
        ({"action": "crop", "box": "nonsense"}, "left,top,right,lower"),
    ],
)
def test_refused_rows(home, audited, capsys, row, said):
    row = {"path": "sub/03.png", "sha256": audited[1].loc["sub/03.png", "sha256"], "action": "keep"} | row
    (home / "secret.png").write_bytes(b"secret")
    (home / "decisions.json").write_text(json.dumps([row]))
    refused(home, home / "decisions.json", said, capsys)


def test_a_forged_plan_reaches_nothing_outside(home, audited, capsys):
    """An audit's folder from elsewhere is no more trusted than the decisions."""
    (home / "secret.png").write_bytes(b"secret")
    digest = hashlib.sha256(b"secret").hexdigest()
    plan = home / "audit" / "plan.csv"
    plan.write_text(plan.read_text() + f"../secret.png,{digest},keep,,\n{home}/secret.png,{digest},keep,,\n")
    assert apply(home, decide(home, audited[1], **{"sub/03.png": "keep"})) == 0
    assert not any(content == b"secret" for content in everything(home / "out").values())


def test_places_that_are_refused(home, audited, capsys):
    decisions = decide(home, audited[1], **{"sub/03.png": "keep"})
    for out in ("in/clean", "audit/clean", "in", "."):
        assert apply(home, decisions, out=out) == 1
    refused(home, decisions, "holds no plan.csv", capsys, audit="in")
    refused(home, home / "missing.json", "No such file", capsys)
    (home / "out").mkdir()
    (home / "out" / "mine.txt").write_text("mine")
    assert apply(home, decisions) == 1
    assert "is not empty" in capsys.readouterr().err
    assert everything(home / "out") == {"mine.txt": b"mine"}


@pytest.fixture(scope="module")
def array(tmp_path_factory):
    home = tmp_path_factory.mktemp("array")
    digits = load_digits()
    images, labels = digits.images[:120], digits.labels[:120]
    save_npz(home / "set.npz", images, labels)
    result = run_audit(images, detectors=(), quick=True, n_jobs=1)
    # So small a set is not repaired: what an audit would have done to some of it is put in the place.
    repaired, per_image = images.copy(), result.per_image.copy()
    repaired[10:30] = 255 - images[10:30]
    per_image.loc[10:29, ["kind", "confidence", "repaired", "restorer"]] = ["invert", 0.9, 1, "uninvert"]
    result = replace(result, repaired=repaired, per_image=per_image)
    result.write(home / "audit")
    return home, result, images, labels


def test_of_an_array(array, tmp_path, capsys):
    home, result, images, labels = array
    plan = pd.read_csv(home / "audit" / "plan.csv", dtype=str)
    repaired = np.flatnonzero(plan["action"] == "repair")
    assert repaired.tolist() == list(range(10, 30))
    spared, lost = 12, 7
    decided = plan.loc[[spared, lost], ["index", "sha256"]].assign(action=["keep", "leave_out"])
    decided.to_csv(tmp_path / "decisions.csv", index=False)
    where = ["--audit", home / "audit", "--data", home / "set.npz", "--out", tmp_path / "out"]
    assert run(["apply", *map(str, (tmp_path / "decisions.csv", *where))]) == 0
    assert "out holds 119 images: 100 as they were and 19 repaired" in capsys.readouterr().out
    found = load_npz(tmp_path / "out" / "images.npz")
    expected = result.repaired.copy()
    expected[spared] = images[spared]
    stays = np.arange(120) != lost
    assert np.array_equal(found.images, expected[stays])
    assert np.array_equal(found.labels, labels[stays])
    applied = pd.read_csv(tmp_path / "out" / "applied.csv")
    assert applied.loc[lost, "done"] == "left out"
    assert applied.loc[119, "place"] == 118


def test_an_array_that_has_changed(array, tmp_path):
    home, _, images, _ = array
    plan = pd.read_csv(home / "audit" / "plan.csv", dtype=str)
    changed = images.copy()
    changed[3, 0, 0] ^= 1
    save_npz(tmp_path / "set.npz", changed)
    decisions = plan.loc[[5], ["index", "sha256"]].assign(action="keep")
    applied = apply_decisions(decisions, home / "audit", tmp_path / "set.npz", tmp_path / "out")
    assert applied.loc[3, ["done", "note"]].tolist() == ["left out", "has changed since the plan was made"]
    decisions = plan.loc[[3], ["index", "sha256"]].assign(action="keep")
    with pytest.raises(ValueError, match="image 3 of set.npz has changed|has changed since this was decided"):
        apply_decisions(decisions, home / "audit", tmp_path / "set.npz", tmp_path / "other")
    save_npz(tmp_path / "fewer.npz", images[:50])
    with pytest.raises(ValueError, match="another set than was audited"):
        apply_decisions(decisions, home / "audit", tmp_path / "fewer.npz", tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.fixture(scope="module")
def named_wrongly(tmp_path_factory):
    """An audit that took inverted images for noise, and blackened them."""
    home = tmp_path_factory.mktemp("named")
    clean = load_glyphs(320, random_state=0).images
    images, kinds = Corruptor(["invert", "salt_and_pepper"], fraction=0.2, random_state=0).corrupt(clean)
    identifier = CorruptionIdentifier(["invert", "salt_and_pepper"], epochs=2, random_state=0)
    auditor = Auditor(identifier, restorer=ImageRestorer(epochs=1, random_state=0), random_state=0).fit(images)
    save_npz(home / "set.npz", images)
    result = run_audit(images, detectors=(), auditor=auditor, n_jobs=1)
    assert result.per_image["repaired"].sum() > 10
    wrong = (kinds == "invert")[:, None, None]
    per_image = result.per_image.copy()
    per_image.loc[kinds == "invert", ["kind", "repaired", "restorer"]] = ["shot_noise", 1, "learned"]
    result = replace(result, repaired=np.where(wrong, np.uint8(0), images), per_image=per_image)
    result.write(home / "audit")
    return home, images, kinds, clean


def test_an_image_named_otherwise_is_repaired_anew(named_wrongly, tmp_path, capsys):
    home, images, kinds, clean = named_wrongly
    plan = pd.read_csv(home / "audit" / "plan.csv", dtype=str)
    wrong = np.flatnonzero(kinds == "invert")
    assert (plan["action"][wrong] == "repair").all()
    anew, sound = wrong[::2], np.flatnonzero(kinds == "clean")[:5]
    decisions = plan.loc[[*anew, *sound], ["index", "sha256"]].assign(action="undo_invert")
    decisions.to_csv(tmp_path / "decisions.csv", index=False)
    where = ["--audit", home / "audit", "--data", home / "set.npz", "--out", tmp_path / "out"]
    assert run(["apply", *map(str, (tmp_path / "decisions.csv", *where))]) == 0
    said = capsys.readouterr().out
    applied = pd.read_csv(tmp_path / "out" / "applied.csv", keep_default_na=False)
    found = load_npz(tmp_path / "out" / "images.npz").images
    done = anew[applied["done"][anew] == "repaired"]
    assert len(done) > 0.8 * len(anew)
    np.testing.assert_array_equal(found[done], clean[done])
    # A name is no licence to damage: sound images keep every pixel, and are listed with the reason.
    np.testing.assert_array_equal(found[sound], images[sound])
    assert (applied["done"][sound] == "kept").all()
    assert applied["note"][sound].str.match("not repaired: .{20,}").all()
    refused = len(sound) + len(anew) - len(done)
    assert f"Of those kept {refused} could not be repaired as asked." in said
    assert f"  {sound[0]}: not repaired: " in said
    # What nobody decided on becomes as the audit proposed.
    np.testing.assert_array_equal(found[wrong[1::2]], 0)


def test_the_page_offers_what_can_be_undone(named_wrongly):
    home, _, kinds, _ = named_wrongly
    html = (home / "audit" / "report.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="choices-data">(.*?)</script>', html, flags=re.DOTALL)[1])
    assert data["words"]["undo_invert"] == "repair as: inverted"
    offered = {row["key"]["index"]: data["offers"][row["choices"]] for row in data["rows"]}
    inverted = set(np.flatnonzero(kinds == "invert"))
    both = {"keep", "leave_out", "repair", "undo_invert", "undo_salt_and_pepper"}
    assert inverted < set(offered)
    assert all(set(offered[place]) == both for place in inverted)
    # What was repaired already is not offered to be repaired as the same.
    right = [set(offered[row["key"]["index"]]) for row in data["rows"] if row["outcome"] == "repaired"]
    assert both - {"undo_salt_and_pepper"} in right
    assert {tuple(row["kinds"]) for row in data["rows"]} <= {("shot noise",), ("salt-and-pepper noise",), ("unknown",)}


def test_without_the_auditor_it_is_listed(named_wrongly, tmp_path):
    home, images, kinds, _ = named_wrongly
    shutil.copytree(home / "audit", tmp_path / "audit")
    shutil.rmtree(tmp_path / "audit" / "auditor")
    place = int(np.flatnonzero(kinds == "invert")[0])
    plan = pd.read_csv(home / "audit" / "plan.csv", dtype=str)
    decisions = plan.loc[[place], ["index", "sha256"]].assign(action="undo_invert")
    applied = apply_decisions(decisions, tmp_path / "audit", home / "set.npz", tmp_path / "out")
    assert applied.loc[place, "done"] == "kept"
    assert "holds no auditor" in applied.loc[place, "note"]
    np.testing.assert_array_equal(load_npz(tmp_path / "out" / "images.npz").images[place], images[place])


def test_files_named_otherwise(home, audited, capsys):
    """A frame that nobody flagged is cut where its edges are; what a file does not have is not taken from it."""
    inner = np.asarray(Image.fromarray(PHOTOS[40]).resize((200, 150)))
    framed = np.full((170, 230, 3), 255, np.uint8)
    framed[8:158, 12:212] = inner
    for name in ("thin.png", "thin.jpg"):
        Image.fromarray(framed).save(home / "in" / name, quality=98)
    plan = pd.read_csv(home / "audit" / "plan.csv", dtype=str, keep_default_na=False)
    more = [
        {"path": name, "sha256": hashlib.sha256((home / "in" / name).read_bytes()).hexdigest(), "action": "keep"}
        for name in ("thin.png", "thin.jpg")
    ]
    pd.concat([plan, pd.DataFrame(more)]).fillna("").to_csv(home / "audit" / "plan.csv", index=False)
    known = pd.concat([audited[1].reset_index(), pd.DataFrame(more)]).set_index("path")
    wishes = {"thin.png": "crop", "thin.jpg": "crop", "sub/01.png": "crop", "sub/02.png": "transpose"}
    assert apply(home, decide(home, known, **wishes, **{"sub/03.png": "fill_lines"})) == 0
    said = capsys.readouterr().out
    with Image.open(home / "out" / "thin.png") as cut:
        assert np.array_equal(np.asarray(cut), inner)
    with Image.open(home / "out" / "thin.jpg") as cut:
        assert max(abs(cut.width - 200), abs(cut.height - 150)) <= 8  # to a block of JPEG
    with Image.open(home / "out" / "sub" / "02.png") as turned, Image.open(home / "in" / "sub" / "02.png") as given:
        assert np.array_equal(np.asarray(turned), np.asarray(given).swapaxes(0, 1))
    for name in ("sub/01.png", "sub/03.png"):
        assert (home / "out" / name).read_bytes() == (home / "in" / name).read_bytes()
        assert f"  {name}: not repaired: " in said
    assert "Of those kept 2 could not be repaired as asked." in said


def test_every_file_is_offered_every_repair(audited):
    html = (audited[0] / "audit" / "report.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="choices-data">(.*?)</script>', html, flags=re.DOTALL)[1])
    offered = {row["name"]: data["offers"][row["choices"]] for row in data["rows"]}
    assert set(offered["framed.png"]) == set(FILE_ACTIONS)
    assert set(offered["broken.png"]) == {"keep", "leave_out"}


def test_a_file_that_has_become_a_pipe_is_refused_and_never_waited_for(home, audited, capsys):
    decisions = decide(home, audited[1], **{"sub/03.png": "flip_horizontal"})
    (home / "in" / "sub" / "03.png").unlink()
    os.mkfifo(home / "in" / "sub" / "03.png")
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it waits for the pipe"))
    signal.alarm(60)
    try:
        assert apply(home, decisions) == 1
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert "'sub/03.png' cannot be used any more (no plain file)" in capsys.readouterr().err
    assert not (home / "out").exists()


def test_the_page_offers_nothing_that_cannot_be_done(home, tmp_path):
    folder = tmp_path / "others"
    shutil.copytree(home / "in", folder)
    os.mkfifo(folder / "pipe.png")
    (folder / "inner.png").symlink_to(folder / "framed.png")
    (tmp_path / "outside.png").write_bytes((folder / "sub" / "03.png").read_bytes())
    (folder / "outer.png").symlink_to(tmp_path / "outside.png")
    result = run_folder(folder, cache=False, n_jobs=1)
    choices = file_choices(result.files, result.plan).set_index("path")["choices"]
    for path in ("pipe.png", "inner.png", "outer.png"):
        assert choices[path] == ("leave_out",)
    assert choices["broken.png"] == ("keep", "leave_out")
    # All of it at a press: what is exported is carried out.
    result.write(tmp_path / "audit2")
    able = [path for path in choices.index if "keep" in choices[path]]
    kept = result.plan[result.plan["path"].isin(able)].assign(action="keep")
    done = apply_decisions(kept, tmp_path / "audit2", folder, tmp_path / "out2").set_index("path")["done"]
    assert (done[able] == "kept").all()
