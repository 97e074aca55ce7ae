"""The command line: one small file per command.

Nothing heavy is imported before a command runs, so that ``toolkit --help`` answers at once.
"""

from toolkit.cli._main import main, run

__all__ = ["main", "run"]
