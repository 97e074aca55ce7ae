"""One self-contained HTML page from findings, tables and figures."""

from toolkit.report._figures import write_figures
from toolkit.report._report import Report

__all__ = ["Report", "write_figures"]
