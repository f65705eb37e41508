"""What passes note about graphs in text form: what they did, what they nearly did, and what stood against it."""

from __future__ import annotations

import pytest

from nnc.ir import parse_graph
from nnc.ir.decisions import Decision, Notebook, Saved, decide, uses_text
from nnc.passes import CommonSubexpressions, FoldBatchNorm, FoldConstants, FoldSign, Fuse, Hoist, Lift, Pass, Simplify
from nnc.passes import run_passes as run
from tests.passes.helpers import graph_text

HEAD = "graph g(x: f64[batch,2], y: f64[batch,3])"
STATES = "state @w : f64[2,3] parameter\nstate @b : f64[3] frozen\nstate @key : u32[2] random\n"
PRODUCT = "%p = matmul(%x, @w) : f64[batch,3]  # dense forward\n"
SUM = PRODUCT + "%s = add(%p, @b) : f64[batch,3]  # dense forward\n"
LOOP_HEAD = "graph g(h: f64[batch,3], x: f64[5,batch,3])"


def decisions(item: Pass, body: str, head: str = HEAD) -> list[Decision]:
    notebook = Notebook(batch=4)
    states = STATES if head == HEAD else ""
    with notebook.listening():
        run(parse_graph(graph_text(states + body, head)), [item])
    return notebook.decisions


def lines(found: list[Decision]) -> list[str]:
    return [
        f"{item.kind} {item.text}" if item.done else f"not {item.kind} {item.text}: {item.reason}" for item in found
    ]


CASES: dict[str, tuple[Pass, str, list[str]]] = {
    "fused": (Fuse(), SUM + "return z=%s", ["fused matmul %p, add %s → fusion.dense %s"]),
    "a product with two uses": (
        Fuse(),
        SUM + "%t = tanh(%p) : f64[batch,3]  # other forward\nreturn z=%s, u=%t",
        [
            "not fused matmul %p with add %s: %p has two uses",
            "not fused matmul %p with tanh %t: matmul %p is of layer 'dense', tanh %t of layer 'other'",
        ],
    ),
    "a product that leaves the graph": (
        Fuse(),
        SUM + "return z=%s, u=%p",
        ["not fused matmul %p with add %s: %p leaves the graph"],
    ),
    "a bias of another layer": (
        Fuse(),
        PRODUCT + "%s = add(%p, @b) : f64[batch,3]  # bias forward\nreturn z=%s",
        ["not fused matmul %p with add %s: matmul %p is of layer 'dense', add %s of layer 'bias'"],
    ),
    "an activation layer": (
        Fuse(),
        SUM + "%t = tanh(%s) : f64[batch,3]  # activation forward\nreturn z=%t",
        [
            "not fused add %s with tanh %t: add %s is of layer 'dense', tanh %t of layer 'activation'",
            "fused matmul %p, add %s → fusion.dense %s",
        ],
    ),
    "a second activation": (
        Fuse(),
        SUM
        + "%t = tanh(%s) : f64[batch,3]  # dense forward\n%u = exp(%t) : f64[batch,3]  # dense forward\nreturn z=%u",
        [
            "not fused tanh %t with exp %u: a product takes in its bias and one activation, no more",
            "fused matmul %p, add %s, tanh %t → fusion.dense_tanh %t",
        ],
    ),
    "no bias": (
        Fuse(),
        PRODUCT + "%t = tanh(%p) : f64[batch,3]  # dense forward\nreturn z=%t",
        ["not fused matmul %p with tanh %t: matmul %p has no bias"],
    ),
    "a path outside": (
        Fuse(),
        """
        %a = exp(%y) : f64[batch,3]
        %m = sum(%a, axes=[0]) : f64[3]
        %b = multiply(%a, %m) : f64[batch,3]
        return z=%b
        """,
        ["not fused exp %a with multiply %b: %m needs exp %a and is needed by multiply %b"],
    ),
    "computed twice": (
        CommonSubexpressions(),
        "%a = exp(%y) : f64[batch,3]\n%b = exp(%y) : f64[batch,3]\nreturn u=%a, v=%b",
        ["merged exp %b is %a again"],
    ),
    "constants": (
        FoldConstants(limit=4),
        """
        %a = add(f64(1.0), f64(2.0)) : f64[]
        %b = broadcast_to(f64(1.0), shape=[2, 3]) : f64[2,3]
        %c = broadcast_to(f64(1.0), shape=[batch, 3]) : f64[batch,3]
        %d = add(%c, %a) : f64[batch,3]
        return u=%b, v=%d
        """,
        [
            "folded add %a → f64(3.0)",
            "not folded broadcast_to %b: it has 6 elements, more than 4",
            "not folded broadcast_to %c: its shape is f64[batch,3], which a plan knows",
        ],
    ),
    "a rule": (
        Simplify(),
        "%a = negative(%y) : f64[batch,3]\n%b = negative(%a) : f64[batch,3]\nreturn z=%b",
        ["simplified negative %b → %y (double negative)"],
    ),
    "a factor": (
        FoldBatchNorm(),
        PRODUCT + "%s = multiply(%p, @b) : f64[batch,3]  # dense forward\nreturn z=%s",
        ["folded matmul %p, multiply %s → matmul %s"],
    ),
    "a factor of a product with two uses": (
        FoldBatchNorm(),
        PRODUCT + "%s = multiply(%p, @b) : f64[batch,3]\n%t = exp(%p) : f64[batch,3]\nreturn u=%s, v=%t",
        ["not folded multiply %s into matmul %p: %p has two uses"],
    ),
    "a square is no factor": (
        FoldBatchNorm(),
        PRODUCT + "%s = multiply(%p, %p) : f64[batch,3]\nreturn z=%s",
        [],
    ),
    "a factor per row": (
        FoldBatchNorm(),
        "%p = matmul(%x, @w) : f64[batch,3]\n%t = transpose(%p, axes=[1, 0]) : f64[3,batch]\n"
        "%r = reshape(%t, shape=[3*batch]) : f64[3*batch]\n%c = broadcast_to(f64(2.0), shape=[1]) : f64[1]\n"
        "%s = multiply(@b, f64(2.0)) : f64[3]\n%v = multiply(%p, %s) : f64[batch,3]\nreturn u=%v, v=%r",
        ["not folded multiply %v into matmul %p: %p has two uses"],
    ),
    "a sign": (
        FoldSign(),
        SUM + "%t = sigmoid(%s) : f64[batch,3]\nreturn z=%t",
        ["folded the sign of sigmoid %t → negative %0"],
    ),
    "signs that stay": (
        FoldSign(),
        SUM + "%t = sigmoid(%s) : f64[batch,3]\n%u = exp(%y) : f64[batch,3]\n%v = sigmoid(%u) : f64[batch,3]\n"
        "%q = matmul(%x, @w) : f64[batch,3]\n%k = sigmoid(%q) : f64[batch,3]\n"
        "return z=%t, s=%s, u=%v, q=%q, k=%k",
        [
            "not folded the sign of sigmoid %t: %s leaves the graph",
            "not folded the sign of sigmoid %v: %u is not a product with a kernel and a bias",
            "not folded the sign of sigmoid %k: %q leaves the graph",
        ],
    ),
    "a kernel that depends on inputs": (
        FoldSign(),
        """
        %k = transpose(%x, axes=[1, 0]) : f64[2,batch]
        %q = matmul(%x, %k) : f64[batch,batch]
        %s = sigmoid(%q) : f64[batch,batch]
        return z=%s
        """,
        ["not folded the sign of sigmoid %s: %k depends on the inputs"],
    ),
    "hoisted": (
        Hoist(),
        "%k = multiply(@w, f64(2.0)) : f64[2,3]\n%t = transpose(%k, axes=[1, 0]) : f64[3,2]\n"
        "%z = matmul(%y, %t) : f64[batch,2]\nreturn z=%z",
        ["hoisted multiply %k → @hoisted/k", "not hoisted transpose %t: it is a view, which costs nothing"],
    ),
    "a state that changes": (
        Hoist(),
        '%r = random_uniform(@key, shape=[3], stream=0, dtype="float64") : f64[3]\n'
        "%z = add(%y, %r) : f64[batch,3]\nreturn z=%z",
        ["not hoisted random_uniform %r: each run changes @key"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_noted(name: str) -> None:
    item, body, expected = CASES[name]
    assert lines(decisions(item, body)) == expected


def test_what_leaves_a_loop_and_what_does_not() -> None:
    found = decisions(
        Lift(),
        """
        %0, %1 = scan(%h, %x, carries=1, sequences=1) : f64[batch,3], f64[5,batch] {(a, s)
          %0 = exp(%s) : f64[batch,3]
          %1 = argmax(%s, axis=1) : i64[batch]
          %2 = cast(%1, dtype="float64") : f64[batch]
          %3 = multiply(%a, %0) : f64[batch,3]
          return carry0=%3, stack0=%2
        }
        return y=%0, z=%1
        """,
        LOOP_HEAD,
    )
    assert lines(found) == [
        "lifted exp of the loop %1 for all steps at once → %0",
        "not lifted argmax of the loop %1: no rule computes it for all steps at once",
    ]
    assert found[0].saved == Saved(calls=4)  # 5 steps; what is read and written is the same


def test_loops_that_become_one() -> None:
    loop = """
        %{0}, %{1} = scan(%h, %x, carries=1, sequences=1) : f64[batch,3], f64[5,batch,3] {{(a, s)
          %0 = exp(%s) : f64[batch,3]
          %1 = add(%a, %0) : f64[batch,3]
          %2 = {2}(%1) : f64[batch,3]
          return carry0=%1, stack0=%2
        }}
        """
    body = loop.format(0, 1, "tanh") + loop.format(2, 3, "exp") + "return y=%1, z=%3"
    (found,) = decisions(CommonSubexpressions(), body, LOOP_HEAD)
    assert lines([found]) == ["merged 2 loops of equal operands → %0"]
    assert (found.after, found.saved.nodes) == (("%0",), 1)
    # the pass that takes things out of loops merges them too, and then makes them anew, behind what it has taken out
    merged, lifted = decisions(Lift(), body, LOOP_HEAD)
    assert lines([merged, lifted]) == [
        "merged 2 loops of equal operands → %1",
        "lifted exp of the loop %1 for all steps at once → %0",
    ]
    assert (merged.after, lifted.after) == (("%1",), ("%0", "%1"))


def test_inside_a_loop() -> None:
    body = """
        %0 = scan(%h, %x, carries=1, sequences=1) : f64[batch,3] {(a, s)
          %0 = add(%a, %s) : f64[batch,3]
          %1 = tanh(%0) : f64[batch,3]
          return carry0=%1
        }
        return y=%0
        """
    (found,) = decisions(Fuse(), body, LOOP_HEAD)
    assert lines([found]) == ["fused add %0, tanh %1 → fusion.add_tanh %0"]
    assert (found.inside, found.before, found.after) == (("%0",), ("%0", "%1"), ("%0",))


def test_what_is_saved() -> None:
    (found,) = decisions(*CASES["computed twice"][:2])
    assert found.saved == Saved(nodes=1, calls=1, traffic=2 * 4 * 3 * 8)
    (hoisted, missed) = decisions(*CASES["hoisted"][:2])
    assert hoisted.saved == Saved(nodes=1, calls=1, traffic=(2 * 6 + 1) * 8)
    assert missed.saved == Saved()


def test_nothing_is_noted_outside_a_stage_or_where_nobody_listens() -> None:
    graph = parse_graph(graph_text(STATES + CASES["fused"][1], HEAD))
    notebook = Notebook()
    decide("fused", graph.nodes[0], "nobody listens")
    with notebook.listening():
        decide("fused", graph.nodes[0], "in no stage")
        Fuse().run(graph)
    run(graph, [Fuse()])
    assert notebook.decisions == []


def test_a_stage_that_fails_leaves_nothing_behind() -> None:
    class Failing(Pass):
        def run(self, graph):
            decide("fused", graph.nodes[0], "half of it")
            raise ValueError("stop")

    graph = parse_graph(graph_text(STATES + CASES["fused"][1], HEAD))
    notebook = Notebook()
    with notebook.listening():
        with pytest.raises(ValueError, match="stop"):
            run(graph, [Failing()])
        run(graph, [Fuse()])
    assert [item.stage for item in notebook.decisions] == ["fuse"]


def test_names_with_braces_are_no_format() -> None:
    body = PRODUCT.replace("dense", '"{0}"') + 's = add(%p, @b) : f64[batch,3]  # "{x}" forward\nreturn z=%s'.replace(
        "s =", "%s =", 1
    )
    (found,) = decisions(Fuse(), body)
    assert found.reason == "matmul %p is of layer '{0}', add %s of layer '{x}'"
    assert found.path == "{x}"


def test_the_same_stage_twice_is_told_apart() -> None:
    notebook = Notebook()
    graph = parse_graph(graph_text(STATES + CASES["a rule"][1], HEAD))
    with notebook.listening():
        run(graph, [Simplify()])
        run(graph, [Simplify()])
    assert [(item.stage, item.run) for item in notebook.decisions] == [("simplify", 1), ("simplify", 2)]


@pytest.mark.parametrize(("count", "text"), [(1, "one use"), (2, "two uses"), (10, "10 uses"), (0, "no uses")])
def test_uses(count: int, text: str) -> None:
    assert uses_text(count) == text
