"""The folder of a study, checked before the work and kept for one run until it is done."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from toolkit._core.names import lookup
from toolkit.studies._folder import reserved_folder
from toolkit.studies.arithmetic._write import ARITHMETIC_FILES
from toolkit.studies.audit._write import AUDIT_FILES
from toolkit.studies.collapse._write import COLLAPSE_FILES
from toolkit.studies.coverage._write import COVERAGE_FILES
from toolkit.studies.generators._write import GENERATORS_FILES
from toolkit.studies.partitioned._outcome import PARTITIONED_FILES
from toolkit.studies.study._write import STUDY_FILES, check_study_target

__all__ = ["reserve_result"]

# What each result is made of, and whether its folder grows (and is gone on with) instead of being replaced.
_RESULTS = {
    "arithmetic": (ARITHMETIC_FILES, False),
    "audit": (AUDIT_FILES, False),
    "collapse": (COLLAPSE_FILES, True),
    "comparison": (GENERATORS_FILES, False),
    "coverage": (COVERAGE_FILES, False),
    "partitioned": (PARTITIONED_FILES, True),
    "study": (STUDY_FILES, True),
}


@contextlib.contextmanager
def reserve_result(kind: str, out: str | os.PathLike) -> Iterator[None]:
    """Check that a result can be written to ``out``, and keep other runs out of it for as long as the context lasts.

    Worth having around the long work: what is in the way is said at once, and a second run is refused instead of
    mixing its files with those of the first.

    Parameters
    ----------
    kind : {"arithmetic", "audit", "collapse", "comparison", "coverage", "partitioned", "study"}
    out : path-like

    Yields
    ------
    None

    Raises
    ------
    FileExistsError
        The folder holds something that no such result wrote.
    FolderInUseError
        Another run is writing to it.
    OSError
        It cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from toolkit.studies import reserve_result
    >>> out = pathlib.Path(tempfile.mkdtemp())
    >>> with reserve_result("audit", out / "audit"):
    ...     print("nothing is in the way")  # of run_audit and write_audit
    nothing is in the way
    >>> (out / "holiday.jpg").touch()
    >>> with reserve_result("audit", out):  # doctest: +ELLIPSIS
    ...     pass
    Traceback (most recent call last):
        ...
    FileExistsError: ... holds 'holiday.jpg', which is no part of such a result, and would be lost: ...
    """
    own_names, grows = lookup(_RESULTS, kind, "result")
    if kind == "study":
        check_study_target(out)
    with reserved_folder(out, own_names, grows=grows):
        yield
