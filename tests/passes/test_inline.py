"""Fusions are opened in their place, and what cannot be read where it lies is copied."""

from __future__ import annotations

import pytest

from nnc.errors import GraphError
from nnc.ir import parse_graph
from nnc.passes import Inline, inlined, lower, lowering_pipeline, run_passes
from nnc.plan import make_plan
from nnc.target import PLAIN
from tests.passes.helpers import check_rewrite, graph_text
from tests.plan.helpers import NESTS

FUSED = """
%0, %out = fusion.dense_tanh(%x, %b) : f64[batch,3], f64[batch,3] {(a, b)
  %sum = add(%a, %b) : f64[batch,3]
  %1 = fusion.tanh_multiply(%sum) : f64[batch,3] {(a)
    %0 = tanh(%a) : f64[batch,3]
    %1 = multiply(%0, f64(2.0)) : f64[batch,3]
    return result=%1
  }
  return result0=%sum, result1=%1
}  # dense forward
"""


def test_fusions_in_fusions_are_opened():
    after = """
    %sum = add(%x, %b) : f64[batch,3]  # dense forward
    %0 = tanh(%sum) : f64[batch,3]  # dense forward
    %out = multiply(%0, f64(2.0)) : f64[batch,3]  # dense forward
    return sum=%sum, y=%out
    """
    check_rewrite(graph_text(FUSED + "return sum=%0, y=%out"), Inline(), graph_text(after), tolerance=0)


def test_bodies_of_loops_are_opened():
    head = "graph g(x: f64[5,batch,3], h: f64[batch,3])"
    loop = """
    %last = scan(%h, %x, carries=1, sequences=1) : f64[batch,3] {{(h, x)
      {}
      return carry0=%y
    }}
    return y=%last
    """
    before = """
    %y = fusion.add_tanh(%h, %x) : f64[batch,3] {(a, b)
      %0 = add(%a, %b) : f64[batch,3]
      %1 = tanh(%0) : f64[batch,3]
      return result=%1
    }"""
    after = "%0 = add(%h, %x) : f64[batch,3]\n%y = tanh(%0) : f64[batch,3]"
    check_rewrite(graph_text(loop.format(before), head), Inline(), graph_text(loop.format(after), head), tolerance=0)


def test_loops_in_fusions_are_opened_whole():
    head = "graph g(x: f64[5,batch,3], h: f64[batch,3])"
    loop = """
    %last = scan(%h, %x, carries=1, sequences=1) : f64[batch,3] {{(h, x)
      {}
      return carry0=%y
    }}"""
    fused = """
    %y = fusion.add_tanh(%h, %x) : f64[batch,3] {(a, b)
      %0 = add(%a, %b) : f64[batch,3]
      %1 = tanh(%0) : f64[batch,3]
      return result=%1
    }"""
    opened = f"%out = fusion.part(%h, %x) : f64[batch,3] {{(h, x)\n{loop.format(fused)}\nreturn result=%last\n}}"
    lowered = lower(parse_graph(graph_text(f"{opened}\nreturn y=%out", head)), PLAIN)
    assert "fusion" not in str(lowered)
    assert make_plan(lowered, {"batch": 2}, PLAIN).peak_bytes > 0


def test_a_state_that_changes_is_copied_where_it_leaves():
    head, begin = "graph g()", "state @s : f64[3,2] slot\nstate @t : f64[3,2] slot\n"
    body = "%0 = transpose(@s, axes=[1, 0]) : f64[2,3]\n%1 = add(@s, f64(1.0)) : f64[3,2]\n"
    before = begin + body + "return old=@s, view=%0\nupdate @s = %1\nupdate @t = @s"
    copies = "%2 = copy(@s) : f64[3,2]\n%3 = copy(%0) : f64[2,3]\n%4 = copy(@s) : f64[3,2]\n"
    after = begin + body + copies + "return old=%2, view=%3\nupdate @s = %1\nupdate @t = %4"
    check_rewrite(graph_text(before, head), Inline(), graph_text(after, head), tolerance=0)
    check_rewrite(graph_text(begin + body + "return old=@s, new=%1", head), Inline())


def test_an_operand_that_must_be_dense_is_copied_once():
    head = "graph g(x: f64[batch,2,6], k: f64[2,2,3], l: f64[2,2,3])"
    view = "%0 = transpose(%x, axes=[0, 2, 1]) : f64[batch,6,2]\n"
    body = """
    %a = convolution({0}, %k, strides=[1], before=[0], after=[0], dilation=[1]) : f64[batch,5,3]
    %b = convolution({0}, %l, strides=[1], before=[0], after=[0], dilation=[1]) : f64[batch,5,3]
    return a=%a, b=%b
    """
    copied = view + "%1 = copy(%0) : f64[batch,6,2]\n"
    after = graph_text(copied + body.format("%1"), head)
    check_rewrite(graph_text(view + body.format("%0"), head), Inline(), after, tolerance=0)
    check_rewrite(after, Inline(), after, tolerance=0)


def test_steps_know_where_they_come_from():
    graph = parse_graph(graph_text(FUSED + "%2 = negative(%out) : f64[batch,3]\nreturn y=%2"))
    flat = run_passes(graph, [Inline()])
    assert flat.source is graph
    titles = [flat.origins[node.index].op.title for node in flat.nodes if not node.is_leaf]
    assert titles == ["fusion.dense_tanh"] * 3 + ["negative"]


def test_a_graph_is_lowered_once_for_each_pipeline():
    graph = parse_graph(graph_text(FUSED + "return y=%out"))
    assert [item.name for item in lowering_pipeline(PLAIN)] == ["inline"]
    assert [item.name for item in lowering_pipeline(NESTS)] == ["sink", "split", "inline"]
    flat = inlined(graph)
    assert lower(graph, PLAIN) is flat
    assert lower(flat, NESTS) is flat
    assert lower(graph, NESTS) is not flat
    graph.output("again", graph.outputs["y"])
    assert list(inlined(graph).outputs) == ["y", "again"]


def test_a_graph_that_is_not_lowered_is_not_planned():
    graph = parse_graph(graph_text(FUSED + "return y=%out"))
    with pytest.raises(GraphError, match=r"^graph 'g' cannot be planned as it is; give what nnc.passes.lower makes"):
        make_plan(graph, {"batch": 3}, PLAIN)
