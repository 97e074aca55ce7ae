"""One judgement of any images, by judges that were fitted to a set: findings, anomaly scores and repairs."""

from toolkit.audit._audit import PER_IMAGE_COLUMNS, UNJUDGED, Audit, merge_audits
from toolkit.audit._auditor import Auditor
from toolkit.audit._everyday import judge_everyday
from toolkit.audit._everyday_findings import EverydayFindings
from toolkit.audit._everyday_table import JUDGED_FAULTS

__all__ = [
    "JUDGED_FAULTS",
    "PER_IMAGE_COLUMNS",
    "UNJUDGED",
    "Audit",
    "Auditor",
    "EverydayFindings",
    "judge_everyday",
    "merge_audits",
]
