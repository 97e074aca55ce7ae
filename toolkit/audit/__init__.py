"""One judgement of any images, by judges that were fitted to a set: findings, anomaly scores and repairs."""

from toolkit.audit._audit import PER_IMAGE_COLUMNS, UNJUDGED, Audit, merge_audits
from toolkit.audit._auditor import Auditor
from toolkit.audit._everyday import judge_everyday
from toolkit.audit._everyday_findings import EverydayFindings
from toolkit.audit._everyday_table import JUDGED_FAULTS
from toolkit.audit.files._apply import apply_plan
from toolkit.audit.files._plan import FILE_ACTIONS

__all__ = [
    "FILE_ACTIONS",
    "JUDGED_FAULTS",
    "PER_IMAGE_COLUMNS",
    "UNJUDGED",
    "Audit",
    "Auditor",
    "EverydayFindings",
    "apply_plan",
    "judge_everyday",
    "merge_audits",
]
