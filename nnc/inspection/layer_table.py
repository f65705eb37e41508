"""The layers of a model with their shapes, weights and costs, as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

from nnc.errors import ModelError
from nnc.inspection.subject import Subject
from nnc.ir import NOMINAL_SIZE, TensorType, nominal_sizes
from nnc.ir.cost import PHASE_NAMES, flops_by_layer
from nnc.ir.types import ITEM_SIZES
from nnc.layers.lengths import length_names
from nnc.layers.opened import InnerOperation
from nnc.models import Model
from nnc.models.config import layer_entry
from nnc.models.text_edge import text_results
from nnc.program import PREDICT, Program, VariableSpec
from nnc.render.architecture import class_name
from nnc.render.labels import shape_text


@dataclass(frozen=True)
class LayerRecord:
    """A layer.

    Args:
        path: its name, behind those of the models around it, such as ``encoder/dense``.
        kind: its class; empty where it is not known.
        depth: models, and layers of their authors', around it.
        outputs: types of what it returns, when it is first called.
        calls: how often it is called.
        trained: elements of weights that training changes.
        fixed: elements of other weights.
        weight_bytes: bytes of the weights.
        output_bytes: bytes of what its calls return, for a batch.
        flops: floating-point operations of the compiled graph that come from it.
        backward_flops: those of them in the backward pass.
        inputs: paths of the layers whose outputs it reads, when it is first called.
        config: its config.
    """

    path: str
    kind: str
    depth: int = 0
    outputs: tuple[TensorType, ...] = ()
    calls: int = 1
    trained: int = 0
    fixed: int = 0
    weight_bytes: int = 0
    output_bytes: int = 0
    flops: int = 0
    backward_flops: int = 0
    inputs: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name in the model it is a part of."""
        return self.path.rpartition("/")[2]

    @property
    def parameters(self) -> int:
        """Elements of all weights."""
        return self.trained + self.fixed

    @property
    def shape(self) -> str:
        """The shapes of its outputs."""
        return ", ".join(map(shape_text, self.outputs))


def layer_records(subject: Subject) -> tuple[LayerRecord, ...]:
    """Return the layers in the order of the model, each once; those of a model inside it behind that model."""
    program, model = subject.program, subject.model
    records = _of_program(program) if model is None else _of_model(model)
    return tuple(_with_weights(record, program) for record in records)


def with_costs(records: Sequence[LayerRecord], program: Program, graph: str, batch: int) -> tuple[LayerRecord, ...]:
    """Return the records with what their layers cost in one run of a graph with so many rows."""
    flops = flops_by_layer(program.graph(graph), batch)
    sizes = nominal_sizes(program.graph(graph), batch)
    dtype = float_type(program)
    return tuple(
        replace(
            record,
            output_bytes=record.calls * sum(_nbytes(type, sizes, dtype) for type in record.outputs),
            flops=sum(count for (path, _), count in flops.items() if _is_inside(path, record.path)),
            backward_flops=sum(
                count for (path, phase), count in flops.items() if _is_inside(path, record.path) and phase == "backward"
            ),
        )
        for record in records
    )


def float_type(program: Program) -> str:
    """Return the floating-point type that a program computes in."""
    return next((spec.dtype for spec in program.spec.outputs if spec.dtype.startswith("float")), "float32")


def other_flops(records: Sequence[LayerRecord], program: Program, graph: str, batch: int) -> dict[str, int]:
    """Return the operations of a graph that come from no layer, by what they belong to, such as the loss."""
    known = [record.path for record in records]
    found: dict[str, int] = {}
    for (path, phase), count in flops_by_layer(program.graph(graph), batch).items():
        if count and not any(_is_inside(path, layer) for layer in known):
            name = path or PHASE_NAMES[phase]
            found[name] = found.get(name, 0) + count
    return found


def _is_inside(path: str, layer: str) -> bool:
    return path == layer or path.startswith(f"{layer}/")


def _nbytes(type: TensorType, sizes: Mapping[str, int], dtype: str) -> int:
    found = type.with_dtype(dtype) if type.is_floating else type
    return found.bind({symbol: sizes.get(symbol, NOMINAL_SIZE) for symbol in type.symbols}).nbytes


def _of_model(model: Any, prefix: str = "", depth: int = 0) -> Iterator[LayerRecord]:
    """Yield the layers of a model, or of what a layer of its author's opens to."""
    lengths = length_names(tensor.type for tensor in (*model.inputs, *text_results(model.calls)))
    calls: dict[Any, list[Any]] = {}
    for call in model.calls:
        calls.setdefault(call.layer, []).append(call)
    for layer, own in calls.items():
        path = prefix + getattr(layer, "path_name", layer.name)
        sources = [tensor.call.layer.name for tensor in own[0].inputs if tensor.call is not None]
        kind, config = _entry(layer)
        yield LayerRecord(
            path=path,
            kind=kind,
            depth=depth,
            outputs=tuple(tensor.type.substitute(lengths) for tensor in own[0].outputs),
            calls=len(own),
            inputs=tuple(prefix + source for source in sources),
            config={} if isinstance(layer, Model) else config,
        )
        opened = layer if isinstance(layer, Model) and not layer.is_authored else own[0].inner
        if opened is not None:
            yield from _of_model(opened, f"{path}/", depth + 1)


def _entry(layer: Any) -> tuple[str, dict[str, Any]]:
    """Return the class of a layer, or the name of a function between layers, and its config."""
    if isinstance(layer, InnerOperation):
        return layer.summary_class, plain(layer.get_config())
    try:
        entry = layer_entry(layer)
    except (ModelError, TypeError):  # a user's own class that cannot be written
        return class_name(layer), {}
    return entry["class_name"], plain(entry["config"])


def plain(value: Any) -> Any:
    """Return a config in lists, dictionaries, texts and numbers, so that two of them can be compared."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value


def _of_program(program: Program) -> Iterator[LayerRecord]:
    """Yield what a program alone tells of layers: their paths, and the types of the last values in each."""
    outputs: dict[str, tuple[TensorType, ...]] = {}
    for node in program.graph(PREDICT).nodes:
        if not node.is_leaf:
            outputs.update(dict.fromkeys(_outward(node.path), node.types))
    for spec in program.spec.variables:  # what a prologue has taken out of the graph
        for path in _outward(spec.path.rpartition("/")[0]):
            outputs.setdefault(path, ())
    first = {path: number for number, path in enumerate(outputs)}
    for path in sorted(outputs, key=lambda path: [first[outer] for outer in _outward(path)]):
        yield LayerRecord(path=path, kind="", depth=path.count("/"), outputs=outputs[path])


def _outward(path: str) -> list[str]:
    """Return the paths of the layers around a layer, from the outermost on, and its own; none for no layer."""
    parts = path.split("/")
    return ["/".join(parts[: count + 1]) for count in range(len(parts))] if path else []


def _with_weights(record: LayerRecord, program: Program) -> LayerRecord:
    weights = [spec for spec in program.spec.variables if _is_inside(spec.path, record.path)]
    sizes = {spec: prod(spec.shape) for spec in weights}
    return replace(
        record,
        trained=sum(size for spec, size in sizes.items() if spec.trainable),
        fixed=sum(size for spec, size in sizes.items() if not spec.trainable),
        weight_bytes=sum(size * _item_size(spec, program) for spec, size in sizes.items()),
    )


def _item_size(spec: VariableSpec, program: Program) -> int:
    return ITEM_SIZES[str(program.states[spec.state].dtype)]
