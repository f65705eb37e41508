"""The short form of a model file.

    name: base
    input: [2]
    layers:
      - Dense: {units: 2, activation: sigmoid}
      - Dense: {units: 1, activation: sigmoid}
    compile: {optimizer: {SGD: {learning_rate: 0.1}}, loss: binary_crossentropy, metrics: [accuracy]}

A layer is a class with its arguments, a class alone (``- Flatten``), or a class with the one argument that it needs
or has (``- Dropout: 0.5``). It reads the layer before it, or what ``inputs:`` names. Several inputs are a mapping
(``input: {a: [2], b: {shape: [3], dtype: int32}}``); ``outputs:`` names the outputs where they are not clear.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field

from frontends.arguments import single_argument
from frontends.layer_maker import check_input_arguments, make_layer, read_name, read_shape
from frontends.nodes import Mapping, Node, Scalar, Sequence, describe
from frontends.problems import Problems, layer_subject
from frontends.wiring import MAX_LAYERS, CallDefinition, Definition, LayerDefinition, Reference
from nnc.errors import nearest
from nnc.layers import layer_classes
from nnc.layers.base import snake_case

_KEYS = ("name", "input", "layers", "outputs", "compile", "dtype")
_EXAMPLE = "for example input: [2], for rows of 2 numbers"
_LEGACY_SHAPES = ("input_dim", "input_shape", "batch_input_shape", "batch_shape")


@dataclass
class _Entry:
    """An item of ``layers:``."""

    line: int | None
    class_name: str = ""
    arguments: dict[str, Node] = field(default_factory=dict)
    name: str | None = None
    default: str = ""
    sources: list[Reference] | None = None
    has_sources: bool = False
    is_readable: bool = True

    @property
    def subject(self) -> str:
        return layer_subject(self.name or snake_case(self.class_name), self.class_name)


def read_short_form(root: Mapping, problems: Problems) -> Definition:
    """Return the layers of a file and how they are connected; what is wrong is noted.

    Args:
        root: the file.
        problems: where problems are noted.
    """
    return _ShortForm(root, problems).definition()


class _ShortForm:
    def __init__(self, root: Mapping, problems: Problems) -> None:
        self.root = root
        self.problems = problems
        self.dtype = self._dtype()
        self.misspelt: set[str] = set()

    def definition(self) -> Definition:
        for key in self.root.entries:
            if key not in _KEYS:
                hint = nearest(key, _KEYS)
                self.misspelt |= {known for known in _KEYS if f"'{known}'" in hint}
                self.problems.add(f"unknown key '{key}'.{hint}", self.root.line_of(key))
        name = self.root.entries.get("name")
        entries = self._entries()
        inputs = self._inputs(entries)
        outputs = self._names(self.root.entries.get("outputs"), "outputs")
        is_chain = len(inputs) == 1 and "outputs" not in self.root.entries and not any(e.has_sources for e in entries)
        layers = [*inputs, *self._layers(entries, inputs, is_chain)]
        if is_chain and entries:
            outputs = [Reference(layers[-1].name)]
        return Definition(
            name=None if name is None else read_name(name, self.problems, "model"),
            layers=layers,
            inputs=[Reference(layer.name, layer.line) for layer in inputs],
            outputs=outputs,
            is_chain=is_chain,
        )

    def _dtype(self) -> Node | None:
        node = self.root.entries.get("dtype")
        if node is None or node.is_refused:
            return None
        if node.plain() not in ("float32", "float64"):
            self.problems.add(f"dtype must be float32 or float64, got {describe(node)}", node.line)
            return None
        return node

    # ------------------------------------------------------------------ inputs

    def _inputs(self, entries: list[_Entry]) -> list[LayerDefinition]:
        node = self.root.entries.get("input")
        if node is None:
            return self._input_of_first_layer(entries)
        if not isinstance(node, Mapping) or "shape" in node.entries:
            return [self._input("input", node, self.root.line_of("input"))]
        if not node.entries:
            self.problems.add(f"the input has no shape; give it, {_EXAMPLE}", node.line)
        return [self._input(name, entry, node.line_of(name), is_named=True) for name, entry in node.entries.items()]

    def _input_of_first_layer(self, entries: list[_Entry]) -> list[LayerDefinition]:
        """Return the input whose shape the first layer has, as Keras's ``input_dim`` allows."""
        first = entries[0] if entries else None
        given = [key for key in _LEGACY_SHAPES if first is not None and key in first.arguments]
        if first is None or not given:
            if entries and "input" not in self.misspelt:
                self.problems.add(f"there is no input shape; add one at the top, {_EXAMPLE}", self.root.line)
            return [LayerDefinition("input", "InputLayer", None, None, calls=[CallDefinition()])]
        node = first.arguments.pop(given[0])
        key = "batch_shape" if given[0].startswith("batch") else "shape"
        given_input = {key: node}
        if "dtype" in first.arguments:
            given_input["dtype"] = first.arguments["dtype"]
        return [self._input("input", Mapping(line=node.line, entries=given_input), node.line)]

    def _input(self, name: str, node: Node, line: int | None, is_named: bool = False) -> LayerDefinition:
        arguments = dict(node.entries) if isinstance(node, Mapping) else {"shape": node}
        subject = f"input '{name}'"
        if is_named and read_name(Scalar(line=line, value=name), self.problems, "input") is None:
            arguments["shape"] = Node()
        elif not is_named and (given := arguments.get("name")) is not None:
            name = read_name(given, self.problems, subject) or name
        if not isinstance(node, Mapping) and read_shape(node, self.problems, subject) is None:
            return LayerDefinition(name, "InputLayer", line, None, calls=[CallDefinition(line=line)])
        check_input_arguments(arguments, subject, self.problems)
        if self.dtype is not None:
            arguments.setdefault("dtype", self.dtype)
        arguments["name"] = Scalar(value=name, line=line)
        made = make_layer("InputLayer", arguments, name, line, self.problems)
        made.calls = [CallDefinition(line=line)]
        return made

    # ------------------------------------------------------------------ entries

    def _entries(self) -> list[_Entry]:
        node = self.root.entries.get("layers")
        example = "for example layers: [{Dense: {units: 1}}]"
        if node is not None and node.is_refused and not isinstance(node, Sequence):
            return []
        if not isinstance(node, Sequence) or not node.items:
            found = "there are none" if node is None else f"got {describe(node)}"
            line = self.root.line if node is None else self.root.line_of("layers")
            if node is None and "layers" in self.misspelt:
                return []
            self.problems.add(f"layers must be a list of layers, {example}; {found}", line)
            return []
        if len(node.items) > MAX_LAYERS:
            self.problems.stop(f"there are {len(node.items)} layers; at most {MAX_LAYERS} can be read", node.line)
        return [self._entry(item) for item in node.items]

    def _entry(self, node: Node) -> _Entry:
        if isinstance(node, Scalar) and isinstance(node.value, str):
            return _Entry(node.line, node.value)
        if not isinstance(node, Mapping) or not node.entries:
            if not node.is_refused or isinstance(node, Mapping):
                message = (
                    f"a layer must be a class with its arguments, such as Dense: {{units: 2}}, got {describe(node)}"
                )
                self.problems.add(message, node.line)
            return _Entry(node.line, "layer", is_readable=False)
        beside = {key: entry for key, entry in node.entries.items() if key in ("name", "inputs")}
        classes = [key for key in node.entries if key not in beside]
        if len(classes) != 1:
            return self._not_one_class(node, classes)
        name = classes[0]
        entry = _Entry(node.line_of(name), name)
        given = node.entries[name]
        entry.arguments = self._arguments(name, given, entry)
        for key, value in beside.items():
            if key in entry.arguments:
                message = f"{key} is given twice, beside the class and among its arguments; remove one"
                self.problems.add(message, node.line_of(key), entry.subject)
            entry.arguments[key] = value
        self._take_name(entry)
        sources = entry.arguments.pop("inputs", None)
        if sources is not None:
            entry.has_sources = True
            entry.sources = self._names(sources, "inputs", entry.subject)
        return entry

    def _not_one_class(self, node: Mapping, keys: list[str]) -> _Entry:
        line = node.line_of(keys[0]) if keys else node.line
        empty = [key for key in keys if isinstance(node.entries[key], Scalar) and node.entries[key].plain() is None]
        if not keys:
            message = "a layer needs a class, such as Dense: {units: 2}; only its name or inputs are given"
        elif keys[0] in empty and len(empty) == 1:
            message = f"indent {', '.join(keys[1:6])} further than {keys[0]}: they are its arguments"
        else:
            message = f"a layer must have one class, got {', '.join(keys[:6])}; begin each layer with '- '"
        self.problems.add(message, line)
        return _Entry(line, keys[0] if keys else "layer", is_readable=False)

    def _take_name(self, entry: _Entry) -> None:
        node = entry.arguments.get("name")
        if node is None or (isinstance(node, Scalar) and node.value is None):
            return
        del entry.arguments["name"]
        entry.name = read_name(node, self.problems, entry.subject)

    def _arguments(self, class_name: str, node: Node, entry: _Entry) -> dict[str, Node]:
        if isinstance(node, Mapping):
            return {key: _expanded(key, value) for key, value in node.entries.items()}
        if node.is_refused:
            entry.is_readable = False
            return {}
        if isinstance(node, Scalar) and node.value is None:
            return {}
        cls = layer_classes().get(class_name)
        key = single_argument(cls) if cls is not None else None
        if key is not None:
            return {key: node}
        if cls is not None:
            message = f"expected its arguments by name, such as {class_name}: {{name: value}}, got {describe(node)}"
            self.problems.add(message, node.line, entry.subject)
            entry.is_readable = False
        return {}

    def _names(self, node: Node | None, key: str, subject: str = "") -> list[Reference] | None:
        """Return references to layers from one name or a list of them, None where it is wrong."""
        if node is None:
            return None
        items = node.items if isinstance(node, Sequence) else (node,)
        texts = [item.value for item in items if isinstance(item, Scalar) and isinstance(item.value, str)]
        if len(texts) != len(items) or not items:
            if not node.is_refused:
                got = describe(next((item for item in items if not isinstance(item.plain(), str)), node))
                message = f"{key} must be a list of names of layers, such as [a, b], got {got}"
                self.problems.add(message, node.line, subject)
            return None
        return [Reference(text, item.line) for text, item in zip(texts, items, strict=True)]

    # ------------------------------------------------------------------ layers

    def _layers(self, entries: list[_Entry], inputs: list[LayerDefinition], is_chain: bool) -> list[LayerDefinition]:
        taken = {layer.name for layer in inputs} | {entry.name for entry in entries if entry.name is not None}
        counts: dict[str, int] = {}
        found: list[LayerDefinition] = []
        for entry in entries:
            if entry.class_name in ("Input", "InputLayer"):
                self.problems.add(f"an input is no layer here; write it at the top, {_EXAMPLE}", entry.line)
                continue
            name = entry.name or _free_name(snake_case(entry.class_name), taken, counts)
            sources = entry.sources if entry.has_sources else self._default(entry, name, found, inputs)
            found.append(self._layer(entry, name, is_chain))
            found[-1].calls = [CallDefinition(sources, entry.line)]
        return found

    def _layer(self, entry: _Entry, name: str, is_chain: bool) -> LayerDefinition:
        if not entry.is_readable:
            return LayerDefinition(name, entry.class_name, entry.line, None)
        arguments = dict(entry.arguments)
        if self.dtype is not None:
            arguments.setdefault("dtype", self.dtype)
        if entry.name is not None or not is_chain:
            arguments["name"] = Scalar(line=entry.line, value=name)
        return make_layer(entry.class_name, arguments, name, entry.line, self.problems)

    def _default(
        self, entry: _Entry, name: str, before: list[LayerDefinition], inputs: list[LayerDefinition]
    ) -> list[Reference] | None:
        """Return the layer before, or for the first layer the only input."""
        if before:
            return [Reference(before[-1].name, entry.line)]
        if len(inputs) == 1:
            return [Reference(inputs[0].name, entry.line)]
        if inputs:
            names = ", ".join(layer.name for layer in inputs[:20])
            message = f"there are several inputs ({names}); say which it reads, for example inputs: [{inputs[0].name}]"
            self.problems.add(message, entry.line, layer_subject(name, entry.class_name))
        return None


def _free_name(base: str, taken: set[str], counts: dict[str, int]) -> str:
    """Return ``dense``, ``dense_1``, … whatever is free, as Keras names layers."""
    while True:
        count = counts.get(base, 0)
        counts[base] = count + 1
        name = base if count == 0 else f"{base}_{count}"
        if name not in taken:
            taken.add(name)
            return name


def _expanded(key: str, node: Node) -> Node:
    """Return Keras's form of an object among a layer's arguments: ``{RandomNormal: {stddev: 1}}``."""
    return expanded_object(node) if key == "activation" or key.endswith("_initializer") else node


def expanded_object(node: Node, names: MappingType[str, object] | None = None) -> Node:
    """Return Keras's form of an object that is written as a class with its arguments.

    Args:
        node: the object.
        names: names that are no classes, such as those of outputs.
    """
    if not isinstance(node, Mapping) or len(node.entries) != 1 or "class_name" in node.entries:
        return node
    name, arguments = next(iter(node.entries.items()))
    if name in (names or {}) or not (isinstance(arguments, Mapping) or arguments.plain() is None):
        return node
    line = node.line_of(name)
    return Mapping(line=line, entries={"class_name": Scalar(line=line, value=name), "config": arguments})
