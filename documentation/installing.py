"""Stands for pip where a page installs a package of its own: makes it importable, with its entry points."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path


def install(project: Path, site: Path) -> None:
    """Let the modules beside a ``pyproject.toml`` be imported from a folder, as ``pip install`` does.

    Args:
        project: folder of the ``pyproject.toml``.
        site: folder on the search path of modules.
    """
    described = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    name, version = described["name"], described["version"]
    site.mkdir(exist_ok=True)
    for module in project.glob("*.py"):
        (site / module.name).write_text(module.read_text())
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(exist_ok=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    groups = described.get("entry-points", {})
    lines = [
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in found.items())
        for group, found in groups.items()
    ]
    (folder / "entry_points.txt").write_text("\n".join(lines))


def main() -> None:
    """Install what ``pip install FOLDER`` names into the first folder of the search path that is not the page's own."""
    command, *rest = sys.argv[1:]
    if command != "install" or len(rest) != 1 or not (Path(rest[0]) / "pyproject.toml").is_file():
        sys.exit(f"only 'pip install FOLDER' is run on pages, got {' '.join(sys.argv[1:])!r}")
    site = next(Path(entry) for entry in sys.path if Path(entry).name == "site")
    install(Path(rest[0]), site)
