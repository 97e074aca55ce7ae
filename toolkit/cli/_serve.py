"""``toolkit serve``: the workbench in a browser."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["serve"]


def serve(
    root: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Read and write below this folder only.", show_default="here")
    ] = Path("."),
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Port.  [default: the first that is free from 8765 on]", show_default=False
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="TOOLKIT_TOKEN",
            help="What a browser has to bring, of 16 characters at least.  [default: a new one]",
            show_default=False,
        ),
    ] = None,
    root_path: Annotated[
        str, typer.Option(metavar="PATH", help="Where a proxy shows it, such as /user/ada/proxy/8765.")
    ] = "",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A further name that a proxy asks by; may be repeated.", show_default=False),
    ] = None,
    max_upload: Annotated[int, typer.Option(metavar="MB", min=1, help="Largest upload.")] = 256,
):
    """Open the workbench: audit, watch a training, generate, hold samples against data, calculate, in a browser.

    Prints the address, with a token that it does not open without. Ctrl-C ends it, and what it was at work on.
    Needs pip install 'toolkit[web]'.
    """
    from toolkit.web import serve as open_workbench

    open_workbench(
        root,
        host=host,
        port=port,
        token=token,
        root_path=root_path,
        allow_hosts=tuple(allow_host or ()),
        max_upload=max_upload * 2**20,
        say=lambda text: print(text, flush=True),
    )
