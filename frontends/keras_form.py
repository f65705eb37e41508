"""Keras's own form of a model, as ``to_json()`` and ``get_config()`` of Keras 1, 2 and 3 give it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

from frontends.authors import identity_of, refuse_layer, refuse_model
from frontends.keras_calls import CallReader, Unreadable, count_calls_from_first, flat, nested, safe_name
from frontends.keras_layers import make_keras_layer
from frontends.layer_maker import make_layer, read_name
from frontends.legacy.entry import unregistered
from frontends.nodes import Mapping, Scalar, Sequence, ValueNode, describe
from frontends.operations import as_operation
from frontends.origin import is_null, makes_masks
from frontends.problems import Problems, layer_subject, shortened
from frontends.reader_options import Options
from frontends.wiring import MAX_LAYERS, CallDefinition, Definition, LayerDefinition, Reference, wire
from nnc.identity import ObjectIdentity
from nnc.layers import layer_classes
from nnc.models import Model
from nnc.objects import snake_case

MAX_MODELS_IN_MODELS = 16
_INSIDE = ("layer", "forward_layer", "backward_layer", "cell", "cells", "layers")
"""Arguments that are layers, or lists of them; the first may be a model."""
_MODELS = ("Functional", "Model", "Sequential", "Container", "Graph")


def is_keras_form(root: Mapping) -> bool:
    """Return whether a file is in Keras's form: a class with its config, or the config alone."""
    if "class_name" in root.entries:
        return True
    layers = root.entries.get("layers")
    first = layers.items[0] if isinstance(layers, Sequence) and layers.items else None
    return isinstance(first, Mapping) and "class_name" in first.entries


def is_model_class(class_name: str, config: ValueNode | None) -> bool:
    """Return whether a class with its config is a model, possibly of a class of its author's."""
    if class_name in _MODELS:
        return True
    return isinstance(config, Mapping) and {"layers", "input_layers", "output_layers"} <= set(config.entries)


def read_keras_form(root: Mapping, problems: Problems, options: Options | None = None) -> Definition:
    """Return the layers of a model and how they are connected; what is wrong is noted.

    Args:
        root: class name and config, or the config alone.
        problems: where problems are noted.
        options: how it is read.

    Raises:
        ModelFileError: there is no list of layers.
    """
    options = options or Options()
    config = root.entries.get("config", root) if "class_name" in root.entries else root
    if isinstance(config, Sequence):  # Sequential of Keras 2.2 and before
        config = Mapping(line=config.line, entries={"layers": config})
    layers = config.entries.get("layers") if isinstance(config, Mapping) else None
    if isinstance(config, Mapping) and layers is None and not options.depth:
        _check_named_layers(root, problems)
    if not isinstance(config, Mapping) or not isinstance(layers, Sequence):
        found = describe(config) if not isinstance(config, Mapping) else "none" if layers is None else describe(layers)
        problems.stop(f"the config of a model needs a list of layers, got {found}", config.line or root.line)
    if not options.depth:
        _check_model_class(root, config, options, problems)
    if len(layers.items) > MAX_LAYERS:
        problems.stop(f"there are {len(layers.items)} layers; at most {MAX_LAYERS} can be read", layers.line)
    if options.origin.is_old and not options.depth and makes_masks(root):
        options = replace(options, origin=replace(options.origin, has_masks=True))
    if options.build_config is None and "build_config" in root.entries:
        options = replace(options, build_config=root.entries["build_config"])
    return _KerasForm(config, layers, options, problems).definition()


def read_layer(node: Mapping, problems: Problems, options: Options) -> LayerDefinition | None:
    """Return one layer, which may be a model, from its entry in Keras's form; its problems are noted."""
    chain = _KerasForm(Mapping(), Sequence(items=(node,)), options, problems)
    return next(iter(chain.layers), None)


def _check_named_layers(root: Mapping, problems: Problems) -> None:
    """Stop where only a class of its author's, which is not known here, says what a model computes."""
    identity = identity_of(root)
    if identity is not None and not identity.is_keras:
        problems.stop(
            f"{identity.refusal('model')}, whose class says what is computed: give the class to"
            f" load_model(path, custom_objects={{'{shortened(identity.name)}': …}}), or register it with"
            " @nnc.saving.register_keras_serializable",
            root.line_of("class_name"),
        )


def _check_model_class(root: Mapping, config: Mapping, options: Options, problems: Problems) -> None:
    """Note that the whole model is of a class of its author's."""
    identity = identity_of(root)
    if identity is None or options.replacement(*identity.names) is not None:
        return
    if not identity.is_keras or identity.name not in _MODELS:
        refuse_model(identity, _kind(config), "model", root.line_of("class_name"), problems)


def _kind(config: ValueNode | None) -> str:
    """Return Keras's class for the config of a model."""
    return "Functional" if isinstance(config, Mapping) and "input_layers" in config.entries else "Sequential"


class _KerasForm:
    def __init__(self, config: Mapping, layers: Sequence, options: Options, problems: Problems) -> None:
        self.config = config
        self.options = options
        self.problems = problems
        self.reader = CallReader(options.origin, problems)
        self.is_chain = "input_layers" not in config.entries
        self.first = layers.items[0] if layers.items else None
        self.layers = [found for item in layers.items if (found := self._layer(item)) is not None]

    def definition(self) -> Definition:
        if self.is_chain:
            self._chain()
        name, trainable = self.config.entries.get("name"), self.config.entries.get("trainable")
        inputs, outputs = count_calls_from_first(self.layers, [self._inputs(), self._outputs()])
        return Definition(
            name=read_name(_with_safe_name(name), self.problems, "model")
            if name is not None and not is_null(name)
            else None,
            layers=self.layers,
            inputs=inputs,
            outputs=outputs,
            is_chain=self.is_chain,
            must_use_all=False,
            trainable=not isinstance(trainable, Scalar) or trainable.value is not False,
            structure=self._structure(),
        )

    # ------------------------------------------------------------------ layers

    def _layer(self, node: ValueNode) -> LayerDefinition | None:
        if not isinstance(node, Mapping):
            if not node.is_refused:
                message = f"a layer must be a mapping with class_name and config, got {describe(node)}"
                self.problems.add(message, node.line)
            return None
        node = unregistered(node, self.options.origin)
        class_name = node.text("class_name")
        config = node.entries.get("config")
        line = node.line_of("class_name")
        if class_name is None or not isinstance(config, Mapping | Sequence | None):
            what = "class_name must be the name of a class" if class_name is None else "config must be a mapping"
            found = node.entries.get("class_name" if class_name is None else "config")
            if found is None or not found.is_refused:
                got = "nothing" if found is None else describe(found)
                self.problems.add(f"a layer's {what}, got {got}", line)
            return None
        arguments = dict(config.entries) if isinstance(config, Mapping) else {}
        given = node.entries.get("name") or arguments.get("name")
        name = _text_of(given)
        shown = safe_name(name) if name else snake_case(class_name)
        if name is not None:
            arguments["name"] = Scalar(line=given.line if given is not None else line, value=safe_name(name))
        made = self._of_class(node, class_name, arguments, name, shown)
        if not self.is_chain:
            made.calls = self.reader.calls(node, made)
        return made

    def _of_class(
        self, node: Mapping, class_name: str, arguments: dict[str, ValueNode], name: str | None, shown: str
    ) -> LayerDefinition:
        """Return Keras's own layer of a class, or what its user has in its place; an author's own class is refused."""
        identity = identity_of(node) or ObjectIdentity(class_name)
        config, line = node.entries.get("config"), node.line_of("class_name")
        is_model = is_model_class(class_name, config)
        registered = layer_classes().registered_name(identity)
        replacement = self.options.replacement(name, *identity.names)
        if registered is None and replacement is None:
            if is_model and not (identity.is_keras and class_name in _MODELS):
                refuse_model(identity, _kind(config), layer_subject(shown, class_name), line, self.problems)
                return LayerDefinition(shown, class_name, line, None, is_model=True)
            if not identity.is_keras:
                refuse_layer(identity, layer_subject(shown, class_name), line, self.problems)
                return LayerDefinition(shown, class_name, line, None)
            operation = as_operation(class_name, identity.module, arguments, node.entries.get("inbound_nodes"))
            if operation is not None:
                class_name, arguments = operation
                replacement = self.options.replacement(name, class_name)
        if is_model and registered is None and (replacement is None or replacement.is_model):
            return self._model(node, class_name, shown, line)
        inner: list[LayerDefinition] = []
        for key in _INSIDE:
            if key in arguments:
                arguments[key] = self._inside(arguments[key], inner, may_be_model=key == _INSIDE[0])
        class_name = registered or class_name
        made = make_keras_layer(class_name, arguments, shown, line, self.options, self.problems, replacement)
        made.inner = inner
        return made

    def _inside(self, node: ValueNode, inner: list[LayerDefinition], may_be_model: bool = False) -> ValueNode:
        """Return an argument that is a layer, or a list of them, with what is not Keras's own made or refused.

        Args:
            node: the argument.
            inner: where models in it are noted.
            may_be_model: whether it may be a model.
        """
        if isinstance(node, Sequence):
            return replace(node, items=tuple(self._inside(item, inner) for item in node.items))
        config = node.entries.get("config") if isinstance(node, Mapping) else None
        class_name = node.text("class_name") if isinstance(node, Mapping) else None
        if not isinstance(node, Mapping) or not isinstance(config, Mapping | Sequence) or class_name is None:
            return node
        identity = identity_of(node) or ObjectIdentity(class_name)
        is_registered = layer_classes().registered_name(identity) is not None
        is_replaced = self.options.replacement(*identity.names) is not None
        is_model = may_be_model and is_model_class(class_name, config)
        if is_registered or (identity.is_keras and not is_replaced and not is_model):
            if is_registered or not isinstance(config, Mapping):
                return node
            found = {key: self._inside(config.entries[key], inner) for key in _INSIDE if key in config.entries}
            changed = replace(config, entries={**config.entries, **found})
            return replace(node, entries={**node.entries, "config": changed}) if found else node
        arguments = dict(config.entries) if isinstance(config, Mapping) else {}
        name = _text_of(arguments.get("name"))
        made = self._of_class(node, class_name, arguments, name, safe_name(name or snake_case(class_name)))
        if made.is_model:
            inner.append(made)
        return ValueNode(line=node.line) if made.layer is None else Scalar(line=node.line, value=made.layer)

    def _model(self, node: Mapping, class_name: str, name: str, line: int | None) -> LayerDefinition:
        """Return a model that is a layer of this one."""
        if self.options.depth >= MAX_MODELS_IN_MODELS:
            self.problems.stop(f"models are nested more than {MAX_MODELS_IN_MODELS} deep", line)
        with self.problems.inside(name):
            inner = read_keras_form(node, self.problems, self.options.deeper())
            inner.name = name
            model = wire(inner, self.problems)
        return LayerDefinition(name, class_name, line, model, is_model=True, definition=inner)

    # ------------------------------------------------------------------ inputs and outputs

    def _chain(self) -> None:
        """Connect each layer of a Sequential with the one before, and find its input."""
        if self.layers and not self.layers[0].is_input:
            self.layers.insert(0, self._chain_input(self.layers[0]))
        for index, layer in enumerate(self.layers):
            sources = [] if index == 0 else [Reference(self.layers[index - 1].name, layer.line)]
            if index and layer.is_input:
                self.problems.add("an input can only come first", layer.line, layer.subject)
            layer.calls = [CallDefinition(sources, layer.line)]

    def _chain_input(self, first: LayerDefinition) -> LayerDefinition:
        shape = self._built_shape()
        given = first.layer.batch_input_shape if first.layer is not None else None
        dtype: Any = None
        if isinstance(first.layer, Model) and first.layer.inputs:
            given, dtype = first.layer.inputs[0].shape, first.layer.inputs[0].dtype
        elif given is not None and first.layer is not None:
            dtype = first.layer.input_dtype
        if given is not None:
            shape = Sequence(line=first.line, items=tuple(Scalar(line=first.line, value=size) for size in given))
            arguments: dict[str, ValueNode] = {"batch_shape": shape, "dtype": Scalar(value=dtype)}
        elif isinstance(shape, Sequence):
            arguments = {"batch_shape": shape}
            if first.layer is not None and first.layer.takes_texts:
                arguments["dtype"] = Scalar(value=first.layer.input_dtype)
        else:
            if first.layer is not None:
                message = "there is no input shape; add an InputLayer, or batch_input_shape to the first layer"
                self.problems.add(message, first.line, first.subject)
            return LayerDefinition("input", "InputLayer", first.line, None)
        name = self._free_name("input")
        return make_layer("InputLayer", arguments, name, first.line, self.problems)

    def _free_name(self, name: str) -> str:
        taken = {layer.name for layer in self.layers}
        return next(found for number in count() if (found := f"{name}_{number}" if number else name) not in taken)

    def _built_shape(self) -> ValueNode | None:
        """Return the shape a Sequential without an input was built with."""
        places = [self.options.build_config, self.config.entries.get("build_config")]
        if isinstance(self.first, Mapping):
            places.append(self.first.entries.get("build_config"))
        found = self.config.entries.get("build_input_shape")
        for place in places:
            if not isinstance(found, Sequence) and isinstance(place, Mapping):
                found = place.entries.get("input_shape")
        return found

    def _inputs(self) -> list[Reference]:
        if self.is_chain:
            return [Reference(layer.name, layer.line) for layer in self.layers[:1]]
        return self._ends("input_layers")

    def _outputs(self) -> list[Reference]:
        if self.is_chain:
            if len(self.layers) < 2:
                self.problems.add("the model has no layers", self.config.line)
            return [Reference(layer.name, layer.line) for layer in self.layers[-1:]]
        return self._ends("output_layers")

    def _structure(self) -> Any:
        """Return how the outputs are nested, with their numbers as leaves; None where they are a list or one."""
        node = self.config.entries.get("output_layers")
        return None if self.is_chain or node is None else nested(node, count())

    def _ends(self, key: str) -> list[Reference]:
        node = self.config.entries.get(key)
        items = [] if node is None else list(flat(node))
        if not items and (node is None or not node.is_refused):
            self.problems.add(f"{key} must be a list of [name, call, output]", self.config.line_of(key), "model")
        found: list[Reference] = []
        for item in items:
            with suppress(Unreadable):
                found.append(self.reader.reference(item, None))
        return found


def _with_safe_name(node: ValueNode) -> ValueNode:
    value = node.plain()
    return replace(node, value=safe_name(value)) if isinstance(node, Scalar) and isinstance(value, str) else node


def _text_of(node: ValueNode | None) -> str | None:
    value = node.value if isinstance(node, Scalar) else None
    return value if isinstance(value, str) else None
