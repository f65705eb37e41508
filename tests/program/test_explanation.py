"""What `explain` claims is true of the graphs before and after each pass, and of the plan; and nothing is left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

import networkx
import pytest

import nnc
from nnc.backends import find_backend
from nnc.backends.c.backend import CBackend
from nnc.execution.explanation import Explanation, explain
from nnc.ir import HOISTED, Constant, Graph, Node, State, Value, value_names
from nnc.ir.decisions import COUNTS, PLAN, Decision
from nnc.ir.ops.fusion import Fusion
from nnc.ir.ops.scan import Scan
from nnc.passes import count_nodes
from nnc.passes.fuse import PRODUCTS
from nnc.plan import Place, Plan
from nnc.program import Program
from tests.parity.networks import NETWORKS


def base() -> nnc.Model:
    return nnc.models.load_model("examples/base.yaml")


def lstm() -> nnc.Model:
    layers = nnc.layers
    model = nnc.Sequential([layers.Input((5, 3)), layers.LSTM(4), layers.Dense(2, "softmax")], name="lstm")
    model.compile("sgd", "categorical_crossentropy")
    return model


def gated() -> nnc.Model:
    """A model with what is nearly fused, folded and hoisted."""
    layers = nnc.layers
    x = nnc.Input((6, 6, 4))
    y = layers.Conv2D(4, 3, padding="same", groups=2, use_bias=False)(x)
    y = layers.BatchNormalization()(y)
    z = layers.Conv2D(4, 3, padding="same")(y)
    y = layers.Add()([layers.BatchNormalization()(z), z])
    y = layers.Dense(3, "relu", use_bias=False)(layers.Flatten()(y))
    y = layers.Activation("sigmoid")(layers.Dense(3, "gelu")(y))
    model = nnc.Model(x, y, name="gated")
    model.compile("adam", "mse")
    return model


def parity(name: str) -> Callable[[], nnc.Model]:
    def make() -> nnc.Model:
        model = NETWORKS[name].build(nnc)
        model.compile(**NETWORKS[name].compile(nnc))
        return model

    return make


MODELS = {"base": base, "lstm": lstm, "gated": gated} | {
    name: parity(name) for name in ("residual", "bidirectional", "transformer")
}


@dataclass
class Case:
    """An explanation, and the graphs and the plan that it is about."""

    explanation: Explanation
    stages: dict[tuple[str, int], tuple[Graph, Graph]] = field(default_factory=dict)
    plan: Plan | None = None

    def decisions(self, stage: str, kind: str | None = None, done: bool | None = None) -> list[Decision]:
        return [
            item
            for item in self.explanation.decisions
            if item.stage == stage and kind in (None, item.kind) and done in (None, item.done)
        ]


@cache
def case(name: str, graph: str, backend: str = "numpy") -> Case:
    nnc.utils.set_random_seed(0)
    model = MODELS[name]()
    found: list[tuple[str, Graph]] = []
    program: Program = model.make_program(None, lambda item, result, _: found.append((item.name, result)))
    program.backend = CBackend() if backend == "c" else find_backend("numpy")  # to plan, no compiler is needed
    lowered = model.make_compiler(None, None).lower(graph, training=graph == "train")
    program.graph(graph)
    found.clear()
    result = Case(program.explain(graph, batch=8))
    runs: dict[str, int] = {}
    before = lowered
    for stage, after in found:
        runs[stage] = runs.get(stage, 0) + 1
        result.stages[stage, runs[stage]] = before, after
        before = after
    result.plan = program.plan(graph, 8)
    assert str(result.plan.graph) == str(before)
    assert str(program.graph(graph)) == str(result.stages["schedule", 1][1])
    return result


GRAPHS = {"gated": ("train", "predict", "evaluate"), "bidirectional": ("train",), "transformer": ("train",)}
CASES = [(name, graph) for name in MODELS for graph in GRAPHS.get(name, ("train", "predict"))]
PLANNED = [(*case, "numpy") for case in CASES] + [(*case, "c") for case in CASES if case[0] in ("gated", "lstm")]


_NAMES: dict[int, tuple[Graph, dict[str, Value]]] = {}


def names_of(graph: Graph) -> dict[str, Value]:
    if id(graph) not in _NAMES:  # the graph is kept, so that no other one gets its number
        _NAMES[id(graph)] = graph, {name: value for value, name in value_names(graph).items()}
    return _NAMES[id(graph)][1]


def bodies(graph: Graph) -> Iterator[Graph]:
    for node in graph.nodes:
        if isinstance(node.op, Scan):
            yield node.op.body
            yield from bodies(node.op.body)


def in_graph(decision: Decision, graph: Graph, names: tuple[str, ...], text: str = "") -> dict[str, Value]:
    """Return the values with these names; inside a loop, of a body that has them all, and a node of this title."""
    for body in bodies(graph) if decision.inside else [graph]:
        known = names_of(body)
        if known.keys() >= set(names) and (not text or known[names[0]].node.op.title == text):
            return {name: known[name] for name in names}
    raise AssertionError(f"{names} are not in {graph}")


def in_plan(plan: Plan, decision: Decision) -> tuple[Plan, list[Value]]:
    """Return the plan that a decision is about, which is that of a body inside a loop, and its values."""
    for name in decision.inside:
        index = names_of(plan.graph)[name].index
        plan = plan.loops[index].plan
    known = names_of(plan.graph)
    return plan, [known[name] for name in decision.after]


def plans(plan: Plan) -> Iterator[Plan]:
    yield plan
    for loop in plan.loops.values():
        yield from plans(loop.plan)


@pytest.mark.parametrize(("name", "graph", "backend"), PLANNED)
@pytest.mark.sampled(1)
def test_every_claim_has_its_node(name: str, graph: str, backend: str) -> None:
    found = case(name, graph, backend)
    assert found.explanation.decisions
    for item in found.explanation.decisions:
        assert item.text, item
        if item.stage == PLAN:
            assert item.after
            in_plan(found.plan, item)
            continue
        before, after = found.stages[item.stage, item.run]
        assert in_graph(item, before, item.before).keys() == set(item.before)
        assert in_graph(item, after, item.after).keys() == set(item.after)
        mentioned = set(re.findall(r"[%@][\w/.]*\w", f"{item.text} {item.reason}"))
        if not item.inside:
            assert mentioned <= names_of(before).keys() | names_of(after).keys(), item


def test_passes_for_loop_nests_are_told() -> None:
    kinds = [{item.kind for item in case("lstm", "train", backend).explanation.decisions} for backend in ("c", "numpy")]
    assert [{"sunk", "split"} & found for found in kinds] == [{"sunk", "split"}, set()]


@pytest.mark.parametrize(("name", "graph"), CASES)
@pytest.mark.sampled(1)
def test_the_nodes_that_are_saved_are_gone(name: str, graph: str) -> None:
    found = case(name, graph)
    for stage in ("cse", "fold-constants", "hoist", "fuse"):
        if (stage, 1) in found.stages:
            before, after = found.stages[stage, 1]
            saved = sum(item.saved.nodes for item in found.decisions(stage) if not item.inside)
            assert count_nodes(before) - count_nodes(after) == saved, stage


@pytest.mark.sampled(5)
@pytest.mark.parametrize(("name", "graph"), CASES)
def test_fusions(name: str, graph: str) -> None:
    found = case(name, graph)
    before, after = found.stages["fuse", 1]
    for item in found.decisions("fuse", "fused", done=True):
        title = re.search(r"→ (\S+) ", item.text)[1]
        sources, results = in_graph(item, before, item.before), in_graph(item, after, item.after, title)
        (fusion,) = {value.index: value.node for value in results.values()}.values()
        assert isinstance(fusion.op, Fusion)
        inner = [node for node in fusion.op.body.nodes if not node.is_leaf]
        nodes = {value.index: value.node for value in sources.values()}
        assert item.inside or [node.op for node in inner] == [node.op for node in nodes.values()]
        assert item.saved.nodes == len(inner) - 1
        assert (fusion.path, fusion.phase) == (item.path, item.phase)
    fusions = [node for each in (after, *bodies(after)) for node in each.nodes if isinstance(node.op, Fusion)]
    assert len(found.decisions("fuse", "fused", done=True)) == len(fusions)


@pytest.mark.parametrize(("name", "graph"), CASES)
def test_what_is_merged_and_folded(name: str, graph: str) -> None:
    found = case(name, graph)
    for item in found.decisions("cse", "merged"):
        if item.before:
            before = in_graph(item, found.stages["cse", 1][0], item.before)
            first, second = (before[item.before[position]].node for position in (0, -1))
            assert first.op == second.op
            assert first.index < second.index
    for item in found.decisions("fold-constants", "folded"):
        (value,) = in_graph(item, found.stages["fold-constants", 1][0], item.before).values()
        assert all(isinstance(operand.node.op, Constant) for operand in value.node.operands)
        assert item.done != bool(value.type.symbols)
    for item in found.decisions("fold-batch-norm", "folded", done=True):
        before, after = found.stages["fold-batch-norm", 1]
        steps = [value.node for value in in_graph(item, before, item.before).values()]
        assert steps[0].op.kernel is not None
        for node, following in pairwise(steps):
            assert [node.index] == [value.index for value in following.operands if value.index == node.index]
        (result,) = in_graph(item, after, item.after).values()
        affine = [node for node in steps[1:] if node.op.name not in ("reshape", "transpose")]
        chain = networkx.ancestors(after.nx, result.index) | {result.index}
        products = [after.nodes[index] for index in chain if after.nodes[index].op == steps[0].op]
        assert products
        assert affine


@pytest.mark.parametrize("name", ["base", "lstm", "gated", "residual"])
def test_what_is_hoisted(name: str) -> None:
    found = case(name, "predict")
    after = found.stages["hoist", 1][1]
    hoisted = [value for value in after.states.values() if value.node.op.role == HOISTED]
    told = found.decisions("hoist", "hoisted", done=True)
    assert sorted(item.after for item in told) == sorted((value_names(after)[value],) for value in hoisted)
    for item in found.decisions("hoist", "hoisted", done=False):
        (value,) = in_graph(item, found.stages["hoist", 1][0], item.before).values()
        if item.reason == "it is a view, which costs nothing":
            assert value.node.op.view([nnc.ir.Layout.dense(value.node.operands[0].shape)], value.node.types) is not None
        else:
            labels = re.fullmatch(r"each run changes @(\S+)", item.reason)
            assert labels is not None, item.reason


# ------------------------------------------------------------------ why not


def number(word: str) -> int:
    return COUNTS.index(word) if word in COUNTS else int(word)


def check_reason(text: str, graph: Graph, source: Node | None = None, node: Node | None = None) -> None:
    """Check a reason why something was not fused or folded against the graph before the pass."""
    known = names_of(graph)
    if uses := re.fullmatch(r"(\S+) has (\w+) uses?", text):
        assert len(graph.uses().get(known[uses[1]], ())) == number(uses[2])
    elif leaves := re.fullmatch(r"(\S+) leaves the graph", text):
        assert known[leaves[1]] in graph.roots
    elif layers := re.fullmatch(r"\w+ (\S+) is of (.+), \w+ (\S+) of (.+)", text):
        for name, layer in ((layers[1], layers[2]), (layers[3], layers[4])):
            node = known[name].node
            assert layer == (f"layer '{node.path}'" if node.path else f"the {node.phase} of no layer")
        assert known[layers[1]].node.path != known[layers[3]].node.path
    elif inputs := re.fullmatch(r"(\S+) depends on the inputs", text):
        sources = {known[name].index for name in (f"%{label}" for label in graph.inputs)}
        assert sources & networkx.ancestors(graph.nx, known[inputs[1]].index)
    elif product := re.fullmatch(r"(\S+) is not a product with a kernel and a bias", text):
        assert known[product[1]].node.op.kernel is None
    elif bias := re.fullmatch(r"\w+ (\S+) has no bias", text):
        readers = graph.uses()[known[bias[1]]]
        assert not any(reader.op.name == "add" and min(x.rank for x in reader.operands) == 1 for reader in readers)
    elif part := re.fullmatch(r"each filter of (\S+) sees a part of the channels", text):
        (product_node,) = graph.uses()[known[part[1]]]
        assert product_node.op.groups > 1
    else:
        raise AssertionError(f"an unknown reason: {text}")


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("name", "graph"), CASES)
def test_near_misses_of_folding(name: str, graph: str) -> None:
    found = case(name, graph)
    for stage in ("fold-sign", "fold-batch-norm"):
        for item in found.decisions(stage, done=False):
            check_reason(item.reason, found.stages[stage, 1][0])


@pytest.mark.parametrize(("name", "graph"), CASES)
def test_near_misses_of_fusion(name: str, graph: str) -> None:
    found = case(name, graph)
    before = found.stages["fuse", 1][0]
    group_of: dict[int, int] = {node.index: node.index for node in before.nodes}
    kinds: dict[int, str] = {}
    for item in found.decisions("fuse", done=True):
        if not item.inside:
            members = sorted({value.index for value in in_graph(item, before, item.before).values()})
            group_of |= dict.fromkeys(members, members[0])
            kinds[members[0]] = item.text.rpartition("→ fusion.")[2]
    contracted = networkx.DiGraph(
        (group_of[operand.index], group_of[node.index]) for node in before.nodes for operand in node.operands
    )
    known = names_of(before)
    for item in found.decisions("fuse", done=False):
        if item.inside:
            continue
        source, node = (
            known[name].index for name in re.fullmatch(r"\w+ (\S+?)(?:, .*)? with \w+ (\S+)", item.text).groups()
        )
        assert group_of[source] != group_of[node], item
        assert any(operand.index == source for operand in before.nodes[node].operands)
        if between := re.fullmatch(r"(\S+) needs \w+ (\S+) and is needed by \w+ (\S+)", item.reason):
            middle = group_of[known[between[1]].index]
            assert middle not in (group_of[source], group_of[node])
            assert networkx.has_path(contracted, group_of[source], middle)
            assert networkx.has_path(contracted, middle, group_of[node])
        elif item.reason == "a product takes in its bias and one activation, no more":
            assert kinds[group_of[source]].startswith(tuple(PRODUCTS.values()))
        else:
            check_reason(item.reason, before)


def test_the_example_of_two_uses() -> None:
    found = case("gated", "evaluate")
    reasons = [item.reason for item in found.decisions("fold-batch-norm", done=False)]
    assert any(re.fullmatch(r"%\S+ has two uses", reason) for reason in reasons), reasons


# ------------------------------------------------------------------ the plan


_PLACES: dict[int, tuple[Plan, dict[Value, Place]]] = {}


def places_of(plan: Plan) -> dict[Value, Place]:
    if id(plan) not in _PLACES:
        _PLACES[id(plan)] = plan, plan.places(plan.bindings)
    return _PLACES[id(plan)][1]


def bytes_of(plan: Plan, value: Value) -> tuple[object, int, int]:
    """Return where a value lies: what in, its first byte there, and the one behind its last."""
    place = places_of(plan)[value]
    pairs = zip(place.layout.shape, place.layout.strides, strict=True)
    steps = [(int(dim) - 1) * int(stride) for dim, stride in pairs]
    width = place.type.nbytes // max(int(place.type.size), 1)
    start = place.byte_offset + int(place.layout.offset) * width
    low, high = (sum(step for step in steps if step * sign > 0) for sign in (-1, 1))
    home = "arena" if place.home.buffer is not None else place.home.state
    return home, start + low * width, start + (high + 1) * width


def check_placed(plan: Plan, item: Decision, values: list[Value]) -> None:
    places = places_of(plan)
    first = values[0]
    if item.kind == "in place":
        assert bytes_of(plan, first) == bytes_of(plan, values[1])
        assert item.saved.arena == places[first].type.nbytes
    elif item.kind == "a view":
        base, start, end = bytes_of(plan, values[-1])
        for value in values[:-1]:
            inner, low, high = bytes_of(plan, value)
            assert (inner, start <= low, high <= end) == (base, True, True)
        assert item.saved.arena == sum(places[value].type.nbytes for value in values[:-1])
    elif item.kind == "in its part":
        (home, low, high), (whole, start, end) = (bytes_of(plan, value) for value in values)
        assert (home, start <= low, high <= end) == (whole, True, True)
    elif item.kind == "in the state":
        assert isinstance(values[1].node.op, State)
        assert bytes_of(plan, first) == bytes_of(plan, values[1])
    elif item.kind == "known beforehand":
        assert all(places[value].constant is not None for value in values)
    elif item.kind == "in a register":
        assert places[first].home.register
        readers = {node.index for node in plan.graph.uses()[first]}
        assert item.saved.traffic == places[first].type.nbytes * (1 + len(readers))
    elif item.kind == "in one loop":
        (nest,) = {plan.storage.nests[value.index].steps for value in values}
        assert {value.index for value in values} == set(nest)
    elif item.kind == "packed beforehand":
        assert plan.storage.prepacked[first.index].type.nbytes <= plan.prepacked_bytes
    elif item.kind == "in tiles":
        assert places[first].tiled
        assert item.saved.arena == places[first].type.nbytes - plan.storage.buffers[places[first].home.buffer].nbytes
    else:
        raise AssertionError(f"an unknown decision: {item}")


def check_not_placed(plan: Plan, item: Decision, values: list[Value]) -> None:
    known = names_of(plan.graph)
    shared = [bytes_of(plan, value) for value in values]
    if item.kind in ("in place", "in the state", "in its part") and len(shared) > 1:
        assert shared[0] != shared[1]
    if item.kind == "in place":
        assert values[0].index not in plan.storage.inplace
    for reason in item.reason.split("; "):
        if again := re.fullmatch(r"(\S+) is read again by [\w.]+ (\S+?)(,.*)?", reason):
            value, reader = known[again[1]], known[again[2]].node
            assert value in reader.operands
            assert reader.index > min(value.index for value in values)
        elif loop := re.fullmatch(r"the loop that reads (\S+) comes back to it", reason):
            assert plan.storage.last_use[known[loop[1]]] > plan.storage.last_reader[known[loop[1]]]
        elif leaves := re.fullmatch(r"(\S+) leaves the graph", reason):
            assert known[leaves[1]] in plan.graph.roots
        elif typed := re.fullmatch(r"(\S+) is ([a-z0-9]+\[.*\])", reason):
            assert str(known[typed[1]].type) == typed[2] != str(values[0].type)
        elif pack := re.fullmatch(
            r"(\S+) is (a part of a pack already|a pack itself|an input|known beforehand)", reason
        ):
            assert pack[1] in known
        elif place := re.fullmatch(r"(\S+) lies in @(.*)", reason):
            assert plan.storage.homes[known[place[1]]].state == place[2]
        elif re.fullmatch(r"\S+ needs elements that lie one behind the other", reason):
            assert values[0].node.op.name == "copy"
        elif apart := re.fullmatch(r"the elements of (\S+) do not lie one behind the other", reason):
            assert not plan.storage.layouts[known[apart[1]]].is_dense
        elif part := re.fullmatch(r"(\S+) is a part of something", reason):
            value = known[part[1]]
            buffer = plan.storage.homes[value].buffer
            whole = buffer is not None and plan.storage.buffers[buffer].nbytes == places_of(plan)[value].type.nbytes
            assert not whole or not plan.storage.layouts[value].is_dense
        elif parts := re.fullmatch(r"parts of (\S+) are computed before", reason):
            buffer = plan.storage.homes[known[parts[1]]].buffer
            assert any(other.inside is not None and other.inside[0] == buffer for other in plan.storage.buffers)
        elif not re.fullmatch(r"(other elements of \S+ are read as well|\w+ \S+ reads other elements .*)", reason):
            raise AssertionError(f"an unknown reason: {reason}")


@pytest.mark.parametrize(("name", "graph", "backend"), PLANNED)
@pytest.mark.sampled(2)
def test_the_plan_is_as_told(name: str, graph: str, backend: str) -> None:
    found = case(name, graph, backend)
    for item in found.decisions(PLAN):
        plan, values = in_plan(found.plan, item)
        check_placed(plan, item, values) if item.done else check_not_placed(plan, item, values)


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("name", "graph", "backend"), PLANNED)
def test_nothing_of_the_plan_is_left_out(name: str, graph: str, backend: str) -> None:
    found = case(name, graph, backend)
    told: dict[str, set[tuple[int, Value]]] = {}
    for item in found.decisions(PLAN, done=True):
        plan, values = in_plan(found.plan, item)
        told.setdefault(item.kind, set()).update((id(plan), value) for value in values)
    for plan in plans(found.plan):
        storage = plan.storage
        for index in storage.inplace:
            (result,) = plan.graph.results(plan.graph.nodes[index])
            assert (id(plan), result) in told.get("in place", set()) | told.get("in the state", set())
        assert {(id(plan), value) for value in storage.views} <= told.get("a view", set())
        for value, home in storage.homes.items():
            if home.register:
                assert (id(plan), value) in told["in a register"]
    copied = sum(len(plan.storage.copies) for plan in plans(found.plan))
    assert len(found.decisions(PLAN, "in the state", done=False)) == copied


def test_it_is_the_same_each_time_and_changes_nothing() -> None:
    program = lstm().program
    before = str(program.graph("train"))
    first, second = program.explain("train", 8), program.explain("train", 8)
    assert first == second
    assert str(first) == str(second)
    assert str(program.graph("train")) == before
    assert program.compilations == 0


def test_bytes_are_those_of_the_batch() -> None:
    program = base().program
    small, large = (program.explain("predict", batch) for batch in (8, 80))
    pairs = zip(small.decisions, large.decisions, strict=True)
    in_place = [(one.saved.arena, ten.saved.arena) for one, ten in pairs if one.kind == "in place" and one.done]
    assert in_place
    assert all(ten == 10 * one for one, ten in in_place)


def test_a_loaded_program_explains_its_plan_alone(tmp_path) -> None:
    program = base().program
    program.save(tmp_path / "base.nnc")
    found = nnc.load(tmp_path / "base.nnc").explain("train")
    assert {item.stage for item in found.decisions} == {PLAN}
    assert found.decisions == tuple(item for item in program.explain("train").decisions if item.stage == PLAN)
    assert "explain the model to see them" in str(found)
    assert "explain the model to see them" not in str(program.explain("train"))


def test_an_unknown_graph() -> None:
    with pytest.raises(nnc.errors.GraphError, match="has no graph 'trian'"):
        base().program.explain("trian")


def test_explain_is_what_the_method_calls() -> None:
    program = base().program
    assert explain(program.executor, "predict", 8) == program.explain("predict", 8)
