"""Processes that tests start, without the seconds that importing takes: forked from one that has it behind it.

Each process of the tests has one such server, from the first time on that it is asked. What is started has the
interpreter, the environment, the signals and the end of a process of its own; only what it would import is there.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import time

IMPORTED = (
    "torch",
    "toolkit.cli._main",
    "toolkit.audit._auditor",
    "toolkit.audit.files._apply",
    "toolkit.studies.audit._run",
    "toolkit.studies.audit._write",
    "toolkit.studies.folder._run",
    "toolkit.studies.training._run",
    "toolkit.generators._variational",
    "toolkit.datasets._cache",
    "toolkit._core.store",
    "toolkit.nn",
)
_SERVER = """
import atexit, gc, importlib, json, os, socket, sys, threading
control = socket.socket(fileno=int(sys.argv[1]))
for name in sys.argv[2:]:
    importlib.import_module(name)
gc.collect()
gc.freeze()
while True:
    message, files, _, _ = socket.recv_fds(control, 1 << 20, 2)
    if not message:
        break
    asked = json.loads(message)
    if "ended" in asked:
        pid, status = os.waitpid(asked["ended"], os.WNOHANG)
        control.sendall(json.dumps(os.waitstatus_to_exitcode(status) if pid else None).encode())
        continue
    child = os.fork()
    if child:
        for file in files:
            os.close(file)
        control.sendall(json.dumps(child).encode())
        continue
    control.close()
    for place, file in enumerate(files, start=1):
        os.dup2(file, place)
        os.close(file)
    # Streams of its own: whether one can be rewound, as those of the server can, is asked once.
    sys.stdout, sys.stderr = (open(place, "w", encoding="utf-8", closefd=False) for place in (1, 2))
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["-c", *asked["arguments"]]
    code = 0
    try:
        exec(compile(asked["code"], "<string>", "exec"), {"__name__": "__main__"})
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            raise
        code = end.code or 0
    # As the interpreter ends, but for taking apart what was imported, which takes as long as to import it.
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
"""
_control = _server = None


def _ask(message, files=()):
    global _control, _server
    if _control is None:
        _control, its = socket.socketpair()
        command = [sys.executable, "-c", _SERVER, str(its.fileno()), *IMPORTED]
        _server = subprocess.Popen(command, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL)
        atexit.register(_end)
        its.close()
    socket.send_fds(_control, [json.dumps(message).encode()], list(files))
    answer = _control.recv(1 << 10)
    if not answer:
        raise RuntimeError("the process that others are forked from has ended")
    return json.loads(answer)


def _end():
    _control.close()
    _server.wait()


class _Forked:
    """A process that runs ``code``; its streams are read as those of :class:`subprocess.Popen` are."""

    def __init__(self, code, *arguments, **environment):
        (out, its_out), (err, its_err) = os.pipe(), os.pipe()
        asked = {"code": code, "arguments": list(map(str, arguments)), "environment": {**os.environ, **environment}}
        self.pid, self.returncode = _ask(asked, [its_out, its_err]), None
        os.close(its_out)
        os.close(its_err)
        self.stdout, self.stderr = (os.fdopen(file, encoding="utf-8") for file in (out, err))

    def send_signal(self, number):
        os.kill(self.pid, number)

    def wait(self, timeout=60.0):
        """Its exit status, negative if a signal ended it."""
        deadline = time.monotonic() + timeout
        while self.returncode is None:
            self.returncode = _ask({"ended": self.pid})
            if self.returncode is None:
                if time.monotonic() > deadline:
                    self.send_signal(signal.SIGKILL)
                    raise TimeoutError(f"process {self.pid} has not ended within {timeout} s")
                time.sleep(0.005)
        return self.returncode

    def communicate(self, timeout=60.0):
        """What it still has to say, on both streams."""
        self.wait(timeout)  # tests say little: it fits into a pipe
        with self.stdout, self.stderr:
            return self.stdout.read(), self.stderr.read()


def start(code, *arguments, **environment):
    """A process that runs ``code``, with what stands in ``environment`` beside what is there already."""
    if sys.platform == "linux":
        return _Forked(code, *arguments, **environment)
    # Elsewhere what has been imported may have threads that a fork would lose.
    command, pipe = [sys.executable, "-c", code, *map(str, arguments)], subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, encoding="utf-8", env={**os.environ, **environment})
