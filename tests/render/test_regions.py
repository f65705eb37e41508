"""Series and forks: what networkx says of paths, on random graphs, and small examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnc.render.regions import DEEPEST, Fork, Series, Tangle, take_apart

SOURCE, SINK = -1, -2


@st.composite
def graphs(draw: Any) -> tuple[list[tuple[int, ...]], list[int]]:
    """Draw what each node reads, mostly near ones, and the outputs."""
    count = draw(st.integers(1, 12))
    sources = []
    for node in range(count):
        near = st.integers(max(0, node - 4), node - 1) if node else st.nothing()
        sources.append(tuple(draw(st.lists(near, max_size=3))) if node else ())
    ends = draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=3, unique=True))
    return sources, ends


def nodes_of(series: Series) -> Iterator[int]:
    for item in series:
        if isinstance(item, Fork):
            for branch in item.branches:
                yield from nodes_of(branch)
        elif isinstance(item, Tangle):
            yield from item.nodes
        else:
            yield item


def forks_of(series: Series) -> Iterator[Fork]:
    for item in series:
        if isinstance(item, Fork):
            yield item
            for branch in item.branches:
                yield from forks_of(branch)


def flow(sources: list[tuple[int, ...]], ends: list[int]) -> networkx.DiGraph[int]:
    graph: networkx.DiGraph[int] = networkx.DiGraph()
    for node, operands in enumerate(sources):
        graph.add_edges_from((operand, node) for operand in operands or [SOURCE])
    read = {operand for operands in sources for operand in operands}
    graph.add_edges_from((node, SINK) for node in range(len(sources)) if node in ends or node not in read)
    return graph


@given(graphs())
def test_every_node_stands_somewhere_once(drawn: Any) -> None:
    sources, ends = drawn
    assert sorted(nodes_of(take_apart(sources, ends))) == list(range(len(sources)))


@given(graphs())
def test_what_stands_by_itself_is_on_every_path(drawn: Any) -> None:
    sources, ends = drawn
    alone = {item for item in take_apart(sources, ends) if isinstance(item, int)}
    graph = flow(sources, ends)
    for node in range(len(sources)):
        without = graph.copy()
        without.remove_node(node)
        is_passed = not networkx.has_path(without, SOURCE, SINK)
        assert is_passed == (node in alone), node


@given(graphs())
def test_branches_do_not_touch(drawn: Any) -> None:
    sources, ends = drawn
    for fork in forks_of(take_apart(sources, ends)):
        assert len(fork.branches) > 1
        owners = {node: number for number, branch in enumerate(fork.branches) for node in nodes_of(branch)}
        for node, owner in owners.items():
            assert {owners[operand] for operand in sources[node] if operand in owners} <= {owner}


@pytest.mark.parametrize(
    ("sources", "ends", "expected"),
    [
        ([()], [0], (0,)),
        ([(), (0,), (1,)], [2], (0, 1, 2)),
        ([(), (0, 0)], [1], (0, 1)),
        ([(), (0,), (0, 1)], [2], (0, Fork(((), (1,))), 2)),
        ([(), (0,), (1, 0)], [2], (0, Fork(((1,), ())), 2)),
        ([(), (), (0, 1)], [2], (Fork(((0,), (1,))), 2)),
        ([(), (0,), (0,)], [1, 2], (0, Fork(((1,), (2,))))),
        ([(), (0,), (1,)], [1, 2], (0, 1, Fork(((), (2,))))),
        ([(), (0,), (0,), (1, 2), (1, 2), (3, 4)], [5], (0, Tangle((1, 2, 3, 4)), 5)),
        ([(), (), (0,)], [2], (Fork(((0, 2), (1,))),)),
    ],
)
def test_small_graphs(sources: Any, ends: list[int], expected: Series) -> None:
    assert take_apart(sources, ends) == expected


def test_forks_in_forks_without_end_stay_a_tangle() -> None:
    depth = 3 * DEEPEST  # each node is read by the next and by the last
    sources = [(), *((node,) for node in range(depth)), tuple(range(depth + 1))]
    series: Any = take_apart(sources, [depth + 1])
    seen = 0
    while any(isinstance(item, Fork) for item in series):
        (fork,) = [item for item in series if isinstance(item, Fork)]
        series = max(fork.branches, key=len)
        seen += 1
    assert seen == DEEPEST
    assert isinstance(series[-1], Tangle)
