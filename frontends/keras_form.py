"""Keras's own form of a model, as ``to_json()`` and ``get_config()`` of Keras 2 and 3 give it."""

from __future__ import annotations

from collections.abc import Iterator

from frontends.layer_maker import check_input_arguments, make_layer, read_name
from frontends.nodes import Mapping, Node, Scalar, Sequence, describe
from frontends.problems import Problems, layer_subject
from frontends.wiring import MAX_LAYERS, CallDefinition, Definition, LayerDefinition, Reference
from nnc.objects import layer_snake_case as snake_case

_TENSOR = "__keras_tensor__"
_INPUT_KEYWORDS = ("inputs", "x")
"""Names by which Keras's layers take what they are applied to."""
_MODELS = ("Functional", "Model", "Sequential")


def is_keras_form(root: Mapping) -> bool:
    """Return whether a file is in Keras's form: a class with its config, or the config alone."""
    if "class_name" in root.entries:
        return True
    layers = root.entries.get("layers")
    first = layers.items[0] if isinstance(layers, Sequence) and layers.items else None
    return isinstance(first, Mapping) and "class_name" in first.entries


def read_keras_form(root: Mapping, problems: Problems) -> Definition:
    """Return the layers of a model and how they are connected; what is wrong is noted.

    Args:
        root: class name and config, or the config alone.
        problems: where problems are noted.

    Raises:
        ModelFileError: there is no list of layers.
    """
    config = root.entries.get("config", root) if "class_name" in root.entries else root
    if isinstance(config, Sequence):  # Sequential of Keras 2.2 and before
        config = Mapping(line=config.line, entries={"layers": config})
    layers = config.entries.get("layers") if isinstance(config, Mapping) else None
    if not isinstance(config, Mapping) or not isinstance(layers, Sequence):
        found = describe(config) if not isinstance(config, Mapping) else "none" if layers is None else describe(layers)
        problems.stop(f"the config of a model needs a list of layers, got {found}", config.line or root.line)
    if len(layers.items) > MAX_LAYERS:
        problems.stop(f"there are {len(layers.items)} layers; at most {MAX_LAYERS} can be read", layers.line)
    return _KerasForm(config, layers, problems).definition()


class _KerasForm:
    def __init__(self, config: Mapping, layers: Sequence, problems: Problems) -> None:
        self.config = config
        self.problems = problems
        self.is_chain = "input_layers" not in config.entries
        self.layers = [found for item in layers.items if (found := self._layer(item)) is not None]

    def definition(self) -> Definition:
        if self.is_chain:
            self._chain()
        name = self.config.entries.get("name")
        given = name is not None and not (isinstance(name, Scalar) and name.value is None)
        return Definition(
            name=read_name(name, self.problems, "model") if given and name is not None else None,
            layers=self.layers,
            inputs=self._inputs(),
            outputs=self._outputs(),
            is_chain=self.is_chain,
            must_use_all=False,
        )

    # ------------------------------------------------------------------ layers

    def _layer(self, node: Node) -> LayerDefinition | None:
        if not isinstance(node, Mapping):
            if not node.is_refused:
                message = f"a layer must be a mapping with class_name and config, got {describe(node)}"
                self.problems.add(message, node.line)
            return None
        class_name = node.text("class_name")
        config = node.entries.get("config")
        line = node.line_of("class_name")
        if class_name is None or not isinstance(config, Mapping | None):
            what = "class_name must be the name of a class" if class_name is None else "config must be a mapping"
            found = node.entries.get("class_name" if class_name is None else "config")
            if found is None or not found.is_refused:
                got = "nothing" if found is None else describe(found)
                self.problems.add(f"a layer's {what}, got {got}", line)
            return None
        arguments = dict(config.entries) if config is not None else {}
        name = node.text("name") or (config.text("name") if config is not None else None)
        shown = name or snake_case(class_name)
        subject = layer_subject(shown, class_name)
        if class_name in _MODELS:
            message = "models inside models are not supported yet; put its layers in the outer model"
            self.problems.add(message, line, subject)
            made = LayerDefinition(shown, class_name, line, None)
        else:
            if class_name == "InputLayer":
                check_input_arguments(arguments, subject, self.problems)
            if name is not None:
                arguments.setdefault("name", Scalar(line=line, value=name))
            made = make_layer(class_name, arguments, shown, line, self.problems)
        if not self.is_chain:
            made.calls = self._calls(node, made)
        return made

    def _calls(self, node: Mapping, layer: LayerDefinition) -> list[CallDefinition]:
        inbound = node.entries.get("inbound_nodes")
        if not isinstance(inbound, Sequence) or not inbound.items:
            if not layer.is_input and (inbound is None or not inbound.is_refused):
                message = "inbound_nodes must be a list that says what the layer is applied to"
                self.problems.add(message, layer.line if inbound is None else inbound.line, layer.subject)
            return [CallDefinition(() if layer.is_input else None, layer.line)]
        return [CallDefinition(self._sources(item, layer), item.line) for item in inbound.items]

    # ------------------------------------------------------------------ calls

    def _sources(self, node: Node, layer: LayerDefinition) -> list[Reference] | None:
        """Return what a call reads, None where that is wrong."""
        if isinstance(node, Mapping):
            return self._keras_3_sources(node, layer)
        if isinstance(node, Sequence):
            return self._all_references((node,) if _is_history(node) else node.items, layer)
        self._not_readable(node, layer)
        return None

    def _keras_3_sources(self, node: Mapping, layer: LayerDefinition) -> list[Reference] | None:
        args, keywords = node.entries.get("args"), node.entries.get("kwargs")
        items = list(_flat(args)) if isinstance(args, Sequence) else []
        for key, value in keywords.entries.items() if isinstance(keywords, Mapping) else ():
            if key in _INPUT_KEYWORDS:
                items += _flat(value)
            elif key != "training" and not _is_null(value):  # fit and predict of Keras 3 overrule training
                self._not_supported(key, value, layer)
                return None
        return self._all_references(items, layer)

    def _not_supported(self, key: str, value: Node, layer: LayerDefinition | None) -> None:
        message = f"it is called with {key}={describe(value)}, which is not supported; call it with its inputs alone"
        self.problems.add(message, value.line, _subject(layer))

    def _all_references(self, items: list[Node] | tuple[Node, ...], layer: LayerDefinition) -> list[Reference] | None:
        found = [self._reference(item, layer) for item in items]
        known = [reference for reference in found if reference is not None]
        return known if len(known) == len(found) else None

    def _reference(self, node: Node, layer: LayerDefinition | None) -> Reference | None:
        history: Node | None = node
        if isinstance(node, Mapping):
            config = node.entries.get("config")
            history = config.entries.get("keras_history") if isinstance(config, Mapping) else None
        if isinstance(history, Sequence) and _is_history(history):
            options = history.items[3] if len(history.items) > 3 else None
            for key, value in options.entries.items() if isinstance(options, Mapping) else ():
                if not _is_null(value):
                    self._not_supported(key, value, layer)
                    return None
            name, call, output = (item.plain() for item in history.items[:3])
            return Reference(name, history.line, call, output)
        self._not_readable(node, layer)
        return None

    def _not_readable(self, node: Node, layer: LayerDefinition | None) -> None:
        if not node.is_refused:
            message = f"expected the output of a layer, as [name, call, output], got {describe(node)}"
            self.problems.add(message, node.line, _subject(layer))

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
        shape = self.config.entries.get("build_input_shape")
        given = first.layer.batch_input_shape if first.layer is not None else None
        if given is not None and first.layer is not None:
            dtype = first.layer.weights_dtype
            shape = Sequence(line=first.line, items=tuple(Scalar(line=first.line, value=size) for size in given))
            arguments: dict[str, Node] = {"batch_shape": shape, "dtype": Scalar(value=dtype)}
        elif isinstance(shape, Sequence):
            arguments = {"batch_shape": shape}
        else:
            if first.layer is not None:
                message = "there is no input shape; add an InputLayer, or batch_input_shape to the first layer"
                self.problems.add(message, first.line, first.subject)
            return LayerDefinition("input", "InputLayer", first.line, None)
        return make_layer("InputLayer", arguments, "input", first.line, self.problems)

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

    def _ends(self, key: str) -> list[Reference]:
        node = self.config.entries.get(key)
        items = [] if node is None else list(_flat(node))
        if not items and (node is None or not node.is_refused):
            self.problems.add(f"{key} must be a list of [name, call, output]", self.config.line_of(key), "model")
        found = [self._reference(item, None) for item in items]
        return [reference for reference in found if reference is not None]


def _subject(layer: LayerDefinition | None) -> str:
    return "model" if layer is None else layer.subject


def _is_history(node: Sequence) -> bool:
    """Return whether a list is ``[name, call, output]``, in Keras 2 with the call's arguments as fourth item."""
    items = [item.value if isinstance(item, Scalar) else None for item in node.items[:3]]
    return (
        len(items) == 3
        and isinstance(items[0], str)
        and all(isinstance(item, int) and not isinstance(item, bool) and item >= 0 for item in items[1:])
    )


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _flat(node: Node) -> Iterator[Node]:
    """Return the tensors in nested lists and mappings, in order."""
    if isinstance(node, Sequence) and not _is_history(node):
        for item in node.items:
            yield from _flat(item)
    elif isinstance(node, Mapping) and node.text("class_name") != _TENSOR:
        for item in node.entries.values():
            yield from _flat(item)
    else:
        yield node
