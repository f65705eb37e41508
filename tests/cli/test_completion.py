"""What shells complete, by the protocol in which they ask the program, and by scripts that ask it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nnc.cli.app import PROGRAM, app
from nnc.cli.completion import files
from tests.cli.conftest import Run


@pytest.fixture
def complete(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function that completes the last word of a line as a shell would, in the working folder."""

    def call(line: str, shell: str = "bash") -> list[str]:
        words = line.split(" ")
        asked = {
            "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)},
            "zsh": {"_TYPER_COMPLETE_ARGS": line},
            "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
        }
        for name, value in ({"_NNC_COMPLETE": f"complete_{shell}"} | asked[shell]).items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as stop:
            app([], prog_name=PROGRAM)
        assert not stop.value.code
        return capsys.readouterr().out.splitlines()

    return call


def test_first_words_are_commands(complete):
    assert complete("nnc c") == ["compile", "cache", "compare"]
    assert {"run", "train", "experiment"} <= set(complete("nnc "))
    assert not any(word.startswith("-") for word in complete("nnc "))


def test_options_without_a_command_are_those_of_the_experiment(complete):
    assert complete("nnc --mo") == ["--mode"]
    found = complete("nnc --")
    assert {"--version", "--install-completion", "--optimizer", "--seed"} <= set(found)
    assert len(set(found)) == len(found)
    assert complete("nnc --mode ") == ["np", "tf"]
    assert complete("nnc --mode np --optimizer Adam") == ["Adam", "AdamW", "Adamax"]
    assert complete("nnc --mode np --lr 0.1 --rep") == ["--repeat"]
    assert complete("nnc --loss binary_") == ["binary_crossentropy", "binary_focal_crossentropy"]


VALUES = [
    ("nnc compile --em", ["--emit"]),
    ("nnc compile base.yaml --emit ", ["ir", "plan", "python", "c"]),
    ("nnc compile --emit=p", ["plan", "python"]),
    ("nnc run --backend ", ["auto", "numpy", "c"]),
    ("nnc compile --after fold-", ["fold-batch-norm", "fold-constants", "fold-sign"]),
    ("nnc compile --after d", ["dce", "decompose", "differentiate"]),
    ("nnc opt --passes cse,fus", ["cse,fuse"]),
    ("nnc train base.yaml --data ", ["points.csv", "points.npz"]),
    ("nnc predict base.yaml --input p", ["points.csv", "points.npz"]),
    ("nnc predict base.yaml --input x", ["x.npy"]),
    ("nnc export base.yaml --to ", ["c", "python"]),
    ("nnc train base.yaml --repli", ["--replicas"]),
    ("nnc evaluate base.nnc --replic", ["--replica"]),
]


@pytest.mark.parametrize(("line", "expected"), VALUES, ids=[line for line, _ in VALUES])
def test_values(complete, line, expected):
    assert complete(line) == expected
    assert [word.partition("\t")[0] for word in complete(line, "fish")] == expected


def test_every_stage_of_a_model_is_completed(complete):
    import nnc

    model = nnc.models.load_model("base.yaml")
    stages: set[str] = set()
    program = nnc.compile(model, observe=lambda item, graph, record: stages.add(item.name))
    program.graph("predict")
    program.graph("train")
    assert stages <= set(complete("nnc compile --after "))


def test_model_files_of_every_kind(complete, folder):
    for name in ("a.keras", "b.h5", "c.nnc", "d.JSON", "notes.txt", ".hidden.yaml"):
        (folder / name).touch()
    assert complete("nnc render ") == ["a.keras", "b.h5", "base.yaml", "c.nnc", "d.JSON"]
    assert complete("nnc render ./ba") == ["./base.yaml"]
    assert complete("nnc render .hi") == [".hidden.yaml"]
    assert not any(complete("nnc render nowhere/"))


def test_folders_lead_on(folder, monkeypatch):
    (folder / "models" / "old").mkdir(parents=True)
    (folder / "models" / "net.yaml").touch()
    (folder / "models" / "old" / "net.h5").touch()
    (folder / "empty").mkdir()
    complete = files(".yaml", ".h5")
    assert complete("mod") == ["models/net.yaml", "models/old/"]
    assert complete("models/o") == ["models/old/net.h5"]
    assert complete("em") == ["empty/"]
    monkeypatch.setenv("HOME", str(folder))
    assert complete("~/models/n") == ["~/models/net.yaml"]


def test_zsh_gets_helps_as_well(complete):
    assert complete("nnc compile --emit ", "zsh") == ['_arguments \'*: :(("ir"', '"plan"', '"python"', '"c"))\'']
    assert complete("nnc tr", "zsh") == ['_arguments \'*: :(("train":"Train a model file from the start, or..."))\'']
    assert complete("nnc compile -o o", "zsh") == ["_files"]


# ------------------------------------------------------------------ installed


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Return a folder with a program `nnc` in it, as an installation makes one."""
    path = tmp_path / "bin" / PROGRAM
    path.parent.mkdir()
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -c "from nnc.cli import main; main()" "$@"\n')
    path.chmod(0o755)
    return path.parent


def shell(program: Path, *command: str, **more: str) -> str:
    environment = {
        **os.environ,
        "HOME": str(program.parent),
        "PATH": f"{program}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        **more,
    }
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_completes_with_the_installed_script(program):
    shell(program, "bash", "-c", "nnc --install-completion; true")  # the shell is the one that runs it
    assert (program.parent / ".bashrc").read_text().strip() == f"source '{program.parent}/.bash_completions/nnc.sh'"
    lines = (
        "source ~/.bashrc",
        "COMP_WORDS=(nnc compile --emit p)",
        "COMP_CWORD=3",
        "_nnc_completion nnc",
        'printf "%s\\n" "${COMPREPLY[@]}"',
    )
    assert shell(program, "bash", "--norc", "-c", "; ".join(lines)).split() == ["plan", "python"]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "path"), [("zsh", ".zfunc/_nnc"), ("fish", ".config/fish/completions/nnc.fish")])
def test_scripts_of_other_shells_are_installed_where_these_look(program, kind, path):
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    assert f"{kind} completion installed in" in shell(program, "nnc", "--install-completion", kind, **named)
    installed = (program.parent / path).read_text().strip()
    assert installed == shell(program, "nnc", "--show-completion", kind, **named).strip()
    assert f"_NNC_COMPLETE=complete_{kind}" in installed


@pytest.mark.skipif(shutil.which("fish") is None, reason="there is no fish here")
def test_fish_completes(program):
    script = shell(program, "nnc", _NNC_COMPLETE="source_fish")
    found = shell(program, "fish", "--no-config", "-c", f"{script}\ncomplete -C 'nnc compile --emit p'")
    assert found.split() == ["plan", "python"]


def test_completion_is_for_the_installed_program(capsys):
    for option in ("--install-completion", "--show-completion"):
        with pytest.raises(SystemExit) as stop:
            app([option], prog_name="python main.py")
        assert stop.value.code == 2
        assert f"run 'nnc {option}'" in " ".join(capsys.readouterr().err.split())


def test_options_are_listed(run: Run):
    assert "--install-completion" in run("--help").stdout
