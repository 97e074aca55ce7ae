"""The sealed room swallows what its own model prints, and nothing that anybody else says meanwhile."""

import sys
import threading

from toolkit.detectors._sealed import sealed


def test_what_other_threads_say_is_heard(capsys):
    inside, leave = threading.Event(), threading.Event()

    def model():
        with sealed(0):
            print("lost")
            print("lost, too", file=sys.stderr, flush=True)
            inside.set()
            leave.wait(60)

    thread = threading.Thread(target=model)
    thread.start()
    assert inside.wait(60)
    print("found", flush=True)
    print("interrupted", file=sys.stderr, flush=True)  # as the command says of Ctrl-C, while a detector is at work
    leave.set()
    thread.join()
    assert tuple(capsys.readouterr()) == ("found\n", "interrupted\n")


def test_a_process_without_streams(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    with sealed(0):
        print("lost")
        sys.stderr.flush()
        assert not sys.stderr.isatty()
    assert sys.stdout is None
