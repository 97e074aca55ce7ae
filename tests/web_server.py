"""A workbench in a process of its own, for tests: started once it has said its address, ended as by Ctrl-C."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import toolkit

HERE = Path(__file__).parent / "web"


@dataclass
class Served:
    """A server in a process of its own."""

    process: subprocess.Popen
    root: Path
    port: int
    token: str
    connections: Path
    temporary: Path
    seconds: float

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def entry(self):
        return f"{self.address}/?token={self.token}"


def start_server(root, temporary, *options):
    """``toolkit serve``, once it has said its address."""
    connections = temporary / "connections.txt"
    own = temporary / "tmp"
    own.mkdir(exist_ok=True)
    paths = [str(HERE / "guard"), str(Path(toolkit.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "TOOLKIT_TEST_CONNECTIONS": str(connections),
        "TMPDIR": str(own),
    }
    environment.pop("TOOLKIT_DATA", None)  # embedded data alone
    begun = time.monotonic()
    log = open(temporary / "log.txt", "w")  # noqa: SIM115
    process = subprocess.Popen(
        [sys.executable, "-m", "toolkit", "serve", "--root", str(root), "--port", "0", *options],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        start_new_session=True,
    )
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            break
    found = re.search(r"http://127\.0\.0\.1:(\d+)/\S*\?token=(\S+)", said)
    assert found, said + (temporary / "log.txt").read_text()
    seconds = time.monotonic() - begun
    return Served(process, root, int(found[1]), found[2], connections, own, seconds)


def end_server(served):
    """As Ctrl-C ends it."""
    if served.process.poll() is None:
        served.process.send_signal(signal.SIGINT)
        try:
            served.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(served.process.pid, signal.SIGKILL)
            served.process.wait()
            raise
