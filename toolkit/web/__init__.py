"""A workbench in the browser: pages over the studies, one file each, opened by ``toolkit serve``.

It needs Gradio (``pip install 'toolkit[web]'``), which is imported when it is opened. A page has no logic of its own:
whatever it does is a public call of the toolkit, and long work runs in a process of its own.
"""

from toolkit.web._server import serve

__all__ = ["serve"]
