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
``columns:`` says what the columns of a table mean, see `frontends.column_declarations`; a model of a table needs no
``input:``.
"""

from __future__ import annotations

from frontends.column_declarations import declared_columns
from frontends.keras_layers import ACTIVATIONS, replaced_activation
from frontends.keys import COMPILE_KEYS, MODEL_KEYS
from frontends.layer_maker import input_arguments, make_layer, read_name, read_shape
from frontends.nodes import Mapping, Scalar, Sequence, ValueNode, describe
from frontends.problems import Problems, layer_subject
from frontends.reader_options import Options
from frontends.short_entries import Entry, read_entry, read_names
from frontends.wiring import MAX_LAYERS, CallDefinition, Definition, LayerDefinition, Reference
from nnc.errors import nearest
from nnc.objects import layer_snake_case as snake_case

_EXAMPLE = "for example input: [2], for rows of 2 numbers"
_SHAPE_KEYS = {"shape", "batch_shape", "batch_input_shape"}
"""Keys that tell the mapping of one input from that of several."""
_LEGACY_SHAPES = ("input_dim", "input_shape", "batch_input_shape", "batch_shape")


def read_short_form(root: Mapping, problems: Problems, options: Options | None = None) -> Definition:
    """Return the layers of a file and how they are connected; what is wrong is noted.

    Args:
        root: the file.
        problems: where problems are noted.
        options: how it is read.
    """
    return _ShortForm(root, problems, options or Options()).definition()


class _ShortForm:
    def __init__(self, root: Mapping, problems: Problems, options: Options) -> None:
        self.root = root
        self.problems = problems
        self.options = options
        self.dtype = self._dtype()
        self.misspelt: set[str] = set()

    def definition(self) -> Definition:
        for key in self.root.entries:
            if key not in MODEL_KEYS:
                hint = nearest(key, MODEL_KEYS)
                self.misspelt |= {known for known in MODEL_KEYS if f"'{known}'" in hint}
                if key in COMPILE_KEYS:
                    hint = f" It belongs under 'compile:', as compile: {{{key}: …}}"
                self.problems.add(f"unknown key '{key}'.{hint}", self.root.line_of(key))
        declared_columns(self.root, self.problems)
        name = self.root.entries.get("name")
        entries = self._entries()
        inputs = self._inputs(entries)
        outputs = read_names(self.root.entries.get("outputs"), "outputs", self.problems)
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

    def _dtype(self) -> ValueNode | None:
        node = self.root.entries.get("dtype")
        if node is None or node.is_refused:
            return None
        if node.plain() not in ("float32", "float64"):
            self.problems.add(f"dtype must be float32 or float64, got {describe(node)}", node.line)
            return None
        return node

    # ------------------------------------------------------------------ inputs

    def _inputs(self, entries: list[Entry]) -> list[LayerDefinition]:
        node = self.root.entries.get("input")
        if node is None:
            return self._input_of_first_layer(entries)
        if not isinstance(node, Mapping) or not _SHAPE_KEYS.isdisjoint(node.entries):
            return [self._input("input", node, self.root.line_of("input"))]
        if not node.entries:
            self.problems.add(f"the input has no shape; give it, {_EXAMPLE}", node.line)
        return [self._input(name, entry, node.line_of(name), is_named=True) for name, entry in node.entries.items()]

    def _input_of_first_layer(self, entries: list[Entry]) -> list[LayerDefinition]:
        """Return the input whose shape the first layer has, as Keras's ``input_dim`` allows, or the rows of a table."""
        first = entries[0] if entries else None
        given = [key for key in _LEGACY_SHAPES if first is not None and key in first.arguments]
        if first is not None and not given and self.options.input_shape is not None:
            shape = Sequence(items=tuple(Scalar(value=size) for size in self.options.input_shape))
            return [self._input("input", shape, self.root.line)]
        if first is None or not given:
            if entries and "input" not in self.misspelt:
                table = "; or train it on a table, whose columns say it: nnc train MODEL --data FILE.csv"
                self.problems.add(f"there is no input shape; add one at the top, {_EXAMPLE}{table}", self.root.line)
            return [LayerDefinition("input", "InputLayer", None, None, calls=[CallDefinition()])]
        node = first.arguments.pop(given[0])
        key = "batch_shape" if given[0].startswith("batch") else "shape"
        given_input = {key: node}
        if "dtype" in first.arguments:
            given_input["dtype"] = first.arguments["dtype"]
        return [self._input("input", Mapping(line=node.line, entries=given_input), node.line)]

    def _input(self, name: str, node: ValueNode, line: int | None, is_named: bool = False) -> LayerDefinition:
        arguments = dict(node.entries) if isinstance(node, Mapping) else {"shape": node}
        subject = f"input '{name}'"
        if is_named and read_name(Scalar(line=line, value=name), self.problems, "input") is None:
            arguments["shape"] = ValueNode()
        elif not is_named and (given := arguments.get("name")) is not None:
            name = read_name(given, self.problems, subject) or name
        if not isinstance(node, Mapping) and read_shape(node, self.problems, subject) is None:
            return LayerDefinition(name, "InputLayer", line, None, calls=[CallDefinition(line=line)])
        arguments = input_arguments(arguments, subject, self.problems)
        if self.dtype is not None:
            arguments.setdefault("dtype", self.dtype)
        arguments["name"] = Scalar(value=name, line=line)
        made = make_layer("InputLayer", arguments, name, line, self.problems)
        made.calls = [CallDefinition(line=line)]
        return made

    # ------------------------------------------------------------------ entries

    def _entries(self) -> list[Entry]:
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
        return [read_entry(item, self.problems, self.options) for item in node.items]

    # ------------------------------------------------------------------ layers

    def _layers(self, entries: list[Entry], inputs: list[LayerDefinition], is_chain: bool) -> list[LayerDefinition]:
        taken = {layer.name for layer in inputs} | {entry.name for entry in entries if entry.name is not None}
        counts: dict[str, int] = {}
        found: list[LayerDefinition] = []
        for entry in entries:
            if entry.class_name in ("Input", "InputLayer"):
                self.problems.add(f"an input is not a layer here; write it at the top, {_EXAMPLE}", entry.line)
                continue
            name = entry.name or _free_name(snake_case(entry.class_name), taken, counts)
            sources = entry.sources if entry.has_sources else self._default(entry, name, found, inputs)
            found.append(self._layer(entry, name, is_chain))
            found[-1].calls = [CallDefinition(sources, entry.line)]
        return found

    def _layer(self, entry: Entry, name: str, is_chain: bool) -> LayerDefinition:
        if not entry.is_readable:
            return LayerDefinition(name, entry.class_name, entry.line, None)
        arguments = dict(entry.arguments)
        if self.dtype is not None:
            arguments.setdefault("dtype", self.dtype)
        for key in ACTIVATIONS:
            if key in arguments:
                arguments[key] = replaced_activation(arguments[key], self.options)
        if entry.name is not None or not is_chain:
            arguments["name"] = Scalar(line=entry.line, value=name)
        return make_layer(entry.class_name, arguments, name, entry.line, self.problems, entry.cls)

    def _default(
        self, entry: Entry, name: str, before: list[LayerDefinition], inputs: list[LayerDefinition]
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
