"""The files that a pattern or a folder stands for, in the order of the numbers in their names."""

from __future__ import annotations

import glob
from pathlib import Path

from nnc.errors import DataError


def is_several(source: str | Path) -> bool:
    """Whether what is named as input is a folder or a pattern, and so stands for several files."""
    return Path(source).is_dir() or (glob.has_magic(str(source)) and not Path(source).is_file())


def files_of(source: str | Path) -> tuple[Path, list[Path]]:
    """Return the first folder of a pattern that is written out, and the files that it stands for.

    Numbers in names count as numbers: ``part-10`` follows ``part-9``.

    Args:
        source: a pattern such as ``parts/*.parquet`` or ``parts/**/*.csv``, a folder, or one file.

    Raises:
        DataError: there is no such file.
    """
    pattern, root = str(source), Path(source)
    if root.is_dir():
        found = [path for path in root.iterdir() if path.is_file() and not path.name.startswith((".", "_"))]
    elif root.is_file():
        found, root = [root], root.parent
    else:
        names = Path(pattern).parts
        fixed = next((index for index, name in enumerate(names) if glob.has_magic(name)), len(names))
        root = Path(*names[:fixed])
        found = [Path(path) for path in glob.glob(pattern, recursive=True) if Path(path).is_file()]
    if not found:
        raise DataError(f"{pattern}: expected files of rows, found none")
    return root, sorted(found, key=_order)


def _order(path: Path) -> list[tuple[int, int, str]]:
    """Return what to sort paths by: texts as texts, and numbers in them as numbers."""
    found = []
    text = str(path)
    start = 0
    while start < len(text):
        end = start + 1
        while end < len(text) and text[end].isdecimal() == text[start].isdecimal():
            end += 1
        word = text[start:end]
        found.append((0, int(word), word) if word.isdecimal() else (1, 0, word))
        start = end
    return found
