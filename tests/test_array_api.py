"""scikit-learn's checks under dispatch by kind of array, which SciPy has to be told of before it is imported."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
CHECKED = ("test_common.py", "detectors/test_check_estimator.py", "sequence/test_check_estimator.py")


@pytest.mark.slow
def test_every_estimator_passes_them():
    """In a process of its own; scikit-learn leaves them out elsewhere."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", "-k", "array_api", *(TESTS / file for file in CHECKED)],
        env=environment | {"SCIPY_ARRAY_API": "1"},
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 30
    assert "skipped" not in done.stdout
