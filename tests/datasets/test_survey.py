"""A survey of files: each is what it is, whatever it holds, and nothing is looked at twice."""

import hashlib
import os
import zipfile

import numpy as np
import pytest
from PIL import Image

from toolkit.datasets import survey_folder
from toolkit.exceptions import DataFormatError


def mean_and_size(pixels):
    return {"mean": float(pixels.mean()), "height": pixels.shape[0]}


def corner(pixels):
    return pixels[0, :2].ravel()[:2]


def fails(pixels):
    if pixels.shape[0] == 7:
        raise ArithmeticError("seven rows")
    return [1.0, 2.0]


@pytest.fixture
def folder(tmp_path):
    home = tmp_path / "in"
    (home / "deep").mkdir(parents=True)
    rng = np.random.default_rng(0)
    colour = Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    colour.save(home / "a.jpg", exif=exif)
    colour.convert("L").save(home / "grey.png")
    colour.convert("1").save(home / "one_bit.tiff")
    colour.putalpha(255)
    colour.save(home / "opaque.png")
    colour.putalpha(100)
    colour.save(home / "deep" / "clear.png")
    Image.fromarray(np.arange(70, dtype=np.uint16).reshape(7, 10) * 50).save(home / "deep16.png")
    colour.convert("RGB").save(home / "film.gif", save_all=True, append_images=[colour.convert("RGB").rotate(90)])
    (home / "broken.png").write_bytes((home / "grey.png").read_bytes()[:200])
    (home / "notes.txt").write_text("no picture")
    os.symlink(home / "grey.png", home / "link_inside.png")
    os.symlink(home / "nowhere", home / "dangling.png")
    os.mkfifo(home / "pipe.png")
    return home


def test_every_file_is_known_for_what_it_is(folder):
    survey = survey_folder(folder, {"facts": mean_and_size, "corner": corner, "fails": fails})
    files = survey.files.set_index("path")
    assert files["reason"].where(~files["readable"]).dropna().str.partition(":")[0].to_dict() == {
        "broken.png": "damaged",
        "dangling.png": "cannot be opened",
        "link_inside.png": "link to another file of this folder, not followed",
        "notes.txt": "not a picture",
        "pipe.png": "no plain file",
    }
    assert files.loc["a.jpg", ["height", "width", "orientation", "mode"]].tolist() == [40, 30, 6, "RGB"]
    assert files["alpha"].to_dict()["opaque.png"] == "opaque"
    assert files.loc["deep/clear.png", "alpha"] == "transparent"
    assert files.loc["one_bit.tiff", "depth"] == "1 bit"
    assert files.loc["deep16.png", "depth"] == "16 bits"
    assert files.loc["film.gif", "frames"] == 2
    for name in ("a.jpg", "broken.png", "notes.txt"):
        assert files.loc[name, "sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    facts = survey.measures["facts"].set_index(survey.files["path"])
    assert facts.loc["a.jpg", "height"] == 40
    assert facts.loc["grey.png", "mean"] == np.asarray(Image.open(folder / "grey.png")).mean()
    assert facts.loc["notes.txt"].isna().all()
    assert survey.measures["corner"].shape == (len(files), 2)
    # What cannot be measured costs that figure of that file.
    row = files.index.get_loc("deep16.png")
    assert np.isnan(survey.measures["fails"][row]).all()
    assert "fails failed (ArithmeticError: seven rows)" in files.loc["deep16.png", "note"]
    assert survey.measures["fails"][files.index.get_loc("grey.png")].tolist() == [1.0, 2.0]


def test_processes_and_archives_say_the_same(folder, tmp_path):
    measures = {"facts": mean_and_size, "corner": corner}
    alone, together = (survey_folder(folder, measures, n_jobs=n_jobs) for n_jobs in (1, 2))
    assert alone.files.equals(together.files)
    np.testing.assert_array_equal(alone.measures["corner"], together.measures["corner"])
    names = ["a.jpg", "deep/clear.png", "notes.txt"]
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for name in names:
            archive.write(folder / name, name)
    files = survey_folder(tmp_path / "in.zip", measures).files
    expected = alone.files[alone.files["path"].isin(names)].reset_index(drop=True)
    assert files.equals(expected)


def test_a_folder_that_has_grown_is_looked_at_only_where_it_has_changed(folder, tmp_path, monkeypatch):
    from toolkit.datasets import _survey

    decoded, decode = [], _survey.decode_picture

    def counting(content, *args, **options):
        decoded.append(len(content))
        return decode(content, *args, **options)

    monkeypatch.setattr(_survey, "decode_picture", counting)
    measures, cache = {"facts": mean_and_size, "corner": corner}, tmp_path / "cache"
    first = survey_folder(folder, measures, cache=cache)
    assert len(decoded) == 9
    decoded.clear()
    again = survey_folder(folder, measures, cache=cache)
    assert (decoded, again.n_reused) == ([], 9)
    assert again.files.equals(first.files)
    np.testing.assert_array_equal(again.measures["corner"], first.measures["corner"])
    assert again.measures["facts"].equals(first.measures["facts"])
    # New, renamed, touched, and changed at the same size.
    Image.new("RGB", (9, 9), "red").save(folder / "new.png")
    os.rename(folder / "grey.png", folder / "moved.png")
    os.utime(folder / "a.jpg", ns=(1, 1))
    content = bytearray((folder / "opaque.png").read_bytes())
    content[60] ^= 255
    (folder / "opaque.png").write_bytes(content)
    grown = survey_folder(folder, measures, cache=cache)
    assert len(decoded) == 2
    fresh = survey_folder(folder, measures, cache=False)
    assert grown.files.equals(fresh.files)
    assert grown.measures["facts"].equals(fresh.measures["facts"])
    # Other measures, and a damaged cache, are no reason to fail or to believe it.
    assert survey_folder(folder, {"corner": corner}, cache=cache).n_reused == 0
    for kept in cache.iterdir():
        kept.write_bytes(kept.read_bytes()[:-50])
    assert survey_folder(folder, measures, cache=cache).files.equals(fresh.files)


def test_more_than_8_bits_share_a_scale(tmp_path):
    for name, top in (("dim", 900), ("bright", 4000)):
        Image.fromarray(np.linspace(0, top, 64).astype(np.uint16).reshape(8, 8)).save(tmp_path / f"{name}.png")
    means = survey_folder(tmp_path, {"facts": mean_and_size}).measures["facts"]["mean"].tolist()
    assert means[1] == pytest.approx(255 * 450 / 4095, abs=1)
    assert means[0] == pytest.approx(255 * 2000 / 4095, abs=1)


def test_names_of_any_bytes_are_kept(tmp_path):
    (tmp_path / "in").mkdir()
    with open(os.path.join(os.fsencode(tmp_path / "in"), b"latin-\xe9.png"), "wb") as file:
        Image.new("L", (5, 5)).save(file, "PNG")
    for _ in range(2):
        survey = survey_folder(tmp_path / "in", {"facts": mean_and_size}, cache=tmp_path / "cache")
        assert survey.files["path"].tolist() == ["latin-\\xe9.png"]
        assert survey.names == ("latin-\udce9.png",)
        assert survey.files["readable"].all()
    assert survey.n_reused == 1


def test_what_is_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        survey_folder(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataFormatError):
        survey_folder(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    assert len(survey_folder(tmp_path / "empty")) == 0
    assert survey_folder(tmp_path / "empty" / "..").files["path"].tolist() == ["file"]


def test_heic_where_its_package_is_installed(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    Image.new("RGB", (64, 48), (200, 30, 30)).save(tmp_path / "a.heic")
    survey = survey_folder(tmp_path, {"facts": mean_and_size})
    assert survey.files.loc[0, ["readable", "format", "height", "width"]].tolist() == [True, "HEIF", 48, 64]
