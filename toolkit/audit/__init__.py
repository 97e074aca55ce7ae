"""One judgement of any images, by judges fitted to a set: findings, anomaly scores, repairs; duplicates; and files."""

from toolkit.audit._audit import PER_IMAGE_COLUMNS, UNJUDGED, Audit, merge_audits
from toolkit.audit._auditor import Auditor
from toolkit.audit._duplicates import PAIR_COLUMNS, Duplicates
from toolkit.audit._duplicates_find import find_duplicates
from toolkit.audit._duplicates_signature import SIGNATURE_LENGTH, image_signature
from toolkit.audit._everyday import judge_everyday
from toolkit.audit._everyday_findings import EverydayFindings
from toolkit.audit._everyday_table import JUDGED_FAULTS
from toolkit.audit.files._apply import apply_plan
from toolkit.audit.files._plan import FILE_ACTIONS

__all__ = [
    "FILE_ACTIONS",
    "JUDGED_FAULTS",
    "PAIR_COLUMNS",
    "PER_IMAGE_COLUMNS",
    "SIGNATURE_LENGTH",
    "UNJUDGED",
    "Audit",
    "Auditor",
    "Duplicates",
    "EverydayFindings",
    "apply_plan",
    "find_duplicates",
    "image_signature",
    "judge_everyday",
    "merge_audits",
]
