"""Reads the columns of a table as a model file in the short form declares them.

    columns:
      age: {number: {missing: median}}
      city: {category: {unknown: category}}
      id: ignore
      bought: label

A column is a kind with its arguments, or a kind alone; see `nnc.tables.Declared`. Of columns that are not named, the
rows say what they mean.
"""

from __future__ import annotations

from frontends.nodes import Mapping, ValueNode, describe
from frontends.problems import Problems
from nnc.errors import ModelError
from nnc.tables import Declared, read_declaration


def declared_columns(root: ValueNode, problems: Problems) -> dict[str, Declared]:
    """Return what a definition says of columns, by name; what is wrong is noted.

    Args:
        root: the definition.
        problems: where problems are noted.
    """
    node = root.entries.get("columns") if isinstance(root, Mapping) else None
    if node is None or not isinstance(root, Mapping):
        return {}
    if not isinstance(node, Mapping):
        if not node.is_refused:
            line = root.line_of("columns")
            problems.add(
                f"columns must be a kind by name, for example columns: {{age: number}}, got {describe(node)}", line
            )
        return {}
    found: dict[str, Declared] = {}
    for name, entry in node.entries.items():
        if entry.is_refused:
            continue
        try:
            found[name] = read_declaration(name, entry.plain())
        except ModelError as error:
            problems.add(str(error), node.line_of(name))
    targets = [name for name, declared in found.items() if declared.is_target]
    if len(targets) > 1:
        problems.add(f"several columns are targets ({', '.join(targets)}); leave one", node.line_of(targets[1]))
    return found
