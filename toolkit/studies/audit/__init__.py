"""The audit of an image set: run, findings, figures, report, files."""
