"""The program as a whole: help, version, exit codes, and what is imported when."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

import nnc
from nnc.cli import app
from nnc.cli.console import print_table
from tests.cli.conftest import Run
from tests.test_activity import draw, make_terminal

ROOT = Path(__file__).parents[2]
COMMANDS = tuple(typer.main.get_group(app).commands)


def test_commands() -> None:
    assert {"compile", "render", "train", "evaluate", "predict", "opt", "experiment", "compare"} <= set(COMMANDS)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_has_an_example_and_every_word(run: Run, command: str) -> None:
    text = " ".join(run(*command.split(), "-h").stdout.split())
    assert " ".join(run(*command.split(), "--help").stdout.split()) == text
    example = text.partition("Example: ")[2]
    assert example.startswith(("nnc ", "python main.py "))
    assert command in example or command == "experiment"  # which needs no name
    group = typer.main.get_group(app)
    inner = group.commands[command] if command else group
    widths = (50, 60, 80, 120)
    *layouts, unbroken = (
        inner.get_help(inner.context_class(inner, info_name=command, terminal_width=width))
        for width in (*widths, 10_000)
    )
    for width, layout in zip(widths, layouts, strict=True):
        assert max(map(len, layout.splitlines())) <= width
        assert layout.split() == unbroken.split()
    items = [*group.commands.values(), *group.params] if not command else inner.params
    for item in items:
        help_text = (getattr(item, "help", None) or "").partition("\n\n")[0]  # of commands the first sentence
        assert help_text.replace(" ", "").replace("\n", "") in "".join(unbroken.split()), item.name


def test_nothing_asks_for_help(run: Run) -> None:
    assert run().stdout == run("--help").stdout


def test_flags_have_the_same_names_in_all_commands() -> None:
    names: dict[str, set[str]] = {}
    for name, command in typer.main.get_group(app).commands.items():
        for parameter in command.params:
            for option in parameter.opts if parameter.opts[0].startswith("-") else ():
                known = names.setdefault(option, {*parameter.opts})
                assert known == {*parameter.opts} or option == "--data", f"{name} {option}"


def test_version(run: Run) -> None:
    assert run("--version").stdout == run("version").stdout == f"nnc {nnc.__version__}\n"


def test_tables_keep_words_whole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    head, rows = ("Name", "Not trained", "FLOPs"), [("input (InputLayer)", "12", "1.69 k"), ("a " * 30, "1", "2")]
    for columns in (80, 40, 20):
        monkeypatch.setenv("COLUMNS", str(columns))
        print_table(head, rows)
        text = capsys.readouterr().out
        assert all(word in text for word in ("input", "(InputLayer)", "Not", "trained", "1.69 k"))
        assert text.split().count("a") == 30
        assert max(map(len, text.splitlines())) <= max(columns, 29)


@pytest.mark.parametrize(
    "arguments",
    [
        ["bogus"],
        ["compile"],
        ["compile", "base.yaml", "--batch", "0"],
        ["compile", "base.yaml", "--for", "nothing"],
        ["compile", "base.yaml", "--emit", "ir", "--json"],
        ["compile", "base.yaml", "--after", "cse"],
        ["train", "base.yaml"],
        ["train", "base.nnc", "--data", "points.npz", "--seed", "1"],
        ["train", "base.yaml", "--data", "points.npz", "--epochs", "few"],
        ["render", "base.yaml", "--format", "png"],
        ["render", "base.yaml", "--dot", "--mermaid"],
        ["render", "base.yaml", "--dot", "--level", "layers", "--for", "predict"],
        ["opt"],
        ["opt", "-", "--json"],
        ["--epochs", "0"],
        ["--bogus"],
    ],
)
def test_wrong_usage(run: Run, arguments: list[str]) -> None:
    result = run(*arguments, code=2)
    assert result.stdout == ""
    assert result.stderr.startswith("Usage: ")


def test_all_names_are_one_program(folder: Path) -> None:
    console_script = "import sys; sys.argv[0] = 'nnc'; from nnc.cli import main; main()"
    names = {
        "nnc": ["-c", console_script],
        "python main.py": [str(ROOT / "main.py")],
        "python -m nnc": ["-m", "nnc"],
    }
    for name, start in names.items():
        line = [sys.executable, *start, "compile"]
        found = subprocess.run(line, capture_output=True, text=True, cwd=folder, check=False)
        assert found.returncode == 2
        assert f"Usage: {name} compile" in found.stderr


def test_help_imports_nothing_heavy() -> None:
    heavy = ("numpy", "networkx", "yaml", "graphviz", "tensorflow", "h5py")
    code = (
        "import sys\nfrom nnc.cli import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit as stop:\n    assert not stop.code\n"
        f"found = [name for name in {heavy} if name in sys.modules]\nassert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_a_closed_pipe_is_no_error(folder: Path) -> None:
    line = f"{sys.executable} {ROOT / 'main.py'} compile base.yaml --emit ir | head -c 10"
    found = subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=folder, check=False)
    assert found.stdout == "graph trai"
    assert found.stderr == ""


def test_a_terminal_shows_what_a_command_does(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = make_terminal(monkeypatch)
    compile_model, train = nnc.compile, nnc.Program.fit
    seen = []

    def look() -> None:
        draw()
        seen.append(terminal.screen[-1])

    def looked_at(*arguments: Any, **options: Any) -> Any:
        look()
        return compile_model(*arguments, **options)

    monkeypatch.setattr(nnc, "compile", looked_at)
    monkeypatch.setattr(nnc.Program, "fit", lambda *given, **named: (look(), train(*given, **named))[1])
    with pytest.raises(SystemExit) as stop:
        app(["train", "base.yaml", "--data", "points.npz", "--epochs", "3"])
    assert not stop.value.code
    assert [text.partition(" … ")[0] for text in seen] == ["reading base.yaml", "train"]
    assert "Epoch 3/3  loss " in "\n".join(terminal.screen)
    assert "Epoch 2/3" not in "\n".join(terminal.screen)
