"""The pages of the YAML format and of the command line have every key and every flag, with examples that work."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from typer.main import get_command

from documentation.blocks import Role, blocks_of
from documentation.command_line import command_line_page
from documentation.reference import FOLDER
from frontends import keys
from frontends.yaml_file import read_text
from nnc.cli.app import app
from nnc.errors import ModelFileError
from nnc.tables.declaration import ARGUMENTS

YAML = (FOLDER / "yaml.md").read_text()
COMMANDS = (FOLDER / "command-line.md").read_text()
GROUP: Any = get_command(app)
KEYS = {
    "The file": (keys.MODEL_KEYS, "{{{key}: 3}}"),
    "A column": (keys.COLUMN_KEYS, "columns: {{a: {{{key}: {{}}}}}}\ninput: [2]\nlayers: [Flatten]"),
    "An input": (keys.INPUT_KEYS, "input: {{a: {{{key}: 3}}}}\nlayers: [Flatten]"),
    "A layer": (keys.LAYER_KEYS, "input: [2]\nlayers: [{{Flatten: {{{key}: 3}}}}]"),
    "A training": (keys.COMPILE_KEYS, "input: [2]\nlayers: [Flatten]\ncompile: {{{key}: 3}}"),
}
FILES = {block.note: block.text for block in blocks_of(YAML) if block.role is Role.file}


@pytest.mark.parametrize("section", KEYS)
def test_every_key_has_its_example(section: str) -> None:
    text = YAML.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    parts = dict(re.findall(r"^### `(\w+)`\n(.*?)(?=^### |\Z)", text, re.DOTALL | re.MULTILINE))
    known, _ = KEYS[section]
    assert list(parts) == list(known)
    for key, part in parts.items():
        (block,) = blocks_of(part)
        assert re.search(rf"\b{key}\b", block.text), key
        assert re.match(r"\n+[A-Z].{20,}", part), key


@pytest.mark.parametrize("section", KEYS)
def test_the_reader_takes_these_keys_and_no_others(section: str) -> None:
    """What is wrong with a known key is its value."""
    known, form = KEYS[section]
    for key in [*known, "unheard_of"]:
        said = ""
        try:
            read_text(form.format(key=key), "model.yaml")
        except ModelFileError as error:
            said = str(error)
        complaint = re.search(r"(unknown key|has no argument|is of kind) '(\w+)'", said)
        assert (complaint and complaint[2]) == (None if key in known else "unheard_of"), key


@pytest.mark.parametrize("name", FILES)
def test_files_on_the_page_are_read(name: str) -> None:
    model = read_text(FILES[name], name, input_shape=(2,))  # as a table says it
    assert model.layers
    assert model.outputs


def test_every_argument_of_a_column_is_explained() -> None:
    assert list(keys.COLUMN_KEYS) == list(ARGUMENTS)
    for kind, arguments in ARGUMENTS.items():
        assert all(f"`{argument}`" in keys.COLUMN_KEYS[kind].meaning for argument in arguments)


def test_batch_shape_is_that_of_the_only_input() -> None:
    """It was taken for the name of an input."""
    for key in ("batch_shape", "batch_input_shape"):
        model = read_text(f"input: {{{key}: [null, 4], name: row}}\nlayers:\n  - Dense: 1", "model.yaml")
        assert [item.shape for item in model.inputs] == [(None, 4)]


def test_objects_are_a_class_with_its_arguments() -> None:
    layer = "{units: 1, kernel_regularizer: {L2: {l2: 0.1}}, kernel_constraint: {MaxNorm: {max_value: 3}}}"
    config = read_text(f"input: [2]\nlayers:\n  - Dense: {layer}", "model.yaml").layers[-1].get_config()
    assert config["kernel_regularizer"]["config"] == {"l2": 0.1}
    assert config["kernel_constraint"]["config"]["max_value"] == 3


@pytest.mark.parametrize("name", GROUP.commands)
def test_every_flag_is_on_the_page(name: str) -> None:
    command = GROUP.commands[name]
    section = COMMANDS.partition(f"\n## nnc {name}\n")[2].partition("\n## ")[0]
    shown = set(re.findall(r"(?<=`)--?[\w-]+", section.partition("| option |")[2].rpartition("\n\n")[0]))
    flags = {flag for item in command.params if item.param_type_name == "option" for flag in item.opts}
    assert flags <= shown
    assert shown <= flags | {flag for item in command.params for flag in item.secondary_opts}
    for item in command.params:
        assert item.param_type_name == "option" or f"| `{item.metavar or item.name.upper()}` |" in section


def test_no_cell_is_empty_and_no_markup_is_left() -> None:
    for line in COMMANDS.splitlines():
        if line.startswith("| ") and line not in ("| option | |", "| argument | |"):
            cells = re.split(r"(?<!\\)\|", line.strip("|"))
            assert len(cells) == 2, line
            assert all(cell.strip() for cell in cells), line
    assert "pip install 'nnc-keras[plot]'" in COMMANDS
    assert r"\[" not in COMMANDS


def test_examples_of_commands_are_whole() -> None:
    examples = re.findall(r"^Examples?: `([^`]+)`$", COMMANDS, re.MULTILINE)
    assert len(examples) >= len(GROUP.commands) - 1
    for example in examples:
        words = shlex.split(example)
        assert words[0] in ("nnc", "python")


def test_choices_and_defaults_are_shown() -> None:
    section = command_line_page("").partition("\n## nnc train\n")[2].partition("\n## ")[0]
    assert re.search(r"\| `--epochs N`.* \| .* By default `\d+`\. \|", section)
    assert re.search(r"\| `--backend auto\\\|numpy\\\|c`", section)
