"""The recipes that the command line and notebooks share."""

from toolkit.studies._audit import AuditResult, check_detectors, run_audit
from toolkit.studies._findings import plain_findings
from toolkit.studies._write import check_audit_target, write_audit

__all__ = [
    "AuditResult",
    "check_audit_target",
    "check_detectors",
    "plain_findings",
    "run_audit",
    "write_audit",
]
