"""Ops of a graph that share a box where a picture would be too long: those in a chain, layers, or whole blocks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import groupby

from nnc.ir import Node
from nnc.render.block_labels import MOST_LINES
from nnc.render.labels import wrap

LONGEST_CHAIN = 8
"""Ops in one box of those that only follow each other."""
WIDEST_LINE = 116
"""Characters of a line that has the ops of several layers."""
SEPARATOR = " · "
"""Stands between ops of a layer."""


def chains(
    nodes: Sequence[Node], sources: Callable[[Node], Sequence[int]], room: Callable[[Node], Hashable]
) -> list[list[Node]]:
    """Return the nodes in rows of those that only follow each other, at most `LONGEST_CHAIN` each.

    Args:
        nodes: in the order of execution.
        sources: indices of those among them that one reads.
        room: where a node is drawn; a row stays in one room.
    """
    readers: dict[int, list[int]] = {}
    for node in nodes:
        for source in sources(node):
            readers.setdefault(source, []).append(node.index)
    rows: dict[int, list[Node]] = {}
    found: list[list[Node]] = []
    for node in nodes:
        read = sources(node)
        row = rows.get(read[0]) if len(read) == 1 and len(readers[read[0]]) == 1 else None
        if row is not None and row[-1].index == read[0] and room(row[-1]) == room(node) and len(row) < LONGEST_CHAIN:
            row.append(node)
        else:
            row = [node]
            found.append(row)
        rows[node.index] = row
    return found


def blocks(nodes: Sequence[Node], sources: Callable[[Node], Sequence[int]], lines: int) -> list[list[Node]]:
    """Return the nodes in blocks of layers that follow each other, each as long as it may be.

    A block ends where the fewest values lead past its end, and never amidst the ops of a layer.

    Args:
        nodes: in an order in which each comes behind those it reads.
        sources: indices of those among them that one reads.
        lines: of a block, each `WIDEST_LINE` characters long.
    """
    found: list[list[Node]] = []
    layers = [list(run) for _, run in groupby(nodes, key=lambda node: node.path)]
    past = _leading_past(layers, sources)
    while layers:
        count, length = 0, 0
        while count < len(layers) and (not count or length <= lines * WIDEST_LINE):
            length += len(_layer_text(layers[count]))
            count += 1
        ends = range(count // 2 + 1, count + 1) if count < len(layers) else (count,)
        end = min(reversed(ends), key=lambda end: past[end - 1])
        found.append([node for run in layers[:end] for node in run])
        del layers[:end], past[:end]
    return found


def _leading_past(layers: Sequence[Sequence[Node]], sources: Callable[[Node], Sequence[int]]) -> list[int]:
    """Return for each layer how many values lead from it, or from those before it, to those behind it."""
    last: dict[int, int] = {}
    made: dict[int, int] = {}
    for place, run in enumerate(layers):
        for node in run:
            made[node.index] = place
            last.update((source, place) for source in sources(node) if source in made)
    return [sum(made[index] <= place < end for index, end in last.items()) for place in range(len(layers))]


def block_lines(nodes: Sequence[Node], times: Mapping[int, int], common: str) -> tuple[str, ...]:
    """Return what stands in the box of a block: its layers and their ops, as many in a line as there is room for.

    Args:
        nodes: of the block, in their order.
        times: how often each comes in the block, by its index.
        common: what the names of all layers begin with, which is not said again; nor is the name of a single layer.
    """
    lines: list[str] = []
    is_single = len({node.path for node in nodes}) == 1
    for (_, count), run in groupby(nodes, key=lambda node: (node.path, times[node.index])):
        text = _layer_text(list(run), None if is_single else common, count)
        if lines and len(lines[-1]) + len(text) + 2 <= WIDEST_LINE:
            lines[-1] += f"; {text}"
        else:
            lines += wrap(text.split(SEPARATOR), SEPARATOR, limit=WIDEST_LINE)
    if len(lines) > MOST_LINES:
        lines[MOST_LINES - 1 :] = [f"… and {len(lines) - MOST_LINES + 1} more"]
    return tuple(lines)


def updates_text(labels: Sequence[str], rounds: int = 1) -> str:
    """Return what is said of the states that each of some equal rounds updates; nothing where it updates none.

    Args:
        labels: of the states of all rounds.
        rounds: how many there are.

    >>> updates_text(["metrics/total", "a/mean", "b/mean"])
    'updates @metrics/total, 2 mean'
    """
    kinds: dict[str, list[str]] = {}
    for label in labels:
        kinds.setdefault(label.rpartition("/")[2], []).append(label)
    said = [
        f"@{alike[0]}" if len(alike) == 1 else f"{len(alike) // rounds} {kind}" if rounds < len(alike) else kind
        for kind, alike in kinds.items()
    ]
    return f"updates {', '.join(said)}" if said else ""


def _layer_text(run: Sequence[Node], common: str | None = "", times: int = 1) -> str:
    """Return the line of a layer, without its name where `common` is None."""
    path = run[0].path
    rest = "" if common is None else path.removeprefix(common).lstrip("_-/.")
    name = path if common is not None and (not rest or rest.isdigit()) else rest
    ops = (node.op.title.removeprefix(f"{node.op.name}.") for node in run)
    said = SEPARATOR.join(counted(ops))
    return f"{name}: {said}{f' ×{times}' if times > 1 else ''}" if name else said


def counted(texts: Iterable[str]) -> list[str]:
    """Return texts with equal ones in a row said once.

    >>> counted(["add", "sum", "sum"])
    ['add', 'sum ×2']
    """
    return [
        f"{text} ×{count}" if count > 1 else text
        for text, count in ((text, len(list(equal))) for text, equal in groupby(texts))
    ]
