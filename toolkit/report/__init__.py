"""One self-contained HTML page from findings, tables and figures."""

from toolkit.report._report import Report

__all__ = ["Report"]
