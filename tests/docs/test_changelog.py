"""The changelog names what there is: its version, names of the toolkit, commands and their options."""

import pkgutil
import re
from pathlib import Path

from typer.main import get_command

import toolkit
from toolkit.cli._main import app

TEXT = (Path(__file__).parent.parent.parent / "CHANGELOG.md").read_text(encoding="utf-8")
# What it says of earlier states is not there any more.
NOW = TEXT.partition("### If you used the sources before")[0]
CODE = re.findall(r"`([^`]+)`", NOW)


def test_the_first_section_is_of_this_version():
    number = re.search(r"^## (\S+)", TEXT, re.MULTILINE)[1]
    assert number in (toolkit.__version__, "Unreleased")


def test_names_of_the_toolkit_are_there():
    dotted = {name for code in CODE for name in re.findall(r"\btoolkit(?:\.\w+)+", code)}
    assert len(dotted) > 20
    for name in dotted:
        pkgutil.resolve_name(name)
    classes = {code.partition("(")[0] for code in CODE if re.fullmatch(r"[A-Z][a-z]\w*[A-Z]\w*(\(.*\))?", code)}
    public = {name for topic in toolkit.__all__ for name in getattr(getattr(toolkit, topic), "__all__", ())}
    assert len(classes) > 8
    assert classes - public == set()


def test_commands_and_their_options_are_there():
    commands = get_command(app).commands
    assert {code.split()[1] for code in CODE if code.startswith("toolkit ")} <= set(commands)
    every = list(commands.values())
    for command in every:
        every += getattr(command, "commands", {}).values()
    options = {
        option
        for command in every
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    named = {option for code in CODE for option in re.findall(r"(?<!\S)--[a-z-]+", code)}
    assert len(named) > 10
    assert named - options == set()
