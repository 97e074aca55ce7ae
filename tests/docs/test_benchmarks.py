"""What the benchmarks' scripts say of all tables together."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def modules():
    """The scripts' own modules; they import one another by their plain names."""
    names = ("cells", "run", "seeds")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield [__import__(name) for name in names]
    for name in names:
        del sys.modules[name]


def test_a_table_of_fewer_than_three_seeds_says_why(modules):
    cells, run, seeds = modules
    tables = {name: cells.load(name) for name in run.scripts()}
    few = {name for name, there in tables.items() if there and min(seeds.counted(there).values()) < seeds.ENOUGH}
    assert few == set(seeds.WHY)
    assert len(few) < len(tables)


def test_rows_are_counted_by_the_names_of_their_cells(modules):
    _, _, seeds = modules
    names = [
        "mnist_seed0",
        "mnist_seed1",
        "mnist_seed2",
        "real",
        "letters_tenth_fold0_seed1",
        "letters_tenth_fold1_seed1",
    ]
    assert seeds.counted(names) == {"mnist": 3, "real": 1, "letters_tenth": 2}
    assert seeds.said("oracle", {name: {} for name in names[:3]}) == "Seeds a row: 3."
    said = seeds.said("one_kind", {"mnist_invert_seed0": {"cell_cpu_seconds": 240.0}})
    assert said == ("Seeds a row: 1; more were not run: one more for each row takes about 4 minutes of processor time.")


def test_cells_are_listed_of_every_script_that_has_some(modules, capsys):
    _, run, _ = modules
    run.listed(["digit_reader", "prdc_speed"])
    said = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in said] == ["digit_reader", "prdc_speed"]
    assert " there, " in said[1]  # what is missing is counted where a script tells its cells


def test_a_reader_that_leaves_early_is_no_error():
    code = f"import sys; sys.path.insert(0, {str(BENCHMARKS)!r}); import cells\nwith cells.leaving_quietly():\n"
    code += "    print('first', flush=True)\n    sys.stdin.readline()\n    print('second')"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, stderr=-1, text=True)
    assert process.stdout.readline() == "first\n"
    process.stdout.close()
    process.stdin.write("\n")
    process.stdin.close()
    assert process.stderr.read() == ""
    assert process.wait() == 1
