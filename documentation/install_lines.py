"""Runs what pages install, each line in an empty environment: ``python -m documentation.install_lines FOLDER``.

The folder has the wheel of nnc, which stands for the package index where a line names nnc, and for the clone where it
names the current folder. The packages of the extras for development are gigabytes, and left out: CI installs them by
other lines, and pip says where nnc has no such extra.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from documentation.blocks import ROOT, pages
from nnc.installation import DISTRIBUTION

_LINE = re.compile(r"pip install [^`\n&)|]+")
_CLONE = re.compile(r"^\.(?=\[|$)")
_EXTRAS = re.compile(r"\[([^\]]+)\]")
_FOR_DEVELOPMENT = {"bench", "dev", "docs", "test"}


def install_lines() -> dict[str, list[str]]:
    """Return what pages give pip, with the names of the pages; a page's own packages, ``./NAME``, are not among it."""
    found: dict[str, list[str]] = {}
    for page in pages():
        for line in _LINE.findall(page.read_text()):
            if " ./" not in line:
                found.setdefault(line.strip(), []).append(str(page.relative_to(ROOT)))
    return found


def wanted(line: str) -> list[str]:
    """Return the requirements of a line, with nnc's name where it names the clone.

    >>> wanted("pip install -e '.[test]'"), wanted("pip install scikit-learn pillow")
    (['nnc-keras[test]'], ['scikit-learn', 'pillow'])

    Raises:
        ValueError: it has an option that is not known here.
    """
    words = shlex.split(line, comments=True)[2:]
    unknown = [word for word in words if word.startswith("-") and word != "-e"]
    if unknown:
        raise ValueError(f"{line!r}: unknown option {unknown[0]}")
    return [_CLONE.sub(DISTRIBUTION, word) for word in words if word != "-e"]


def extras_of(requirements: Sequence[str]) -> set[str]:
    """Return the extras of nnc that requirements name.

    >>> sorted(extras_of(["nnc-keras[dev,docs]", "mkdocstrings[python]"]))
    ['dev', 'docs']
    """
    own = [word for word in requirements if word.startswith(f"{DISTRIBUTION}[")]
    return {extra.strip() for word in own for found in _EXTRAS.findall(word) for extra in found.split(",")}


def install(line: str, environment: Path, wheels: Path, *options: str) -> str:
    """Run a line with an environment's pip and return what pip says.

    Args:
        line: what a page shows.
        environment: folder of the virtual environment.
        wheels: the folder that has nnc's wheel.
        options: of pip, besides.

    Raises:
        RuntimeError: pip fails, or warns, as it does of an extra that nnc does not have.
    """
    command = [environment / "bin" / "python", "-m", "pip", "install", "--no-input", "--find-links", wheels]
    done = subprocess.run([*command, *options, *wanted(line)], capture_output=True, text=True, check=False)
    if done.returncode or "WARNING" in done.stderr:
        raise RuntimeError(f"{line}\n{done.stdout[-2000:]}{done.stderr}")
    return done.stdout


def main(arguments: Sequence[str]) -> int:
    """Run each line in an environment of its own; the exit code is 1 where one fails."""
    (wheels,) = (Path(argument).resolve() for argument in arguments)
    for line, names in install_lines().items():
        options = ["--no-deps"] if extras_of(wanted(line)) & _FOR_DEVELOPMENT else []
        with TemporaryDirectory() as folder:
            environment = Path(folder)
            venv.create(environment, with_pip=True)
            try:
                install(line, environment, wheels, "--quiet", "--disable-pip-version-check", *options)
                if not options and any(word.startswith(DISTRIBUTION) for word in wanted(line)):
                    subprocess.run([environment / "bin" / "nnc", "--version"], check=True, cwd=folder)
            except (RuntimeError, subprocess.CalledProcessError) as error:
                print(f"{', '.join(names)}: {error}", file=sys.stderr)
                return 1
        print(f"ok  {line}  ({', '.join(names)})", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
