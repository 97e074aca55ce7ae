"""The command line: one small file per command.

Nothing heavy is imported before a command runs, so that ``toolkit --help`` answers at once.
"""

__all__ = ["main", "run"]


def main() -> None:
    """Run the command of this process, and leave with its exit code."""
    try:
        # Within, since Ctrl-C may come while the commands themselves are read.
        from toolkit.cli._main import main as begin
    except KeyboardInterrupt:
        import os
        import sys

        print("toolkit: interrupted; nothing was begun.", file=sys.stderr, flush=True)
        os._exit(130)
    begin()


def run(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code.

    Parameters
    ----------
    arguments : list of str, optional
        By default those of the process.

    Returns
    -------
    int
        0 done, 1 failed, 2 used wrongly, 130 interrupted, 143 terminated.
    """
    from toolkit.cli._main import run as begin

    return begin(arguments)
