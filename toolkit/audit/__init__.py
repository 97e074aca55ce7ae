"""One judgement of any images, by judges fitted to a set: findings, anomaly scores, repairs; duplicates; and files."""

from toolkit.audit._audit import PER_IMAGE_COLUMNS, UNJUDGED, Audit, merge_audits
from toolkit.audit._auditor import Auditor
from toolkit.audit._colour_order import ColourOrder, judge_colours
from toolkit.audit._duplicates import PAIR_COLUMNS, Duplicates
from toolkit.audit._duplicates_find import find_duplicates
from toolkit.audit._duplicates_signature import SIGNATURE_LENGTH, image_signature
from toolkit.audit._duplicates_stored import StoredSignatures
from toolkit.audit._everyday import judge_everyday
from toolkit.audit._everyday_findings import EverydayFindings
from toolkit.audit._everyday_table import JUDGED_FAULTS
from toolkit.audit._orientation import Orientation, judge_orientation
from toolkit.audit._overrule import Overruled, nearest_images, overrule
from toolkit.audit.files._apply import apply_plan
from toolkit.audit.files._audit_files import audit_files
from toolkit.audit.files._decisions import IMAGE_ACTIONS, decided_plan, read_decisions, read_plan
from toolkit.audit.files._file_audit import FileAudit
from toolkit.audit.files._plan import FILE_ACTIONS
from toolkit.audit.files._plan_clean import EXACT_REPAIRS, LEFT_OUT, REPAIRS, plan_clean
from toolkit.audit.files._target import check_clean_target

__all__ = [
    "EXACT_REPAIRS",
    "FILE_ACTIONS",
    "IMAGE_ACTIONS",
    "JUDGED_FAULTS",
    "LEFT_OUT",
    "PAIR_COLUMNS",
    "PER_IMAGE_COLUMNS",
    "REPAIRS",
    "SIGNATURE_LENGTH",
    "UNJUDGED",
    "Audit",
    "Auditor",
    "ColourOrder",
    "Duplicates",
    "EverydayFindings",
    "FileAudit",
    "Orientation",
    "Overruled",
    "StoredSignatures",
    "apply_plan",
    "audit_files",
    "check_clean_target",
    "decided_plan",
    "find_duplicates",
    "image_signature",
    "judge_colours",
    "judge_everyday",
    "judge_orientation",
    "merge_audits",
    "nearest_images",
    "overrule",
    "plan_clean",
    "read_decisions",
    "read_plan",
]
