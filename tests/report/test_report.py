"""The page: self-contained, escaped, findings first, whole or not at all."""

import base64
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from toolkit.report import Report

VOID = {"meta", "img", "link", "br", "hr", "input"}
HOSTILE = '"><script>alert(1)</script><img src=http://evil.example/x onerror=alert(1)>'


class Page(HTMLParser):
    """Elements with their attributes, text by element, and a check that every element is closed."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.stack, self.text = [], [], []
        self.feed(html)
        self.close()
        assert not self.stack, f"not closed: {self.stack}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack[-1:] == [tag], f"</{tag}> closes nothing"
        self.stack.pop()

    def handle_data(self, data):
        if "style" not in self.stack:
            self.text.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def chart():
    figure = Figure(figsize=(3, 2))
    figure.add_subplot().plot([0, 1], [1, 0])
    return figure


def picture():
    figure = Figure(figsize=(2, 2))
    figure.add_subplot().imshow(np.arange(16).reshape(4, 4))
    return figure


def full_report():
    report = Report("Audit of things", "a subtitle", footer="versions")
    report.findings(["First finding.", "Second finding."]).facts({"images": 4000, "share": 0.2})
    report.section("Kinds", "One paragraph.\n\nAnother one.").figure(chart(), "A chart").figure(picture(), "A picture")
    report.section("Tables").table(pd.DataFrame({"kind": ["rotate"], "n": [1234]}), "Kinds found").note("A limit.")
    return report


def test_page_is_well_formed_and_asks_for_nothing():
    html = full_report().html()
    page = Page(html)
    for _, attrs in page.elements:
        for name in ("src", "href", "action", "srcset", "data", "poster"):
            assert not re.match(r"\s*(https?:)?//", attrs.get(name) or ""), (name, attrs)
    assert not page.all("script")
    assert not page.all("link")
    assert not page.all("iframe")
    assert "url(" not in html
    assert "@import" not in html
    assert all(attrs["src"].startswith("data:image/") for attrs in page.all("img"))
    policy = [attrs["content"] for attrs in page.all("meta") if attrs.get("http-equiv")]
    assert policy == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_findings_come_first_and_contents_link_to_sections():
    html = full_report().html()
    texts = ("Audit of things</h1>", "First finding.", "4,000", "Contents", "One paragraph.")
    places = [html.index(text) for text in texts]
    assert places == sorted(places)
    page = Page(html)
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [attrs["href"] for attrs in page.all("a")]
    assert len(links) == 2
    assert all(link[1:] in ids for link in links)


def test_every_text_is_escaped():
    frame = pd.DataFrame({HOSTILE: [HOSTILE]}, index=pd.Index([HOSTILE], name=HOSTILE))
    report = Report(HOSTILE, HOSTILE, footer=HOSTILE).findings([HOSTILE]).facts({HOSTILE: HOSTILE})
    report.section(HOSTILE, HOSTILE).note(HOSTILE).table(frame, HOSTILE).figure(chart(), HOSTILE, alt=HOSTILE)
    report.section(HOSTILE)
    html = report.html()
    assert "<script" not in html
    assert "<img src=http" not in html
    page = Page(html)
    assert len(page.all("img")) == 1
    assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)
    assert page.all("img")[0]["alt"] == HOSTILE
    # The names are still there to read, as text.
    assert sum(HOSTILE in text for text in page.text) >= 10


def test_hostile_text_within_an_svg_stays_in_its_picture():
    figure = Figure()
    figure.add_subplot().set_title("<script>alert(1)</script>")
    page = Page(Report("t").figure(figure, "c", image_format="svg").html())
    assert page.all("img")[0]["src"].startswith("data:image/svg+xml;base64,")
    assert not page.all("script")


def test_charts_are_vectors_and_pictures_are_bitmaps():
    sources = [attrs["src"] for attrs in Page(full_report().html()).all("img")]
    svg, png = (base64.b64decode(source.partition(",")[2]) for source in sources)
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert base64.b64decode(
        Page(Report("t").figure(chart(), image_format="png").html()).all("img")[0]["src"].partition(",")[2]
    ).startswith(b"\x89PNG")


def test_a_cloud_of_points_is_a_bitmap():
    figure = Figure()
    figure.add_subplot().scatter(np.zeros(30_000), np.zeros(30_000))
    assert "data:image/png" in Report("t").figure(figure).html()


def test_the_same_content_gives_the_same_page():
    assert full_report().html() == full_report().html()


def test_figures_have_alternative_texts_and_numbered_captions():
    page = Page(full_report().html())
    assert [attrs["alt"] for attrs in page.all("img")] == ["A chart", "A picture"]
    assert {"Figure 1.", "Figure 2.", "Table 1."} <= set(page.text)
    assert Page(Report("t").figure(chart()).html()).all("img")[0]["alt"] == "Figure 1"


def test_figure_takes_files_bytes_and_displays(tmp_path):
    figure, path = chart(), tmp_path / "chart.png"
    figure.savefig(path)

    class Shown:
        figure_ = figure

    html = Report("t").figure(path).figure(path.read_bytes()).figure(Shown()).html()
    sources = [attrs["src"] for attrs in Page(html).all("img")]
    assert sources[0] == sources[1] == "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
    assert sources[2].startswith("data:image/svg+xml")


@pytest.mark.parametrize(
    ("figure", "error", "message"),
    [
        (b"GIF89a", ValueError, "must be a PNG"),
        (object(), TypeError, "got object"),
        (None, TypeError, "got NoneType"),
    ],
)
def test_figure_refuses_what_is_no_picture(figure, error, message):
    with pytest.raises(error, match=message):
        Report("t").figure(figure)


def test_unknown_image_format():
    with pytest.raises(ValueError, match="image_format must be"):
        Report("t").figure(chart(), image_format="gif")


def test_table_formats_values():
    frame = pd.DataFrame(
        {
            "name": ["a", None],
            "count": [1234567, 2],
            "share": [0.25, np.nan],
            "score": [0.98765, np.inf],
            "tiny": [1.5e-7, 0.0],
            "flag": [True, False],
        }
    )
    html = Report("t").table(frame, formats={"share": "{:.1%}"}).html()
    for cell in ("1,234,567", "25.0%", "0.988", "∞", "1.5e-07", "0.000", "yes", "no", "—"):
        assert f">{cell}</td>" in html, cell
    assert html.count('<td class="number">') == 8


def test_long_tables_are_cut_and_say_so():
    html = Report("t").table(pd.DataFrame({"a": range(2500)}), "Rows", max_rows=10).html()
    assert html.count("<tr><td") == 10
    assert "(first 10 of 2,500 rows)" in html
    assert "rows)" not in Report("t").table(pd.DataFrame({"a": range(10)}), max_rows=10).html()


def test_tables_without_rows_columns_or_a_plain_index():
    assert "no rows" in Report("t").table(pd.DataFrame({"a": []})).html()
    Page(Report("t").table(pd.DataFrame()).html())
    series = pd.Series([1.0], index=["lof"], name="auroc")
    html = Report("t").table(series).html()
    assert '<th scope="row">lof</th>' in html
    assert ">auroc</th>" in html
    assert '<th scope="row">' not in Report("t").table(series.reset_index()).html()
    nested = pd.DataFrame([[1.0, 2.0]], columns=pd.MultiIndex.from_tuples([("x", "mean"), ("x", "sd")]))
    assert "x · sd" in Report("t").table(nested).html()


def test_table_refuses_what_is_no_frame_and_unknown_formats():
    with pytest.raises(TypeError, match="frame must be a pandas DataFrame"):
        Report("t").table([[1]])
    with pytest.raises(ValueError, match="formats names columns that the frame lacks"):
        Report("t").table(pd.DataFrame({"a": [1]}), formats={"b": "{}"})


def test_blocks_before_the_first_section_open_the_page():
    html = Report("t").facts({"images": 3}).section("One").text("in the section").html()
    assert html.index("<dt>images</dt>") < html.index(">One</h2>") < html.index("in the section")
    assert "Contents" not in html  # one section needs no list


def test_write_is_whole_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "deep" / "report.html"
    assert full_report().write(path) == path
    assert path.read_text(encoding="utf-8") == full_report().html()
    report = Report("t").findings(["x"])
    monkeypatch.setattr(Report, "html", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        report.write(tmp_path / "other.html")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["deep"]


def test_reads_on_paper_and_in_the_dark():
    html = full_report().html()
    assert "@media print" in html
    assert "prefers-color-scheme: dark" in html
    assert '<html lang="en">' in html
    assert 'charset="utf-8"' in html


def test_a_report_shows_itself_in_a_notebook_without_leaking_its_style():
    shown = full_report()._repr_html_()
    assert shown.startswith("<iframe srcdoc=")
    assert "<style>" not in shown


def test_points_and_wide_tables():
    narrow, wide = (pd.DataFrame({f"column {i}": [1.0] for i in range(n)}) for n in (6, 7))
    report = Report("t").section("All").items(["One <b>.", "Two."]).items([]).table(narrow).table(wide)
    page = Page(report.html())
    assert [attrs.get("class") for attrs in page.all("ul")] == ["items"]
    assert {"One <b>.", "Two."} <= set(page.text)
    assert [attrs.get("class") for attrs in page.all("table")] == [None, "wide"]
