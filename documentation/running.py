"""Runs the blocks of a page one after the other in a folder, in a process of its own, as a reader would."""

from __future__ import annotations

import io
import json
import os
import shlex
import shutil
import subprocess
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib import invalidate_caches
from pathlib import Path
from types import ModuleType

from documentation.blocks import ROOT, Block, Role, blocks_of

_SHELL = frozenset("|<>&;$`(){}*~")
"""Signs that need a shell."""
_PROGRAMS = {
    "nnc": "from nnc.cli import main; main()",
    "pip": "from documentation.installing import main; main()",
}
"""Programs that pages call, as Python: those of this checkout, whatever is installed."""


class PageError(Exception):
    """A block of a page failed."""


def run_page(path: Path, folder: Path, cache: Path | None = None) -> list[str]:
    """Return what each block of a page prints, in the order of the page; nothing for blocks that are not run.

    Args:
        path: the page.
        folder: an empty folder to run in; it gets a copy of the examples.
        cache: folder of compiled code.

    Raises:
        PageError: a block ended with an error; the message has its line and what was said.
    """
    work = folder / "work"
    work.mkdir()
    shutil.copytree(ROOT / "examples", work / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "main.py", work)
    report = folder / "printed.json"
    search = os.pathsep.join([str(folder / "site"), str(ROOT)])
    environment = os.environ | {
        "PATH": os.pathsep.join([_programs(folder / "bin"), os.environ.get("PATH", "")]),
        "PYTHONPATH": search,
        "NNC_CACHE_DIR": str(cache or folder / "cache"),
        "NNC_BACKEND": "",
        "COLUMNS": "100",
        "OMPI_ALLOW_RUN_AS_ROOT": "1",  # about which Open MPI asks who runs pages in a container
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_btl": "self,sm",  # without a look at networks, which it says something about where there is none
    }
    environment.pop("NNC_C_LEVEL", None)
    done = subprocess.run(
        [sys.executable, "-m", "documentation.running", str(path), str(report)],
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PageError(done.stderr)
    printed: list[str] = json.loads(report.read_text())
    return printed


def _programs(folder: Path) -> str:
    """Write the programs that blocks of the language sh call, and return their folder."""
    folder.mkdir()
    python = shlex.quote(sys.executable)
    texts = {"python": f'exec {python} "$@"\n'}
    texts |= {name: f'exec {python} -c {shlex.quote(code)} "$@"\n' for name, code in _PROGRAMS.items()}
    for name, text in texts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}")
        (folder / name).chmod(0o755)
    return str(folder)


def run_blocks(blocks: Sequence[Block], name: str) -> list[str]:
    """Run the blocks of a page in the current folder and process, and return what they print.

    Raises:
        PageError: a block ended with an error.
    """
    module = ModuleType("page")
    sys.modules["page"] = module
    printed = []
    for block in blocks:
        buffer = io.StringIO()
        if block.role is Role.file:
            target = Path(block.note)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text)
        elif block.role is Role.run or (block.role is Role.output and block.note):
            try:
                with redirect_stdout(buffer), redirect_stderr(buffer):
                    if block.role is Role.run and block.language == "python":
                        code = "\n" * (block.line - 1) + block.text  # so that errors name the line of the page
                        exec(compile(code, name, "exec"), module.__dict__)
                    else:
                        _run_shell(block.text if block.role is Role.run else block.note)
            except BaseException:
                said = f"{buffer.getvalue()}{traceback.format_exc(limit=-4)}"
                raise PageError(f"the block in line {block.line} failed:\n{said}") from None
        invalidate_caches()  # a module that was written just now can be imported
        printed.append(buffer.getvalue())
    return printed


def _run_shell(text: str) -> None:
    commands = [shlex.split(line, comments=True) for line in text.replace("\\\n", " ").splitlines()]
    if all(command[:1] in ([], ["nnc"]) for command in commands) and not _SHELL & set(text):
        for command in filter(None, commands):
            _run_nnc(command[1:])
        return
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    print(done.stdout, end="")
    if done.returncode:
        raise PageError(f"exit code {done.returncode}")


def _run_nnc(arguments: Sequence[str]) -> None:
    """Run a command of nnc here, which spares a second's start each time."""
    from nnc.cli.app import app

    try:
        app(list(arguments), prog_name="nnc")
    except SystemExit as end:
        if end.code:
            raise PageError(f"nnc {shlex.join(arguments)}: exit code {end.code}") from None


def main(arguments: Sequence[str]) -> int:
    """Run the page that the first argument names, and write what it printed to the second."""
    path, report = map(Path, arguments)
    try:
        printed = run_blocks(blocks_of(path.read_text()), path.name)
    except PageError as error:
        print(error, file=sys.stderr)
        return 1
    report.write_text(json.dumps(printed))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
