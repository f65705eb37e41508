"""The graph: nodes in the order of their definition, typed values, named inputs, outputs and updates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from nnc.errors import GraphError, ShapeError
from nnc.ir.dimensions import SymbolicDim
from nnc.ir.leaves import Constant, Input, State
from nnc.ir.names import check_name
from nnc.ir.op import Op, op_class
from nnc.ir.placeholder import Operators, Placeholder
from nnc.ir.types import TensorType
from nnc.presentation import Presented

if TYPE_CHECKING:
    import networkx
    import numpy

    from nnc.ir.inference import Inference

PHASES = ("forward", "loss", "metrics", "backward", "update")


@dataclass(frozen=True, slots=True)
class Node:
    """One application of an op.

    Args:
        index: position in the graph; the order of indices is a topological order.
        op: what is computed.
        operands: values it reads, in order.
        types: types of its results.
        names: one name per result, empty where there is none.
        path: layer it came from, such as ``encoder/dense_1``; empty where there is none.
        phase: one of `PHASES`.
    """

    index: int
    op: Op
    operands: tuple[Value, ...]
    types: tuple[TensorType, ...]
    names: tuple[str, ...]
    path: str = ""
    phase: str = "forward"

    @property
    def is_leaf(self) -> bool:
        """Whether the node computes nothing: an input, a state or a constant."""
        return isinstance(self.op, Input | State | Constant)


@dataclass(frozen=True, slots=True, eq=False)
class Value(Operators):
    """One result of a node, made by its graph, once. Arithmetic on values adds nodes to their graph: ``x @ w + b``.

    ``==`` compares identity, as for any graph edge; the elementwise comparison is ``nnc.ops.equal``. Sets of values
    have no order that is the same in two processes.
    """

    __array_ufunc__: ClassVar[None] = None
    """Makes ``numpy.float32(2) * value`` a node, and not an array of objects."""

    graph: Graph = field(repr=False)
    index: int
    result: int = 0

    @property
    def node(self) -> Node:
        """The node that computes this value."""
        return self.graph.nodes[self.index]

    @property
    def type(self) -> TensorType:
        """Element type and shape."""
        return self.graph.nodes[self.index].types[self.result]

    @property
    def shape(self) -> tuple[Any, ...]:
        """Shape: numbers and symbols."""
        return self.type.shape

    @property
    def dtype(self) -> str:
        """NumPy's name of the element type."""
        return self.type.dtype

    @property
    def rank(self) -> int:
        """Number of dimensions."""
        return self.type.rank

    @property
    def name(self) -> str:
        """The name given to this value, or an empty string."""
        return self.node.names[self.result]

    @property
    def value(self) -> Value:
        """The value itself, as that of an object that stands for it."""
        return self

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return self.type.rank

    def numpy(self) -> Any:
        """Return the numbers of the value, where it is computed at once.

        Raises:
            GraphError: it gets its numbers when the graph runs.
        """
        return self.graph.numbers(self)

    def item(self) -> Any:
        """Return the only number of the value; see `numpy`."""
        return self.numpy().item()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        del copy
        found = self.numpy()
        return found if dtype is None else found.astype(dtype)

    def __float__(self) -> float:
        return float(self.numpy())

    def __int__(self) -> int:
        return int(self.numpy())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self.graph.is_concrete and spec else str(self)

    def __bool__(self) -> bool:
        if self.graph.is_concrete:
            return bool(self.numpy())
        raise GraphError("a graph value has no truth value; use nnc.ops.where(condition, a, b) to choose")

    def __iter__(self) -> Iterator[Value]:
        raise GraphError("a graph value cannot be iterated over; take parts of it, x[0], x[1]")


Operand = Value | Placeholder | SymbolicDim | float | int | bool


class Graph(Presented):
    """A pure dataflow graph, grown node by node and never changed afterwards; passes build new graphs.

    Args:
        name: shown in texts and pictures, such as ``train``.

    Attributes:
        source: the graph whose fusions the pass ``inline`` has opened, None for all others; no part of the text.
        origins: the node of `source` that a node comes from, by index; those that the pass has added have none.
        lowered: what passes have made of it for targets, by pipeline and size; see `nnc.passes.lower`.
    """

    is_concrete: ClassVar[bool] = False
    """Whether its values have their numbers while it is built, as that of `nnc.array_graph` does."""

    def __init__(self, name: str = "graph") -> None:
        check_name(name, "a graph")
        self.name = name
        self.source: Graph | None = None
        self.origins: Mapping[int, Node] = {}
        self.lowered: dict[object, Graph] = {}
        self.nodes: list[Node] = []
        self._inferred: list[Node] = []
        self._results: list[tuple[Value, ...]] = []
        self.inputs: dict[str, Value] = {}
        self.states: dict[str, Value] = {}
        self.outputs: dict[str, Value] = {}
        self.updates: dict[str, Value] = {}
        self._constants: dict[Constant, Value] = {}
        self._path = ""
        self._phase = "forward"
        self._nx: tuple[Any, networkx.MultiDiGraph[int]] | None = None
        self._text: tuple[Any, str] | None = None
        self._inference: tuple[int, Inference] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "lowered": {}, "_nx": None, "_text": None, "_inference": None}  # found again

    # ------------------------------------------------------------------ building

    @contextmanager
    def scope(self, path: str | None = None, phase: str | None = None) -> Iterator[None]:
        """Give nodes added inside the block this layer path and phase.

        Raises:
            GraphError: the path is not a name; see `nnc.ir.names`.
        """
        if path:
            check_name(path, "a layer")
        before = self._path, self._phase
        self._path = before[0] if path is None else path
        self._phase = before[1] if phase is None else phase
        try:
            yield
        finally:
            self._path, self._phase = before

    @property
    def path(self) -> str:
        """Layer path of the nodes that are being added."""
        return self._path

    def add(self, op: Op, *operands: Value, names: Sequence[str] = ()) -> tuple[Value, ...]:
        """Append a node and return its results.

        Raises:
            GraphError: an operand belongs to another graph, or there are more names than results.
            ShapeError: the op does not accept the operands' types.
        """
        for operand in operands:
            if operand.graph is not self:
                raise GraphError(f"operand of '{op.name}' belongs to graph '{operand.graph.name}', not '{self.name}'")
        types = op.result_types([operand.type for operand in operands])
        if len(names) > len(types):
            raise GraphError(f"'{op.name}' has {len(types)} results, got {len(names)} names: {', '.join(names)}")
        padded = tuple(names) + ("",) * (len(types) - len(names))
        return self._append(Node(len(self.nodes), op, operands, types, padded, self._path, self._phase))

    def _append(self, node: Node) -> tuple[Value, ...]:
        self.nodes.append(node)
        self._inferred.append(node)
        results = tuple([Value(self, node.index, result) for result in range(len(node.types))])
        self._results.append(results)
        return results

    def input(self, label: str, type: TensorType) -> Value:
        """Declare an input."""
        if label in self.inputs:
            raise GraphError(f"graph '{self.name}' already has an input named '{label}'")
        self.inputs[label] = value = self.add(Input(label, type), names=(label,))[0]
        return value

    def state(self, label: str, type: TensorType, role: str) -> Value:
        """Declare a state, or return the one declared before under this label."""
        op = State(label, type, role)
        known = self.states.get(label)
        if known is not None:
            if known.node.op != op:
                raise GraphError(f"state '@{label}' is declared twice, as {known.node.op} and as {op}")
            return known
        self.states[label] = value = self.add(op, names=(label,))[0]
        return value

    def constant(self, data: numpy.typing.ArrayLike, dtype: str, shape: tuple[int, ...] | None = None) -> Value:
        """Return the constant with these numbers; equal constants are one node. For errors, see `Constant.of`."""
        return self.add_constant(Constant.of(data, dtype, shape))

    def of_array(self, array: Any) -> Value:
        """Return an array as a value: a constant."""
        import numpy

        given = numpy.asarray(array)
        return self.constant(given, given.dtype.name)

    def numbers(self, value: Value) -> Any:
        """Return the numbers of a value.

        Raises:
            GraphError: it gets them when the graph runs.
        """
        raise GraphError(
            f"{value!r} has no numbers yet: they are computed when the graph runs; use nnc.ops instead of NumPy's"
            " functions"
        )

    def add_constant(self, op: Constant) -> Value:
        """Return the node of a constant, adding it where it is new."""
        if op not in self._constants:
            with self.scope(path="", phase="forward"):
                self._constants[op] = self.add(op)[0]
        return self._constants[op]

    def as_value(self, operand: Operand, like: Value) -> Value:
        """Return a value: a placeholder's meaning, or for a number, or a length, one of `like`'s element type."""
        if isinstance(operand, Value):
            return operand
        if isinstance(operand, SymbolicDim):
            size: Any = op_class("size")
            return self.add(size((operand,), like.dtype))[0]
        return operand.value if isinstance(operand, Placeholder) else self.constant(operand, like.dtype)

    def output(self, label: str, value: Value) -> None:
        """Name a result of the graph.

        Raises:
            GraphError: another value has this name already.
        """
        check_name(label, "an output")
        if self.outputs.get(label, value) != value:
            raise GraphError(f"graph '{self.name}' already has an output named '{label}'")
        self.outputs[label] = self._own(value)

    def update(self, label: str, value: Value) -> None:
        """Let the state `label` have `value` after the run.

        Raises:
            GraphError: there is no such state, or it gets another value already.
            ShapeError: the value's type is not the state's.
        """
        if label not in self.states:
            raise GraphError(f"graph '{self.name}' has no state '@{label}' to update")
        if self.states[label].type != value.type:
            raise ShapeError(f"state '@{label}' is {self.states[label].type} and cannot become {value.type}")
        if self.updates.get(label, value) != value:
            raise GraphError(f"graph '{self.name}' already has an update of state '@{label}'")
        self.updates[label] = self._own(value)

    def has_inferred(self, node: Node) -> bool:
        """Whether the types of a node are those that `add` has inferred: it was not put here by hand."""
        return node.index < len(self._inferred) and self._inferred[node.index] is node

    def _own(self, value: Value) -> Value:
        if value.graph is not self:
            raise GraphError(f"value belongs to graph '{value.graph.name}', not '{self.name}'")
        return value

    def set_name(self, value: Value, name: str) -> None:
        """Give a value a name for texts, unless it has one."""
        node = self._own(value).node
        if not node.is_leaf and not value.name:
            names = (*node.names[: value.result], name, *node.names[value.result + 1 :])
            renamed = replace(node, names=names)
            self._inferred[node.index] = renamed if self.has_inferred(node) else self._inferred[node.index]
            self.nodes[node.index] = renamed
            self._nx = self._text = None
            self.lowered.clear()

    def copy_node(self, node: Node, operands: Iterable[Value]) -> tuple[Value, ...]:
        """Append a node of another graph, with its names, path and phase."""
        op, operands = node.op, tuple(operands)
        if operands and self._infers_alike(node, operands):
            return self._append(Node(len(self.nodes), op, operands, node.types, node.names, node.path, node.phase))
        if isinstance(op, Input):
            return (self.input(op.label, op.type),)
        if isinstance(op, State):
            return (self.state(op.label, op.type, op.role),)
        if isinstance(op, Constant):
            return (self.add_constant(op),)
        with self.scope(node.path, node.phase):
            return self.add(op, *operands, names=node.names)

    def copy_computation(self, node: Node, operands: Iterable[Value]) -> tuple[Value, ...]:
        """Append a node of another graph that computes something, with its names, to the layer and phase of `scope`."""
        op, operands = node.op, tuple(operands)
        if self._infers_alike(node, operands):
            return self._append(Node(len(self.nodes), op, operands, node.types, node.names, self._path, self._phase))
        return self.add(op, *operands, names=node.names)

    def _infers_alike(self, node: Node, operands: tuple[Value, ...]) -> bool:
        """Whether a node of another graph has the types that its op would infer for these operands of this graph."""
        known = node.operands
        if len(known) != len(operands) or not known or not known[0].graph.has_inferred(node):
            return False
        for old, new in zip(known, operands, strict=True):
            given, type = new.type, old.type
            if new.graph is not self or (given is not type and given != type):
                return False
        return True

    def bind(self, bindings: Mapping[str, int]) -> Graph:
        """Return the graph with numbers instead of symbols."""
        bound = Graph(self.name)
        values: dict[Value, Value] = {}
        for node in self.nodes:
            operands = [values[operand] for operand in node.operands]
            op = node.op.bind(bindings)
            if op is node.op or node.is_leaf:
                results = bound.copy_node(replace(node, op=op), operands)
            else:  # with the same operands, the bound op has other types
                with bound.scope(node.path, node.phase):
                    results = bound.add(op, *operands, names=node.names)
            values.update(zip(self.results(node), results, strict=True))
        for label, value in self.outputs.items():
            bound.output(label, values[value])
        for label, value in self.updates.items():
            bound.update(label, values[value])
        return bound

    def check_sizes(self, bindings: Mapping[str, int]) -> None:
        """Infer all types, those in bodies too, again with numbers instead of symbols.

        Raises:
            SymbolError: a symbol has no size.
            ShapeError: the graph has no meaning for these sizes, or a value is too large; see `nnc.ir.inference`.
        """
        key = len(self.nodes)
        if self._inference is None or self._inference[0] != key:
            from nnc.ir.inference import Inference

            self._inference = key, Inference(self)
        self._inference[1].check(bindings)

    # ------------------------------------------------------------------ looking

    def uses(self) -> dict[Value, list[Node]]:
        """Return the nodes that read each value, a node once per operand."""
        uses: dict[Value, list[Node]] = {}
        for node in self.nodes:
            for operand in node.operands:
                uses.setdefault(operand, []).append(node)
        return uses

    def results(self, node: Node) -> tuple[Value, ...]:
        """Return the values a node computes."""
        return self._results[node.index]

    @property
    def roots(self) -> tuple[Value, ...]:
        """The values that leave the graph: outputs, then updates."""
        return (*self.outputs.values(), *self.updates.values())

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the run-time dimensions, sorted."""
        return tuple(sorted({name for node in self.nodes for type in node.types for name in type.symbols}))

    @property
    def nx(self) -> networkx.MultiDiGraph[int]:
        """The graph as a networkx ``MultiDiGraph``.

        Nodes are node indices with the attribute ``node``; an edge's key is the operand's position (``x * x`` has two),
        its attribute ``result``. The graph has ``name``, ``outputs`` and ``updates``, and is frozen, its copy is not.
        """
        key = self._stage()
        if self._nx is None or self._nx[0] != key:
            import networkx

            graph: networkx.MultiDiGraph[int] = networkx.MultiDiGraph(
                name=self.name, outputs=dict(self.outputs), updates=dict(self.updates)
            )
            for node in self.nodes:
                graph.add_node(node.index, node=node)
                for position, operand in enumerate(node.operands):
                    graph.add_edge(operand.index, node.index, key=position, result=operand.result)
            self._nx = key, networkx.freeze(graph)
        return self._nx[1]

    def _stage(self) -> Any:
        """A stamp that changes when the graph grows."""
        return len(self.nodes), tuple(self.outputs.items()), tuple(self.updates.items())

    @staticmethod
    def from_nx(source: networkx.MultiDiGraph[int]) -> Graph:
        """Build a graph from a networkx graph of the form of `nx`, in lexicographical topological order.

        Raises:
            GraphError: the graph has a cycle, or operands are missing, or it is not of that form.
        """
        import networkx

        graph = Graph(source.graph.get("name", "graph"))
        mapping: dict[tuple[int, int], Value] = {}
        try:
            for index in networkx.lexicographical_topological_sort(source):
                node: Node = source.nodes[index]["node"]
                incoming: Any = source.in_edges(index, keys=True, data="result")
                edges = sorted((key, start, result) for start, _, key, result in incoming)
                if [key for key, _, _ in edges] != list(range(len(node.operands))):
                    raise GraphError(f"node {index} ({node.op.name}) needs {len(node.operands)} operands")
                results = graph.copy_node(node, [mapping[start, result] for _, start, result in edges])
                mapping.update(((index, position), value) for position, value in enumerate(results))
            for label, value in source.graph.get("outputs", {}).items():
                graph.output(label, mapping[value.index, value.result])
            for label, value in source.graph.get("updates", {}).items():
                graph.update(label, mapping[value.index, value.result])
        except networkx.NetworkXUnfeasible as error:
            raise GraphError("the graph has a cycle") from error
        except KeyError as error:
            raise GraphError(f"the graph has not the form of 'Graph.nx': there is no {error}") from error
        return graph

    def __str__(self) -> str:
        from nnc.ir.printer import print_graph

        return print_graph(self)

    def __repr__(self) -> str:
        inputs, outputs = list(self.inputs), list(self.outputs)
        return f"<Graph '{self.name}': {len(self.nodes)} nodes, inputs {inputs}, outputs {outputs}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Graph) and (self is other or self._comparable() == other._comparable())

    def __hash__(self) -> int:
        return hash(self._comparable())

    def _comparable(self) -> str:
        """Return the text, which is printed once: common subexpressions are looked up by bodies too."""
        key = self._stage()
        if self._text is None or self._text[0] != key:
            self._text = key, str(self)
        return self._text[1]
