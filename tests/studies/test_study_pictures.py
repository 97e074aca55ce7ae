"""A study's page shows what its parts have drawn for theirs: nothing is drawn twice."""

import base64
import re
from collections import Counter
from functools import partial

import pytest

from toolkit.datasets import load_digits
from toolkit.report import _figures as rendering
from toolkit.studies import StudyResult, run_audit, run_collapse_study, write_audit, write_study
from toolkit.studies.audit import _write as audit_writing
from toolkit.studies.collapse import _write as collapse_writing

TINY = {"generator_widths": (8,), "discriminator_widths": (8,)}


@pytest.fixture(scope="module")
def result():
    images = load_digits().images[:100]
    collapse = run_collapse_study(images[:, ::2, ::2], {"plain": TINY}, seeds=[0], steps=2, checkpoints=2, n_samples=60)
    return StudyResult(run_audit(images[:40], quick=True), collapse, n_left=40)


def pixels(page):
    """PNG pictures of a page."""
    return [base64.b64decode(text) for text in re.findall(r"data:image/png;base64,([^\"]+)", page.read_text())]


def test_nothing_is_drawn_twice(result, tmp_path, monkeypatch):
    drawn, rendered = Counter(), []

    def counted(name, draw):
        def draw_counted(part):
            drawn[name] += 1
            return draw(part)

        return draw_counted

    render = rendering._render

    def render_counted(figure, image_format, dpi):
        rendered.append((figure, image_format))
        return render(figure, image_format, dpi)

    monkeypatch.setattr(audit_writing, "audit_figures", counted("audit", audit_writing.audit_figures))
    without_map = partial(collapse_writing.collapse_figures, maps=False)  # which takes some seconds
    monkeypatch.setattr(collapse_writing, "collapse_figures", counted("collapse", without_map))
    monkeypatch.setattr(rendering, "_render", render_counted)
    report = write_study(result, tmp_path / "study")
    assert drawn == {"audit": 1, "collapse": 1}
    of_pixels = Counter(id(figure) for figure, image_format in rendered if image_format == "png")
    assert of_pixels
    assert set(of_pixels.values()) == {1}
    files = {path.read_bytes() for path in (tmp_path / "study").glob("*/*/*.png")}
    shown = pixels(report)
    assert len(shown) >= 2
    assert set(shown) <= files
    for part in ("audit", "collapse"):
        assert set(shown) & set(pixels(tmp_path / "study" / part / "report.html"))


def test_an_audit_takes_figures_that_were_drawn_already(result, tmp_path, monkeypatch):
    report = write_audit(result.audit, tmp_path / "drawn here")
    figures = result.audit.figures()
    monkeypatch.setattr(audit_writing, "audit_figures", None)
    given = write_audit(result.audit, tmp_path / "given", figures=figures)
    assert given.read_bytes() == report.read_bytes()
    for path in (report.parent / "figures").iterdir():
        assert (given.parent / "figures" / path.name).read_bytes() == path.read_bytes()
