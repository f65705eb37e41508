"""What pages should be and are not: their shown outputs, the pictures they draw, and the lists of the reference."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from documentation import reference
from documentation.blocks import blocks_of
from documentation.outputs import refreshed
from documentation.pictures import is_current, pictures_of
from documentation.running import run_page


def page_changes(path: Path) -> dict[Path, bytes]:
    """Run a page, and return what it and its pictures should be, where they are something else."""
    text = path.read_text()
    with TemporaryDirectory() as folder:
        printed = run_page(path, Path(folder))
        drawings = pictures_of(path, Path(folder) / "work")
        changed = {shown: drawn.read_bytes() for drawn, shown in drawings if not is_current(drawn, shown)}
    found = refreshed(text, blocks_of(text), printed)
    return changed if found == text else changed | {path: found.encode()}


def reference_changes() -> dict[Path, bytes]:
    """Return the pages of the reference that should be something else."""
    texts = {reference.FOLDER / name: text for name, text in reference.pages().items()}
    return {path: text.encode() for path, text in texts.items() if not path.exists() or path.read_text() != text}
