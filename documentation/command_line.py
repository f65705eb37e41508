"""The page of the command line: every command with its arguments and options, as the program itself declares them."""

from __future__ import annotations

import inspect
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

_HEAD = """\
# Command line

{generated} `nnc`, `python -m nnc` and
`python main.py` are the same program, and `nnc COMMAND {help}` shows the same as this page.

Options without a command are those of [`nnc {default}`](#nnc-{default}). The exit code is 0 on success,
1 after an error, 2 if the command line itself is wrong, and 130 after Ctrl-C.
"""


def command_line_page(generated: str) -> str:
    """Return the text of the page.

    Args:
        generated: how the page says that it is not written by hand.
    """
    from typer.main import get_command

    from nnc.cli.app import DEFAULT_COMMAND, app

    group: Any = get_command(app)
    names = group.context_settings.get("help_option_names", ["--help"])
    sections = [_section(name, command) for name, command in group.commands.items() if not command.hidden]
    overview = [
        f"| [`nnc {name}`](#nnc-{name}) | {_summary(command)} |"
        for name, command in group.commands.items()
        if not command.hidden
    ]
    own = _table("option", [_option(parameter, None) for parameter in group.params])
    head = _HEAD.format(generated=generated, default=DEFAULT_COMMAND, help=names[-1])
    table = "\n".join(["| command | what it does |", "|---|---|", *overview])
    return "\n".join([head, table, "", "Options of the program itself:", "", own, "", *sections]).rstrip() + "\n"


def _section(name: str, command: Any) -> str:
    """Return what the page says about a command."""
    hints = get_type_hints(inspect.unwrap(command.callback), include_extras=False)
    arguments = [item for item in command.params if item.param_type_name == "argument" and not item.hidden]
    given = [item for item in command.params if item.param_type_name == "option" and not item.hidden]
    usage = " ".join(["nnc", name, *map(_usage, arguments), *(["[OPTIONS]"] if given else [])])
    parts = [f"## nnc {name}", f"`{usage}`", _paragraphs(command.help or "")]
    if arguments:
        parts.append(_table("argument", [_argument(item) for item in arguments]))
    if given:
        parts.append(_table("option", [_option(item, hints.get(item.name)) for item in given]))
    if command.epilog:
        parts.append(_example(command.epilog))
    return "\n\n".join(parts) + "\n"


def _usage(argument: Any) -> str:
    name = f"{argument.metavar or argument.name.upper()}{'…' if argument.nargs == -1 else ''}"
    return name if argument.required else f"[{name}]"


def _summary(command: Any) -> str:
    return _cell((command.help or "").split("\n\n")[0])


def _paragraphs(text: str) -> str:
    return "\n\n".join(_markdown(paragraph) for paragraph in inspect.cleandoc(text).split("\n\n"))


def _example(epilog: str) -> str:
    """Return the example that ends a command's help, its command as code."""
    before, colon, command = _plain(epilog).partition(": ")
    return f"{before}{colon}`{command}`" if colon else before


def _argument(argument: Any) -> tuple[str, str]:
    return f"`{argument.metavar or argument.name.upper()}`", _cell(argument.help or "")


def _option(option: Any, annotation: Any) -> tuple[str, str]:
    """Return the cells of an option: its flags with what they take, and its help with choices and default."""
    choices = _choices(annotation)
    takes = "" if option.is_flag else option.metavar or ("|".join(choices) if choices else option.name.upper())
    flags = ", ".join(f"`{flag}{f' {takes}' if takes else ''}`" for flag in [*option.opts, *option.secondary_opts])
    text = _cell(option.help or "")
    if choices and option.metavar:
        text += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
    shown = _default(option)
    return flags.replace("|", "\\|"), f"{text} By default {shown}." if shown else text


def _choices(annotation: Any) -> list[str]:
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, Enum):
            return [str(member.value) for member in kind]
    return []


def _default(option: Any) -> str:
    """Return the default where the help shows it, as code."""
    value = option.default
    if not option.show_default or value is None or callable(value) or (option.is_flag and not value):
        return ""
    if option.is_flag:
        return f"`{option.opts[0]}`"
    if isinstance(option.show_default, str):
        return option.show_default
    value = value.value if isinstance(value, Enum) else value
    value = str(value) if isinstance(value, Path) else value
    value = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
    return f"`{value}`" if value != "" else ""


def _plain(text: str) -> str:
    """Return a help text on one line."""
    return " ".join(text.split())


def _markdown(text: str) -> str:
    plain = _plain(text)
    for sign in ("\\", "*", "_", "<"):
        plain = plain.replace(sign, f"\\{sign}")
    return plain


def _cell(text: str) -> str:
    return _markdown(text).replace("|", "\\|")


def _table(head: str, rows: list[tuple[str, str]]) -> str:
    return "\n".join([f"| {head} | |", "|---|---|", *(f"| {' | '.join(row)} |" for row in rows)])
