"""Writes down every connection to another machine, and every look-up of a name, of a process and what it starts."""

import os
import sys

_LOG = os.environ.get("TOOLKIT_TEST_CONNECTIONS")
_AT_HOME = ("127.", "::1", "localhost", "0.0.0.0", "::")


def _watch(event, arguments):
    if event not in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"):
        return
    address = arguments[0] if event in ("socket.getaddrinfo", "socket.gethostbyname") else arguments[-1]
    host = address[0] if isinstance(address, tuple) else address
    if host is None or isinstance(host, bytes) or (isinstance(host, str) and host.startswith(("/", "\0"))):
        return  # a socket of this machine
    if isinstance(host, str) and host and not host.startswith(_AT_HOME):
        with open(_LOG, "a", encoding="utf-8") as file:
            file.write(f"{event} {host}\n")


if _LOG:
    sys.addaudithook(_watch)
