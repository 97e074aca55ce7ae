"""The notebooks as committed: source and notebook agree, they ran clean, and what they show is what was measured."""

import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import jupytext
import nbformat
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
# Roots of file systems, homes, and Windows drives, as a path begins that only one machine has.
PRIVATE_PATH = re.compile(r"(?<![\w.:/])/(?:home|Users|root|tmp|work|mnt|opt|usr|var|private)/|\b[A-Z]:\\\\?\w")
PACKAGE_HOST = re.compile(r"https?://[^\s\"']*(?:pypi|pythonhosted|simple/|artifactory|nexus)|--(?:extra-)?index-url")
LONGEST_CODE, MOST_BYTES, MOST_BYTES_ALL = 16, 3_000_000, 30_000_000


def read(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook):
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def texts(output):
    """Everything of an output that is text; pictures are left out."""
    data = output.get("data", {})
    parts = [value for kind, value in data.items() if not kind.startswith("image/")]
    parts += [output.get("text", ""), *output.get("traceback", ())]
    return [part if isinstance(part, str) else json.dumps(part) for part in parts]


class Tables(HTMLParser):
    """Tables as pandas writes them: ``rows`` of (tag, text) for each table."""

    def __init__(self):
        super().__init__()
        self.tables, self._inside = [], False

    def handle_starttag(self, tag, attributes):
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append([tag, ""])
            self._inside = True

    def handle_endtag(self, tag):
        self._inside = self._inside and tag not in ("td", "th")

    def handle_data(self, data):
        if self._inside:
            self.tables[-1][-1][-1][1] += data


def shown_tables(notebook):
    """Displayed frames as (columns, index, rows) of text; only those with one level each, as JSON keeps them."""
    found = []
    for output in outputs(notebook):
        parser = Tables()
        parser.feed(output.get("data", {}).get("text/html", ""))
        for table in parser.tables:
            body = [row for row in table if any(tag == "td" for tag, _ in row)]
            head = [row for row in table if row and all(tag == "th" for tag, _ in row)]
            if body and head:
                index = [" ".join(text for tag, text in row if tag == "th").strip() for row in body]
                rows = [[text for tag, text in row if tag == "td"] for row in body]
                columns = [text for _, text in head[0]][-len(rows[0]) :]
                found.append((columns, index, rows))
    return found


def same_value(shown, stored):
    """A figure, rounded as it is shown, or a text, shortened as pandas does."""
    if stored is None:
        return shown in ("NaN", "None", "", "NaT", "nan")
    if isinstance(stored, (bool, str)):
        stored = str(stored)
        return shown == stored or (shown.endswith("...") and len(shown) > 3 and stored.startswith(shown[:-3]))
    try:
        figure = float(shown)
    except ValueError:
        return False
    mantissa, _, power = shown.lower().partition("e")
    decimals = len(mantissa.partition(".")[2]) - int(power or 0)
    return abs(figure - stored) <= 0.5000001 * 10.0**-decimals


def same_label(shown, stored):
    """A name, or a number that is displayed with as many decimals as its neighbours."""
    try:
        return same_value(shown, float(stored))
    except ValueError:
        return same_value(shown, stored)


def same_table(shown, stored):
    columns, index, rows = shown
    return (
        columns == stored["columns"]
        and len(index) == len(stored["index"])
        and all(map(same_label, index, stored["index"]))
        and len(rows) == len(stored["rows"])
        and all(len(a) == len(b) and all(map(same_value, a, b)) for a, b in zip(rows, stored["rows"]))
    )


def test_there_are_notebooks_each_with_its_source_and_figures():
    assert "CorruptedEmnistAndModeCollapse" in NAMES
    assert sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "run") == NAMES
    assert sorted(path.stem for path in (FOLDER / "results").glob("*.json")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_source_and_notebook_have_the_same_cells(name):
    notebook, source = read(name), jupytext.read(FOLDER / f"{name}.py")
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == [
        (cell.cell_type, cell.source) for cell in source.cells
    ]
    assert notebook.metadata["jupytext"]["formats"] == "ipynb,py:percent"
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    nbformat.validate(notebook)


@pytest.mark.parametrize("name", NAMES)
def test_every_code_cell_was_run_once_and_in_order_without_an_error(name):
    notebook = read(name)
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert {output.output_type for output in outputs(notebook)} <= {"display_data", "execute_result", "stream"}
    loud = [output.text for output in outputs(notebook) if output.get("name") == "stderr"]
    assert not loud, f"warnings or progress bars in the notebook: {loud[0][:300]}"
    assert not any("\r" in text for output in outputs(notebook) for text in texts(output))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_it_belongs_to_one_machine(name):
    notebook = read(name)
    everything = [cell.source for cell in notebook.cells] + [text for o in outputs(notebook) for text in texts(o)]
    for text in everything:
        assert not PRIVATE_PATH.search(text), text[:300]
        assert not PACKAGE_HOST.search(text), text[:300]


@pytest.mark.parametrize("name", NAMES)
def test_cells_are_short_and_use_public_names_only(name):
    for cell in code_cells(read(name)):
        lines = [line for line in cell.source.splitlines() if line.strip() and not line.strip().startswith("#")]
        assert len(lines) <= LONGEST_CODE, cell.source
        assert not re.search(r"toolkit(\.\w+)*\.(?!_\w*_\b)_\w+|\.\s*_(?!_)\w+\(", cell.source), cell.source


@pytest.mark.parametrize("name", NAMES)
def test_the_figures_on_file_are_those_displayed(name):
    shown = shown_tables(read(name))
    tables = json.loads((FOLDER / "results" / f"{name}.json").read_text())["tables"]
    assert tables
    for table_name, stored in tables.items():
        assert any(same_table(table, stored) for table in shown), f"{table_name} is not displayed with these figures"


def test_comparison_of_figures_sees_a_changed_digit():
    stored = {"columns": ["auroc", "kind"], "index": ["lof"], "rows": [[0.9124, "blur"]]}
    assert same_table((["auroc", "kind"], ["lof"], [["0.912", "blur"]]), stored)
    assert not same_table((["auroc", "kind"], ["lof"], [["0.913", "blur"]]), stored)
    assert not same_table((["auroc", "kind"], ["lof"], [["0.912", "noise"]]), stored)
    assert not same_table((["auroc", "kind"], ["knn"], [["0.912", "blur"]]), stored)
    assert same_table((["auroc", "kind"], ["0.50"], [["0.912", "blur"]]), stored | {"index": ["0.5"]})
    assert not same_table((["auroc", "kind"], ["0.60"], [["0.912", "blur"]]), stored | {"index": ["0.5"]})
    assert same_value("1.20e-05", 1.2e-5)
    assert same_value("NaN", None)
    assert not same_value("1.20e-05", 1.3e-5)
    assert not same_value("True", False)


@pytest.mark.parametrize(
    ("text", "private"),
    [("/home/someone/data", True), ("saved in /tmp/x", True), (r"C:\Users", True), ("results/x.json", False),
     ("https://example.org/home/x", False), ("and/or", False)],
)  # fmt: skip
def test_private_paths_are_recognised(text, private):
    assert bool(PRIVATE_PATH.search(text)) == private


def test_everything_stays_small():
    for name in NAMES:
        assert (FOLDER / f"{name}.ipynb").stat().st_size < MOST_BYTES, name
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a checkout")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert sum(path.stat().st_size for path in files if path.is_file()) < MOST_BYTES_ALL
