"""The study as one page: the answer in five lines, all findings, and what both parts rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.report import Report
from toolkit.studies.audit._report import add_audit_sections
from toolkit.studies.collapse._write import add_collapse_sections
from toolkit.studies.study._answer import study_answer, study_findings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from toolkit.studies.study._run import StudyResult

__all__ = ["build_study_report"]


def build_study_report(result: StudyResult, figures: dict[str, dict[str, Figure]]) -> Report:
    """Lay the study out on one page.

    Parameters
    ----------
    result : StudyResult
    figures : dict of str to dict of str to Figure
        Of its parts, ``"audit"`` and ``"collapse"``.

    Returns
    -------
    Report
    """
    audit, collapse = result.audit, result.collapse
    report = Report(
        "Study of an image set",
        f"{audit.settings['name'] or 'images'}: {len(audit):,} images, audited, repaired, and learnt by generators; "
        "without labels",
        footer=", ".join(f"{package} {version}" for package, version in audit.versions.items() if version) + ".",
    )
    report.findings(study_answer(result))
    report.section("Findings in full").items(study_findings(result))
    add_audit_sections(report, audit, figures["audit"])
    if collapse is not None:
        add_collapse_sections(report, collapse, figures["collapse"])
    return report
