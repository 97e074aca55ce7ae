"""All pages, a tab each."""

from pathlib import Path
from typing import Any

from toolkit.web._arithmetic_page import ArithmeticPage
from toolkit.web._audit_page import AuditPage
from toolkit.web._coverage_page import CoveragePage
from toolkit.web._generate_page import GeneratePage
from toolkit.web._train_page import TrainPage
from toolkit.web._visits import Visits

__all__ = ["build_pages"]

_PAGES = {
    "Audit": AuditPage,
    "Train and watch": TrainPage,
    "Generate": GeneratePage,
    "Coverage": CoveragePage,
    "Arithmetic": ArithmeticPage,
}


def build_pages(gr: Any, root: Path, visits: Visits) -> Any:
    """The workbench.

    Parameters
    ----------
    gr : module
        Gradio.
    root : Path
    visits : Visits

    Returns
    -------
    gradio.Blocks
    """
    with gr.Blocks(title="toolkit", analytics_enabled=False) as demo:
        gr.HTML("<h1>toolkit</h1><p>What is wrong with these images, which ones, and can it be undone?</p>")
        with gr.Tabs():
            for name, page in _PAGES.items():
                with gr.Tab(name, id=name.split()[0].lower()):
                    page(gr, root, visits)
        # With this a tab keeps a connection for as long as it is open: how the guard knows that it was closed.
        demo.unload(_nothing)
    return demo.queue(api_open=False, default_concurrency_limit=8, max_size=200)


def _nothing():
    """What ends with a tab is ended by the guard."""
