"""`fuse` on texts: what is gathered, what ends a pattern, and what must stay apart."""

from __future__ import annotations

import pytest

from nnc.errors import GraphError
from nnc.ir import parse_graph
from nnc.passes import Fuse, run_passes
from nnc.passes.fuse import fuse_elementwise
from nnc.passes.grouping import Groups
from tests.passes.helpers import check_rewrite, graph_text

HEAD = "graph g(x: f64[batch,2], w: f64[2,3], b: f64[3], y: f64[batch,3])"
PRODUCT = "%0 = matmul(%x, %w) : f64[batch,3]  # dense forward\n"
SUM = PRODUCT + "%1 = add(%0, %b) : f64[batch,3]  # dense forward\n"
MATCHING = {
    "dense": (
        SUM + "return z=%1",
        """
        %0 = fusion.dense(%x, %w, %b) : f64[batch,3] {(a, b, c)
          %0 = matmul(%a, %b) : f64[batch,3]
          %1 = add(%0, %c) : f64[batch,3]
          return result=%1
        }  # dense forward
        return z=%0
        """,
    ),
    "dense with the bias first": (
        PRODUCT + "%1 = add(%b, %0) : f64[batch,3]  # dense forward\nreturn z=%1",
        """
        %0 = fusion.dense(%x, %w, %b) : f64[batch,3] {(a, b, c)
          %0 = matmul(%a, %b) : f64[batch,3]
          %1 = add(%c, %0) : f64[batch,3]
          return result=%1
        }  # dense forward
        return z=%0
        """,
    ),
    "dense with activation": (
        SUM + "%h = relu(%1) : f64[batch,3]  # dense forward\nreturn z=%h",
        """
        %h = fusion.dense_relu(%x, %w, %b) : f64[batch,3] {(a, b, c)
          %0 = matmul(%a, %b) : f64[batch,3]
          %1 = add(%0, %c) : f64[batch,3]
          %h = relu(%1) : f64[batch,3]
          return result=%h
        }  # dense forward
        return z=%h
        """,
    ),
    "dense whose sum is used once more": (
        SUM + "%2 = tanh(%1) : f64[batch,3]  # dense forward\n%3 = multiply(%1, %2) : f64[batch,3]\nreturn z=%3",
        """
        %0, %1 = fusion.dense_tanh(%x, %w, %b) : f64[batch,3], f64[batch,3] {(a, b, c)
          %0 = matmul(%a, %b) : f64[batch,3]
          %1 = add(%0, %c) : f64[batch,3]
          %2 = tanh(%1) : f64[batch,3]
          return result0=%1, result1=%2
        }  # dense forward
        %2 = multiply(%0, %1) : f64[batch,3]
        return z=%2
        """,
    ),
    "dense whose sum leaves the graph": (
        SUM + "%2 = tanh(%1) : f64[batch,3]  # dense forward\nreturn z=%2, logits=%1",
        """
        %0, %1 = fusion.dense_tanh(%x, %w, %b) : f64[batch,3], f64[batch,3] {(a, b, c)
          %0 = matmul(%a, %b) : f64[batch,3]
          %1 = add(%0, %c) : f64[batch,3]
          %2 = tanh(%1) : f64[batch,3]
          return result0=%1, result1=%2
        }  # dense forward
        return z=%1, logits=%0
        """,
    ),
    "an activation of another layer": (
        SUM + "%2 = relu(%1) : f64[batch,3]  # act forward\nreturn z=%2",
        """
        %0 = fusion.dense(%x, %w, %b) : f64[batch,3] {(a, b, c)
          %0 = matmul(%a, %b) : f64[batch,3]
          %1 = add(%0, %c) : f64[batch,3]
          return result=%1
        }  # dense forward
        %1 = relu(%0) : f64[batch,3]  # act forward
        return z=%1
        """,
    ),
    "elementwise chain with constants": (
        "%0 = multiply(%y, f64(2.0)) : f64[batch,3]\n%1 = add(%0, %b) : f64[batch,3]\n"
        "%2 = maximum(%1, f64(2.0)) : f64[batch,3]\nreturn z=%2",
        """
        %0 = fusion.multiply_add_maximum(%y, %b) : f64[batch,3] {(a, b)
          %0 = multiply(%a, f64(2.0)) : f64[batch,3]
          %1 = add(%0, %b) : f64[batch,3]
          %2 = maximum(%1, f64(2.0)) : f64[batch,3]
          return result=%2
        }
        return z=%0
        """,
    ),
    "elementwise chain with a result in between": (
        "%0 = exp(%y) : f64[batch,3]\n%1 = add(%0, f64(1.0)) : f64[batch,3]\n%2 = sum(%0, axes=[1]) : f64[batch]\n"
        "return z=%1, s=%2",
        """
        %0, %1 = fusion.exp_add(%y) : f64[batch,3], f64[batch,3] {(a)
          %0 = exp(%a) : f64[batch,3]
          %1 = add(%0, f64(1.0)) : f64[batch,3]
          return result0=%0, result1=%1
        }
        %2 = sum(%0, axes=[1]) : f64[batch]
        return z=%1, s=%2
        """,
    ),
    "a value used twice in a group": (
        "%0 = exp(%y) : f64[batch,3]\n%1 = multiply(%0, %0) : f64[batch,3]\nreturn z=%1",
        """
        %0 = fusion.exp_multiply(%y) : f64[batch,3] {(a)
          %0 = exp(%a) : f64[batch,3]
          %1 = multiply(%0, %0) : f64[batch,3]
          return result=%1
        }
        return z=%0
        """,
    ),
    "elementwise with other element types": (
        "%0 = less(%y, %b) : bool[batch,3]\n%1 = where(%0, %y, f64(0.0)) : f64[batch,3]\nreturn z=%1",
        """
        %0 = fusion.less_where(%y, %b) : f64[batch,3] {(a, b)
          %0 = less(%a, %b) : bool[batch,3]
          %1 = where(%0, %a, f64(0.0)) : f64[batch,3]
          return result=%1
        }
        return z=%0
        """,
    ),
    "a long chain has a short name": (
        "%0 = exp(%y) : f64[batch,3]\n%1 = tanh(%0) : f64[batch,3]\n%2 = negative(%1) : f64[batch,3]\n"
        "%3 = exp(%2) : f64[batch,3]\nreturn z=%3",
        """
        %0 = fusion.elementwise4(%y) : f64[batch,3] {(a)
          %0 = exp(%a) : f64[batch,3]
          %1 = tanh(%0) : f64[batch,3]
          %2 = negative(%1) : f64[batch,3]
          %3 = exp(%2) : f64[batch,3]
          return result=%3
        }
        return z=%0
        """,
    ),
    "a group that would make a cycle": (
        # exp and add may not be one group: the sum between them needs the one and feeds the other
        "%0 = exp(%y) : f64[batch,3]\n%1 = sum(%0, axes=[0]) : f64[3]\n%2 = add(%0, %1) : f64[batch,3]\n"
        "%3 = tanh(%2) : f64[batch,3]\nreturn z=%3",
        """
        %0 = exp(%y) : f64[batch,3]
        %1 = sum(%0, axes=[0]) : f64[3]
        %2 = fusion.add_tanh(%0, %1) : f64[batch,3] {(a, b)
          %0 = add(%a, %b) : f64[batch,3]
          %1 = tanh(%0) : f64[batch,3]
          return result=%1
        }
        return z=%2
        """,
    ),
    "an update": (
        "state @s : f64[3] slot\n%0 = multiply(%b, f64(0.5)) : f64[3]  # - update\n"
        "%1 = subtract(@s, %0) : f64[3]  # - update\nreturn z=%b\nupdate @s = %1",
        """
        state @s : f64[3] slot
        %0 = fusion.multiply_subtract(%b, @s) : f64[3] {(a, b)
          %0 = multiply(%a, f64(0.5)) : f64[3]
          %1 = subtract(%b, %0) : f64[3]
          return result=%1
        }  # - update
        return z=%b
        update @s = %0
        """,
    ),
    "dead code": (
        "%0 = exp(%y) : f64[batch,3]\n%1 = tanh(%0) : f64[batch,3]\nreturn z=%y",
        "return z=%y",
    ),
}
STAYS = {
    "product used twice": SUM + "%2 = sum(%0, axes=[0]) : f64[3]\nreturn z=%1, s=%2",
    "product leaves the graph": SUM + "return z=%1, p=%0",
    "product added to itself": PRODUCT + "%1 = add(%0, %0) : f64[batch,3]  # dense forward\nreturn z=%1",
    "bias of rank 2": PRODUCT + "%1 = add(%0, %y) : f64[batch,3]  # dense forward\nreturn z=%1",
    "bias of another layer": PRODUCT + "%1 = add(%0, %b) : f64[batch,3]  # other forward\nreturn z=%1",
    "no bias": PRODUCT + "%1 = relu(%0) : f64[batch,3]  # dense forward\nreturn z=%1",
    "elementwise of two layers": (
        "%0 = exp(%y) : f64[batch,3]  # a forward\n%1 = tanh(%0) : f64[batch,3]  # b forward\nreturn z=%1"
    ),
    "elementwise of two phases": (
        "%0 = exp(%y) : f64[batch,3]  # a forward\n%1 = tanh(%0) : f64[batch,3]  # a backward\nreturn z=%1"
    ),
    "elementwise of two shapes": "%0 = exp(%b) : f64[3]\n%1 = add(%y, %0) : f64[batch,3]\nreturn z=%1",
    "nothing elementwise": "%0 = transpose(%y, axes=[1, 0]) : f64[3,batch]\n%1 = exp(%0) : f64[3,batch]\nreturn z=%1",
    "one op alone": "%0 = exp(%y) : f64[batch,3]\nreturn z=%0",
}


IMAGES = "graph g(x: f64[batch,6,4], w: f64[3,4,5], b: f64[5], y: f64[batch,4,5], v: f64[4])"
GEOMETRY = "strides=[1], dilation=[1], before=[0], after=[0]"
CONVOLVED = f"%0 = convolution(%x, %w, {GEOMETRY}) : f64[batch,4,5]  # conv forward\n"
SPREAD = f"%0 = convolution_input_gradient(%y, %w, {GEOMETRY}, shape=[6]) : f64[batch,6,4]  # conv forward\n"
CONVOLUTIONS = {
    "convolution with activation": (
        CONVOLVED
        + "%1 = add(%0, %b) : f64[batch,4,5]  # conv forward\n%h = relu(%1) : f64[batch,4,5]  # conv forward\n"
        "return z=%h",
        f"""
        %h = fusion.conv_relu(%x, %w, %b) : f64[batch,4,5] {{(a, b, c)
          %0 = convolution(%a, %b, {GEOMETRY}) : f64[batch,4,5]
          %1 = add(%0, %c) : f64[batch,4,5]
          %h = relu(%1) : f64[batch,4,5]
          return result=%h
        }}  # conv forward
        return z=%h
        """,
    ),
    "convolution alone with a bias": (
        CONVOLVED + "%1 = add(%b, %0) : f64[batch,4,5]  # conv forward\nreturn z=%1",
        f"""
        %0 = fusion.conv(%x, %w, %b) : f64[batch,4,5] {{(a, b, c)
          %0 = convolution(%a, %b, {GEOMETRY}) : f64[batch,4,5]
          %1 = add(%c, %0) : f64[batch,4,5]
          return result=%1
        }}  # conv forward
        return z=%0
        """,
    ),
    "transposed convolution": (
        SPREAD + "%1 = add(%0, %v) : f64[batch,6,4]  # conv forward\n%2 = tanh(%1) : f64[batch,6,4]  # conv forward\n"
        "return z=%2",
        f"""
        %0 = fusion.conv_transpose_tanh(%y, %w, %v) : f64[batch,6,4] {{(a, b, c)
          %0 = convolution_input_gradient(%a, %b, {GEOMETRY}, shape=[6]) : f64[batch,6,4]
          %1 = add(%0, %c) : f64[batch,6,4]
          %2 = tanh(%1) : f64[batch,6,4]
          return result=%2
        }}  # conv forward
        return z=%0
        """,
    ),
}
APART = {
    "convolution used twice": CONVOLVED + "%1 = add(%0, %b) : f64[batch,4,5]  # conv forward\n"
    "%2 = sum(%0, axes=[0]) : f64[4,5]\nreturn z=%1, s=%2",
    "residual": CONVOLVED + "%1 = add(%0, %y) : f64[batch,4,5]  # conv forward\nreturn z=%1",
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_fuses_convolutions(name):
    before, after = CONVOLUTIONS[name]
    check_rewrite(graph_text(before, IMAGES), Fuse(), graph_text(after, IMAGES))


@pytest.mark.parametrize("name", APART)
def test_convolutions_stay_apart(name):
    check_rewrite(graph_text(APART[name], IMAGES), Fuse())


@pytest.mark.parametrize("name", MATCHING)
def test_fuses(name):
    before, after = MATCHING[name]
    check_rewrite(graph_text(before, HEAD), Fuse(), graph_text(after, HEAD))


@pytest.mark.parametrize("name", STAYS)
def test_stays_apart(name):
    check_rewrite(graph_text(STAYS[name], HEAD), Fuse())


def test_two_groups_that_feed_each_other_are_not_both_merged():
    """p feeds q and r feeds s; were {p, s} and {r, q} both groups, each would wait for the other."""
    before = """
        %p = exp(%y) : f64[batch,3]  # one forward
        %r = tanh(%y) : f64[batch,3]  # two forward
        %q = multiply(%r, %p) : f64[batch,3]  # two forward
        %s = add(%p, %r) : f64[batch,3]  # one forward
        return z=%q, w=%s
        """
    after = """
        %p = exp(%y) : f64[batch,3]  # one forward
        %r, %q = fusion.tanh_multiply(%y, %p) : f64[batch,3], f64[batch,3] {(a, b)
          %r = tanh(%a) : f64[batch,3]
          %q = multiply(%r, %b) : f64[batch,3]
          return result0=%r, result1=%q
        }  # two forward
        %s = add(%p, %r) : f64[batch,3]  # one forward
        return z=%q, w=%s
        """
    check_rewrite(graph_text(before, HEAD), Fuse(), graph_text(after, HEAD))


def test_groups_that_wait_for_each_other_are_found(monkeypatch):
    """What the check in `merge` is for: without it, the sum would need the group and the group the sum."""
    monkeypatch.setattr(Groups, "_needed_between", lambda self, before, after: set())
    before, _ = MATCHING["a group that would make a cycle"]
    with pytest.raises(GraphError, match=r"the fusion of nodes \[4, 6, 7\] would need its own results"):
        Fuse().run(parse_graph(graph_text(before, HEAD)))


def test_merges_look_at_what_lies_between_alone():
    """The groups looked at grow as the graph does, however much comes before the two that are merged."""

    def visits(depth: int) -> int:
        layers = [
            f"%a{i} = exp(%b{i - 1}) : f64[batch,3]  # l{i} forward\n"
            f"%b{i} = multiply(%a{i}, %b{i - 1}) : f64[batch,3]  # l{i} forward"
            for i in range(1, depth + 1)
        ]
        lines = ["%b0 = exp(%y) : f64[batch,3]", *layers, f"return z=%b{depth}"]
        groups = Groups(parse_graph(graph_text("\n".join(lines), HEAD)))
        fuse_elementwise(groups.graph, groups)
        return groups.visits

    assert visits(40) - visits(20) == visits(20) - visits(0) > 0


def test_a_fused_graph_is_not_fused_again():
    fused = run_passes(parse_graph(graph_text(SUM + "return z=%1", HEAD)), [Fuse()])
    with pytest.raises(GraphError, match=r"node 4 \(fusion.dense\) is not legal at this stage"):
        run_passes(fused, [Fuse()])
