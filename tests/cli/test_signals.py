"""Ctrl-C and SIGTERM, at moments that are hard: while commands are read, twice, and when all is said."""

import os
import signal
import subprocess
import sys
import time

import pytest

from toolkit.cli import _signals
from toolkit.cli._signals import Terminated, ending_on_signals

SIGNALS = [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]


def press(number):
    os.kill(os.getpid(), number)
    time.sleep(5)


@pytest.mark.parametrize(("number", "error"), SIGNALS)
def test_what_puts_away_is_not_broken_off_by_the_same_wish_said_twice(number, error):
    done = []
    with ending_on_signals():
        try:
            press(number)
        except error:
            os.kill(os.getpid(), number)  # a finger that presses twice
            time.sleep(0.01)
            done.append("put away")
    assert done == ["put away"]


def test_what_hangs_can_be_broken_off(monkeypatch):
    monkeypatch.setattr(_signals, "_ONE_WISH", 0.0)
    with ending_on_signals():
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                press(signal.SIGINT)


def test_handlers_are_put_back_and_what_is_ignored_stays_so():
    terminated = signal.getsignal(signal.SIGTERM)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in what a script starts in the background
    try:
        with ending_on_signals():
            os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert signal.getsignal(signal.SIGTERM) is terminated


def leave(code):
    """Exit code and standard error of a process that runs ``code``, with Ctrl-C as a terminal has it."""
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    done = subprocess.run([sys.executable, "-c", heard + code], capture_output=True, text=True, timeout=300)
    return done.returncode, done.stderr


def test_ctrl_c_while_the_commands_are_read():
    code, said = leave(
        "import os, signal, sys\n"
        "class Pressed:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'toolkit.cli._coverage': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Pressed())\n"
        "sys.argv = ['toolkit', 'data', 'list']\n"
        "import toolkit.cli; toolkit.cli.main()"
    )
    assert (code, said) == (130, "toolkit: interrupted; nothing was begun.\n")


@pytest.mark.parametrize(("first", "code", "word"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")])
def test_further_signals_change_neither_code_nor_words(first, code, word):
    # One in the midst of the work, one while it is put away, one when all is said, as an impatient shell sends them.
    found, said = leave(
        "import atexit, os, signal, time\n"
        "import toolkit.cli._main as command\n"
        "def press(name='SIGINT'): os.kill(os.getpid(), getattr(signal, name)); time.sleep(0.01)\n"
        "def work(*arguments, **named):\n"
        "    try:\n"
        f"        press({first!r})\n"
        "    finally:\n"
        "        press(); print('put away', flush=True)\n"
        "command.app, end = work, command.close_streams\n"
        "def close(code): press(); return end(code)\n"
        "command.close_streams = close\n"
        "atexit.register(press)\n"
        "command.main()"
    )
    assert (found, said) == (code, f"toolkit: {word}; nothing was left half-written.\n")
