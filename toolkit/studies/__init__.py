"""The recipes that the command line and notebooks share."""

from toolkit.studies._audit import AuditResult, check_detectors, run_audit
from toolkit.studies._findings import plain_findings
from toolkit.studies._generators import (
    GENERATORS,
    GeneratorComparison,
    check_generators,
    run_generator_comparison,
)
from toolkit.studies._generators_write import (
    check_comparison_target,
    generator_findings,
    write_generator_comparison,
)
from toolkit.studies._write import check_audit_target, write_audit

__all__ = [
    "GENERATORS",
    "AuditResult",
    "GeneratorComparison",
    "check_audit_target",
    "check_comparison_target",
    "check_detectors",
    "check_generators",
    "generator_findings",
    "plain_findings",
    "run_audit",
    "run_generator_comparison",
    "write_audit",
    "write_generator_comparison",
]
