"""What MkDocs does beyond its settings: pages from outside docs/, links between them, and pages made when it builds."""

from __future__ import annotations

import logging
import posixpath
import re
import sys
from pathlib import Path, PurePosixPath
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))  # MkDocs knows this file alone

from documentation import reference
from documentation.assets import fetched_from_elsewhere
from documentation.blocks import DOCS, ROOT
from documentation.changes import page_changes

OUTSIDE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "examples/README.md": "examples.md",
    "examples/keras/README.md": "keras-scripts.md",
    "examples/serving/kserve.md": "serving/kserve.md",
    "examples/serving/ray_serve.md": "serving/ray_serve.md",
}
"""Pages that are not in docs/, and their names on the site."""
GENERATED = "how-it-compiles.md"
"""The page that is made anew when the site is built."""
_LINK = re.compile(r"(?<=\]\()(?P<link>[^)#:\s]+)(?=[)#])|(?<= src=\")(?P<source>[^\":]+)(?=\")")
_LOG = logging.getLogger("mkdocs.hooks.nnc")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages from outside docs/, and files that pages link to."""
    from mkdocs.structure.files import File

    for source, target in OUTSIDE.items():
        files.append(File.generated(config, target, content=(ROOT / source).read_text()))
    for path in sorted((ROOT / "examples").rglob("*")):
        if path.suffix in (".ipynb", ".py", ".yaml"):
            files.append(File.generated(config, str(path.relative_to(ROOT)), content=path.read_text()))
    files.append(File.generated(config, "CITATION.cff", content=(ROOT / "CITATION.cff").read_text()))
    return files


def on_config(config: Any) -> Any:
    """Complete the navigation: guides and decisions follow those that it names, modules have a page each."""
    sections = {title: entry for item in config.nav if isinstance(item, dict) for title, entry in item.items()}
    for title in ("Guides", "Decisions"):
        pages = {str(path.relative_to(DOCS)) for path in (DOCS / title.lower()).glob("*.md")}
        sections[title] += sorted(pages - set(sections[title]))
    sections["Reference"] += [f"reference/{name}.md" for name in reference.MODULES]
    return config


def on_post_build(config: Any) -> None:
    """Check that whoever reads the site fetches nothing from elsewhere.

    Raises:
        PluginError: a page, a style or a script does.
    """
    from mkdocs.exceptions import PluginError

    found = fetched_from_elsewhere(Path(config.site_dir))
    if found:
        raise PluginError("the site fetches from other hosts:\n" + "\n".join(found))


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Return a page as the site shows it."""
    del config, files
    name = page.file.src_uri
    if name == GENERATED:
        markdown = _made_anew(markdown)
    if name.startswith("reference/"):
        markdown = reference.described(markdown)
    return linked(markdown, name)


def linked(markdown: str, name: str) -> str:
    """Return a page with links to where the site has what they name.

    Args:
        markdown: the page's text.
        name: its name on the site.
    """
    source = next(
        (PurePosixPath(path) for path, target in OUTSIDE.items() if target == name), PurePosixPath("docs", name)
    )

    def moved(match: re.Match[str]) -> str:
        link = match[0]
        path = posixpath.normpath(str(source.parent / link))
        if not (ROOT / path).exists():
            return link  # MkDocs says so
        place = OUTSIDE.get(path) or (path.removeprefix("docs/") if path.startswith(("docs/", "examples/")) else path)
        return posixpath.relpath(place, str(PurePosixPath(name).parent))

    return _LINK.sub(moved, markdown)


def _made_anew(markdown: str) -> str:
    """Return the generated page with what its blocks print today."""
    page = DOCS / GENERATED
    changed = page_changes(page)
    for path in changed:
        _LOG.warning("%s is not what the code gives; run python -m documentation", path.relative_to(ROOT))
    return changed[page].decode() if page in changed else markdown
