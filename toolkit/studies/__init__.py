"""The studies that the command line and notebooks share, a folder each.

Every ``run_...`` returns a :class:`StudyOutcome`: ``findings()``, ``figures()``, ``tables()``, ``report()`` and
``write(folder)``.
"""

from toolkit.studies._apply_decisions import apply_decisions
from toolkit.studies._folder import reserved_folder
from toolkit.studies._reserved import reserve_result
from toolkit.studies._result import StudyOutcome
from toolkit.studies.arithmetic._findings import arithmetic_findings
from toolkit.studies.arithmetic._run import ArithmeticResult, ask_arithmetic, load_handwriting, run_arithmetic
from toolkit.studies.arithmetic._write import check_arithmetic_target, write_arithmetic
from toolkit.studies.audit._audit_images import audit_images
from toolkit.studies.audit._findings import plain_findings
from toolkit.studies.audit._outcome import AuditResult
from toolkit.studies.audit._run import check_detectors, run_audit
from toolkit.studies.audit._write import check_audit_target, write_audit
from toolkit.studies.collapse._findings import collapse_findings
from toolkit.studies.collapse._outcome import outcome_of
from toolkit.studies.collapse._recipes import CURE, MITIGATIONS, collapse_grid, collapse_recipe
from toolkit.studies.collapse._study import CollapseStudy, check_collapse_settings, run_collapse_study
from toolkit.studies.collapse._summary import compare_settings, rank_settings, settings_table
from toolkit.studies.collapse._write import check_collapse_target, forget_collapse_runs, write_collapse_study
from toolkit.studies.coverage._differences import DifferencesResult, run_differences
from toolkit.studies.coverage._run import CoverageResult, run_coverage
from toolkit.studies.coverage._write import check_coverage_target, write_coverage
from toolkit.studies.folder._outcome import FolderResult, cleaning_findings
from toolkit.studies.folder._run import clean_folder, run_folder
from toolkit.studies.generators._findings import generator_findings
from toolkit.studies.generators._run import (
    GENERATORS,
    GeneratorComparison,
    check_generators,
    run_generator_comparison,
)
from toolkit.studies.generators._write import check_comparison_target, write_generator_comparison
from toolkit.studies.partitioned._outcome import PartitionedAuditResult
from toolkit.studies.partitioned._run import run_partitioned_audit
from toolkit.studies.study._answer import study_answer, study_findings
from toolkit.studies.study._run import StudyResult, run_study
from toolkit.studies.study._write import check_study_target, write_study
from toolkit.studies.training._pictures import training_pictures
from toolkit.studies.training._run import train_into_folder

__all__ = [
    "CURE",
    "GENERATORS",
    "MITIGATIONS",
    "ArithmeticResult",
    "AuditResult",
    "CollapseStudy",
    "CoverageResult",
    "DifferencesResult",
    "FolderResult",
    "GeneratorComparison",
    "PartitionedAuditResult",
    "StudyOutcome",
    "StudyResult",
    "apply_decisions",
    "arithmetic_findings",
    "ask_arithmetic",
    "audit_images",
    "check_arithmetic_target",
    "check_audit_target",
    "check_collapse_settings",
    "check_collapse_target",
    "check_comparison_target",
    "check_coverage_target",
    "check_detectors",
    "check_generators",
    "check_study_target",
    "clean_folder",
    "cleaning_findings",
    "collapse_findings",
    "collapse_grid",
    "collapse_recipe",
    "compare_settings",
    "forget_collapse_runs",
    "generator_findings",
    "load_handwriting",
    "outcome_of",
    "plain_findings",
    "rank_settings",
    "reserve_result",
    "reserved_folder",
    "run_arithmetic",
    "run_audit",
    "run_collapse_study",
    "run_coverage",
    "run_differences",
    "run_folder",
    "run_generator_comparison",
    "run_partitioned_audit",
    "run_study",
    "settings_table",
    "study_answer",
    "study_findings",
    "train_into_folder",
    "training_pictures",
    "write_arithmetic",
    "write_audit",
    "write_collapse_study",
    "write_coverage",
    "write_generator_comparison",
    "write_study",
]
