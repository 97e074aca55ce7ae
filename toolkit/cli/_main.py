"""The way in and out: commands gathered, errors as one line, exit codes.

Exit codes: 0 done, 1 failed, 2 used wrongly, 130 interrupted by Ctrl-C, 143 terminated.
"""

import errno
import os
import sys
import threading
import traceback
import warnings
from typing import Annotated

import typer
from typer.exceptions import TyperException

from toolkit._core.printable import printable
from toolkit.cli._apply import apply
from toolkit.cli._arithmetic import arithmetic
from toolkit.cli._audit import audit
from toolkit.cli._collapse import collapse
from toolkit.cli._compare_generators import compare_generators
from toolkit.cli._corrupt import corrupt
from toolkit.cli._coverage import coverage
from toolkit.cli._data import data
from toolkit.cli._held import holding
from toolkit.cli._sample import sample
from toolkit.cli._sample_labels import ManyLabels
from toolkit.cli._serve import serve
from toolkit.cli._signals import Terminated, deaf_to_interrupts, ending_on_signals
from toolkit.cli._streams import close_streams, discard_output, error_stream, flush_output, prepare_process
from toolkit.cli._study import study
from toolkit.cli._train import train
from toolkit.exceptions import ToolkitError

__all__ = ["app", "main", "run"]

FAILED, INTERRUPTED, TERMINATED = 1, 130, 143
_FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}
_PATIENCE = 10  # seconds for workers to end

# Plain help: the rich one takes twice as long to appear.
app = typer.Typer(
    name="toolkit",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(apply)
app.command()(arithmetic)
app.command()(audit)
app.command()(collapse)
app.command()(compare_generators)
app.command()(corrupt)
app.command()(coverage)
app.command(cls=ManyLabels)(sample)
app.command()(serve)
app.command()(study)
app.add_typer(data)
app.add_typer(train)


def _show_version(asked: bool):
    if asked:
        from toolkit import __version__

        print(f"toolkit {__version__}")
        raise typer.Exit


@app.callback()
def toolkit(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
):
    """What is wrong with these images, which ones, and can it be undone? Answered without labels."""


def main() -> None:
    """Run the command of this process, and leave with its exit code."""
    try:
        prepare_process()
        code = run()
        if code in (INTERRUPTED, TERMINATED):
            deaf_to_interrupts()
        code = close_streams(code)
    except KeyboardInterrupt:  # before the command began, or when it had ended
        deaf_to_interrupts()
        _say_interrupted()
        code = INTERRUPTED
    if code in (INTERRUPTED, TERMINATED) or (code and any(thread.daemon for thread in threading.enumerate())):
        # What failed or was interrupted left threads at work in native code, and an orderly exit would pull the
        # ground from under them (an abort, with a code of its own), or wait for them. Files are whole or gone by now.
        _end_workers()
        os._exit(code)
    sys.exit(code)


def _end_workers():
    """End joblib's processes, which only an orderly exit would: they would go on, and hold our output, for minutes."""
    loky = sys.modules.get("joblib.externals.loky.reusable_executor")
    executor = getattr(loky, "_executor", None)
    if executor is not None:
        # joblib's own executor removes its temporary folder as well.
        end = getattr(executor, "terminate", executor.shutdown)

        def finish():
            end(kill_workers=True)
            finalizers = getattr(sys.modules.get("multiprocessing.util"), "_run_finalizers", None)
            if finalizers is not None:
                finalizers(0)  # else the process that watches over semaphores complains that they were left

        ending = threading.Thread(target=finish, daemon=True)
        ending.start()
        ending.join(_PATIENCE)


def run(arguments: list[str] | None = None) -> int:
    """What :func:`toolkit.cli.run` does, once the commands have been read."""
    formatwarning, warnings.formatwarning = warnings.formatwarning, _one_line
    try:
        with ending_on_signals():
            with holding():
                code = app(arguments, prog_name="toolkit", standalone_mode=False)
            flush_output()
    except SystemExit as leaving:  # typer's own options for shells
        code = leaving.code
    except TyperException as error:
        return _used_wrongly(error)
    except BrokenPipeError:
        # The reader of our output left (`toolkit data list | head`): nothing to say, and nobody to say it to.
        discard_output()
        return FAILED
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Terminated:
        _say("terminated; nothing was left half-written.")
        return TERMINATED
    except MemoryError as error:
        return _fail(f"not enough memory ({error})" if str(error) else "not enough memory")
    except (ToolkitError, OSError, ValueError) as error:
        if os.environ.get("TOOLKIT_TRACEBACK"):
            traceback.print_exc()
            return FAILED
        if _is_full(error):
            return _fail(f"{error}: there is no room for the result, of which nothing was left half-written.")
        return _fail(error)
    finally:
        warnings.formatwarning = formatwarning
    if code == INTERRUPTED:
        _say_interrupted()
    return code if isinstance(code, int) else 0


def _say_interrupted():
    _say("interrupted; nothing was left half-written.")


def _say(message):
    """One line on standard error, whatever the message was broken into."""
    print(f"toolkit: {printable(' '.join(str(message).split()))}", file=error_stream())


def _fail(error):
    _say(f"error: {error}")
    return FAILED


def _is_full(error):
    """Whether the system itself says so; an error of ours with its number has said already what to do."""
    number = getattr(error, "errno", None)
    return number in _FULL and error.strerror == os.strerror(number)


def _used_wrongly(error):
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":  # the message is the help itself
        print(error.format_message(), file=error_stream())
    else:
        where = f" (see: {context.command_path} --help)" if context else ""
        _say(f"error: {error.format_message()}{where}")
    return error.exit_code


def _one_line(message, category, filename, lineno, line=None):
    return f"toolkit: warning: {printable(' '.join(str(message).split()))}\n"
