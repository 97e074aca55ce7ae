"""The comparison of generators: runs, findings, report, files."""
