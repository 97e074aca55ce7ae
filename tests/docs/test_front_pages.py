"""A newcomer's four questions are answered on the front pages of README and docs: by a call, and a page that exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
QUESTIONS = {
    "a folder": ("audit my|audit and clean", r"toolkit audit --data my_pictures", "clean-a-folder"),
    "a detector": ("swap a detector", r'set_params\(detect__method="lof"\)', "which-detector"),
    "a collapse": ("collapsed", r"toolkit coverage real\.npz samples\.npz", "gan-collapse"),
    "digits": (
        "digits on demand",
        r"toolkit train cgan --dataset digits`, `toolkit sample \S+ --digits",
        "digits-on-demand",
    ),
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_a_question_has_its_row_its_call_and_its_page(page, question):
    words, call, guide = QUESTIONS[question]
    text = (ROOT / page).read_text(encoding="utf-8")
    assert re.search(call, text)
    (row, *_) = [
        line for line in text.splitlines() if line.startswith("|") and re.search(words, line) and guide in line
    ]
    for target in re.findall(r"\]\(([^)#]+)\)", row):
        assert (ROOT / target).is_file(), target
    for target in re.findall(r"\{doc\}`(?:[^`<]*<)?([^`>]+)>?`", row):
        source = target.replace("_generated/gallery/", "gallery/")
        assert any((ROOT / "docs" / f"{source}{suffix}").is_file() for suffix in (".md", ".py")), target
