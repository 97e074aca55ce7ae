"""Learned arithmetic: queries, a model taught on them, its judgement, report, files."""
