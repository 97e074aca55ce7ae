"""Tests with every Python that is here, and with the oldest and the newest versions of what is needed: ``nox``.

One session: ``nox -s "tests-3.12"``, ``nox -s oldest``. Pythons that are not installed are skipped.
"""

import nox

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
nox.options.error_on_missing_interpreters = False


def _test(session, *constraints):
    session.install(*constraints, "-e", ".[test]")
    arguments = session.posargs or ["-n", "2", "--dist", "worksteal", "-m", "not slow and not web and not cluster"]
    session.run("python", "-m", "pytest", *arguments, env=THREADS)


@nox.session(python=PYTHONS)
def tests(session):
    """The versions that constraints.txt names on 3.11, the newest there are on others."""
    _test(session, *(["-c", "constraints.txt"] if session.python == "3.11" else []))


@nox.session(python="3.11")
def oldest(session):
    """The oldest versions that setup.cfg allows."""
    _test(session, "-c", "constraints-oldest.txt")
