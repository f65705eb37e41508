"""Runs the notebooks of examples/ and keeps what their cells show: ``python -m documentation.notebooks``.

Cells are run by IPython, without Jupyter, in an empty folder and a process of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from documentation.blocks import ROOT

NOTEBOOKS = tuple(sorted((ROOT / "examples").glob("*.ipynb")))
_SHOWN = ("image/svg+xml", "text/html", "text/plain")
"""What is kept of a result: the first of these that it has."""


class NotebookError(Exception):
    """A cell of a notebook failed."""


def executed(path: Path) -> dict[str, Any]:
    """Return a notebook with what its cells show now.

    Raises:
        NotebookError: a cell failed; the message has it and its error.
    """
    with TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "documentation.notebooks", "--run", str(path)],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "IPYTHONDIR": folder, "NNC_BACKEND": "", "COLUMNS": "100"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise NotebookError(f"{path.name}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def run(path: Path) -> dict[str, Any]:
    """Run a notebook in this process and the current folder, and return it with what its cells show."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    notebook: dict[str, Any] = json.loads(path.read_text())
    session = InteractiveShell.instance(colors="nocolor")
    results: list[Any] = []
    session.display_trap.hook = results.append
    count = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        count += 1
        source = "".join(cell["source"])
        results.clear()
        with capture_output() as captured:
            result = session.run_cell(source, store_history=True)
        if not result.success:
            raise NotebookError(f"{source}\n{captured.stdout}{captured.stderr}")
        cell["execution_count"] = count
        shown = [session.display_formatter.format(item)[0] for item in results if item is not None]
        cell["outputs"] = [*_stream(captured.stdout), *(_data(data, count) for data in shown)]
    return notebook


def _stream(text: str) -> list[dict[str, Any]]:
    return [{"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)}] if text else []


def _data(shown: Mapping[str, str], count: int) -> dict[str, Any]:
    kind = next(kind for kind in _SHOWN if kind in shown)
    data = {kind: shown[kind].splitlines(keepends=True)}
    return {"output_type": "execute_result", "execution_count": count, "metadata": {}, "data": data}


def main(arguments: Sequence[str]) -> int:
    """Run one notebook and print it, or all of them and write them."""
    if arguments[:1] == ["--run"]:
        try:
            print(json.dumps(run(Path(arguments[1]))))
        except NotebookError as error:
            print(error, file=sys.stderr)
            return 1
        return 0
    for path in NOTEBOOKS:
        path.write_text(json.dumps(executed(path), ensure_ascii=False, indent=1) + "\n")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
