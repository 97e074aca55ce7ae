"""Every study hands back the same: findings, figures, tables, a report, a folder."""

import functools
import html
import inspect
import json
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from toolkit import studies
from toolkit.coverage import ModeCoverage
from toolkit.datasets import load_digits
from toolkit.studies import StudyOutcome

TINY = {"generator_widths": (8,), "discriminator_widths": (8,)}


def digits(n=110):
    return load_digits().images[:n, 2:26:2, 2:26:2]


def audit():
    return studies.run_audit(digits(40), detectors=(), name="digits")


def collapse():
    settings = {"plain": TINY, "packed": TINY | {"packing": 2}}
    left_out = pd.DataFrame({"path": ["a.txt"], "reason": ["not a picture"]})
    return studies.run_collapse_study(
        digits(), settings, seeds=[0], steps=4, checkpoints=1, n_samples=50, coverage=quick(), left_out=left_out
    )


def quick():
    return ModeCoverage(n_bins=10, n_draws=20, n_splits=2, random_state=0)


def coverage():
    return studies.run_coverage(digits()[:60], digits()[60:], coverage=quick(), with_map=False)


def generators():
    left_out = pd.DataFrame({"path": ["a.txt"], "reason": ["not a picture"]})
    return studies.run_generator_comparison(digits(40), generators=["vae"], epochs=1, left_out=left_out)


def arithmetic():
    return studies.run_arithmetic(operations="+", n_digits=1, steps=10, hidden_size=8)


FILES = {
    "arithmetic": {"errors": "errors.csv"},
    "audit": {"per_image": "per_image.csv"},
    "coverage": {"figures": "figures.csv", "bins": "bins.csv"},
    "generators": {"generators": "generators.csv"},
    "collapse": {"runs": "runs.csv", "settings": "settings.csv"},
}
MADE = {make.__name__: make for make in (audit, collapse, coverage, generators, arithmetic)}


@pytest.fixture(scope="module")
def result_of():
    """A result by its name, made when it is first asked for: a process that runs some of the tests makes no others."""
    return functools.cache(lambda name: MADE[name]())


@pytest.fixture(autouse=True)
def no_maps(monkeypatch):
    """UMAP takes seconds, and its map is looked at elsewhere."""
    from toolkit.studies.collapse import _figures

    monkeypatch.setattr(_figures, "coverage_maps", lambda study: None)


def without_pictures(page):
    """A page whose pictures may have other identifiers inside when they are drawn again."""
    return re.sub(r"data:image/[^\"]*", "picture", page)


@pytest.mark.parametrize("name", [*MADE, "study"])
def test_a_result_says_draws_tabulates_and_writes_itself(result_of, name, tmp_path):
    if name == "study":
        result = studies.StudyResult(result_of("audit"), result_of("collapse"), 110)
    else:
        result = result_of(name)
    assert isinstance(result, StudyOutcome)
    findings, figures, tables = result.findings(), result.figures(), result.tables()
    assert findings
    assert all(isinstance(sentence, str) and sentence.strip() for sentence in findings)
    assert repr(result) == "\n".join(findings)
    assert figures
    assert all(isinstance(figure, Figure) for figure in figures.values())
    assert tables
    assert all(isinstance(table, pd.DataFrame) for table in tables.values())
    report = result.write(tmp_path / name)
    assert report == tmp_path / name / "report.html"
    page = report.read_text()
    assert html.unescape(page).count(findings[0]) >= 1
    assert json.loads((tmp_path / name / "summary.json").read_text())["findings"] == findings
    if name != "study":  # whose pictures have been drawn for its parts already
        assert without_pictures(result.to_html(tmp_path / "page.html").read_text()) == without_pictures(page)
    for table, file in FILES.get(name, {}).items():
        written, held = pd.read_csv(tmp_path / name / file), tables[table]
        assert list(written) == list(held)
        for column in held.select_dtypes("number"):
            np.testing.assert_allclose(
                written[column].to_numpy(float), held[column].to_numpy(float, na_value=np.nan), rtol=1e-6
            )
    if name in ("collapse", "generators"):  # known to the result, not handed over again
        assert pd.read_csv(tmp_path / name / "left_out.csv")["path"].tolist() == ["a.txt"]
    (tmp_path / name / "mine.txt").write_text("precious")
    with pytest.raises(FileExistsError, match=r"mine\.txt"):
        result.write(tmp_path / name)


def test_every_result_of_a_study_follows_the_protocol():
    """A study that is added hands back an outcome as well: found by its name, not by a list."""
    runs = [getattr(studies, name) for name in studies.__all__ if name.startswith("run_")]
    assert len(runs) >= 6
    for run in runs:
        returned = inspect.signature(run).return_annotation
        returned = getattr(studies, returned) if isinstance(returned, str) else returned
        assert issubclass(returned, StudyOutcome), run.__name__
