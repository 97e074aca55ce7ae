"""Run notebooks and write them, with what they showed, beside their sources.

The source of a notebook is ``NAME.py`` (jupytext's percent format), since its diff reads. ``python notebooks/run.py
NAME`` executes it on real data and writes ``NAME.ipynb``. With ``--text`` nothing is executed: text that changed is
taken over into the ``.ipynb``, and code must be as it was. With ``--quick`` it runs on embedded data, into
``outputs/notebooks``.
"""

import argparse
import os
import resource
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).parent
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def read_source(name):
    """The cells of ``NAME.py``, with ids that do not change from run to run."""
    notebook = jupytext.read(HERE / f"{name}.py")
    for place, cell in enumerate(notebook.cells):
        cell.id = f"cell-{place:03d}"
        cell.metadata = {}
    pair = {"formats": "ipynb,py:percent"}
    notebook.metadata = {"jupytext": pair, "kernelspec": KERNEL, "language_info": {"name": "python"}}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def execute(notebook, timeout):
    """Run all cells in order; an error ends the run, with its cell in the message."""
    # The inline backend is the kernel's own choice, unless a variable names another.
    os.environ.pop("MPLBACKEND", None)
    # Progress bars are off; that they would look nicer with ipywidgets is no news for a reader.
    os.environ["PYTHONWARNINGS"] = "ignore:IProgress not found"
    client = NotebookClient(notebook, timeout=timeout, record_timing=False, resources={"metadata": {"path": str(HERE)}})
    client.execute()
    notebook.metadata["kernelspec"], notebook.metadata["language_info"] = KERNEL, {"name": "python"}


def take_outputs(notebook, old, name):
    """Outputs of an earlier run for code that has not changed since."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    run = [cell for cell in old.cells if cell.cell_type == "code"]
    if [cell.source for cell in cells] != [cell.source for cell in run]:
        raise SystemExit(f"{name}: code has changed since the last run, run it again without --text.")
    for cell, earlier in zip(cells, run):
        cell.outputs, cell.execution_count = earlier.outputs, earlier.execution_count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="without .py; all of them, if none is named")
    parser.add_argument("--text", action="store_true", help="take over text only, execute nothing")
    parser.add_argument("--quick", action="store_true", help="embedded data, into outputs/notebooks")
    parser.add_argument("--timeout", type=int, default=1800, help="seconds a cell may take (default: 1800)")
    options = parser.parse_args()
    if options.text and options.quick:
        parser.error("--text takes over text into what was run on real data; it does not go with --quick")
    own = Path(__file__).name
    folder = HERE.parent / "outputs" / "notebooks" if options.quick else HERE
    os.environ["TOOLKIT_QUICK"] = "1" if options.quick else "0"
    names = [Path(name).stem for name in options.names]
    for name in names or sorted(path.stem for path in HERE.glob("*.py") if path.name != own):
        notebook, target, start = read_source(name), folder / f"{name}.ipynb", time.perf_counter()
        if options.text:
            take_outputs(notebook, nbformat.read(target, as_version=4), name)
        else:
            try:
                execute(notebook, options.timeout)
            except CellExecutionError:
                # What there is, for whoever looks for the reason; the notebook that ran clean stays.
                failed = HERE.parent / "outputs" / "notebooks" / f"{name}-failed.ipynb"
                failed.parent.mkdir(parents=True, exist_ok=True)
                nbformat.write(notebook, failed)
                raise
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(
            f"{target.relative_to(HERE.parent)}: {time.perf_counter() - start:.0f} s, {target.stat().st_size / 1e6:.1f} MB; "
            f"{used.ru_utime + used.ru_stime:.0f} s of processor so far",
            flush=True,
        )


if __name__ == "__main__":
    main()
