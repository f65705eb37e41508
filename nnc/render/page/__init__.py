"""One page about a model, in one file: layers, ops, steps, source and memory, to be opened in a browser."""

from __future__ import annotations

from nnc.render.page.assemble import assemble
from nnc.render.page.document import document
from nnc.render.page.model_stages import Compiled, Definition, Model, Stage, Subject


def page(subject: Subject, version: str) -> str:
    """Return the text of a page, HTML that needs nothing else; equal subjects give equal texts.

    Args:
        subject: what it shows.
        version: of nnc, which the page names.

    Raises:
        NncError: Graphviz is not installed, or cannot lay out the graphs.
    """
    return assemble(subject.title, version, document(subject))


__all__ = ["Compiled", "Definition", "Model", "Stage", "Subject", "page"]
