"""One judgement of any images, by judges that were fitted to a set: findings, anomaly scores and repairs."""

from toolkit.audit._audit import PER_IMAGE_COLUMNS, UNJUDGED, Audit, merge_audits
from toolkit.audit._auditor import Auditor

__all__ = ["PER_IMAGE_COLUMNS", "UNJUDGED", "Audit", "Auditor", "merge_audits"]
