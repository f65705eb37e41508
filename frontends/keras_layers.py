"""Makes one layer of a Keras definition: old words are translated, replacements made, and code is refused by name."""

from __future__ import annotations

from collections.abc import Mapping as MappingType

from frontends.authors import identity_of
from frontends.construction import error_text
from frontends.element_types import quantized_policy
from frontends.layer_maker import input_arguments, make_layer
from frontends.legacy.layers import modernized
from frontends.nodes import Mapping, Scalar, Sequence, ValueNode, from_plain
from frontends.origin import is_null
from frontends.problems import Problems, layer_subject, shortened
from frontends.reader_options import Options
from frontends.replacements import Replacement, replaced_arguments
from frontends.wiring import LayerDefinition
from nnc import constraints, initializers, regularizers
from nnc.errors import ModelError
from nnc.layers import Layer, layer_classes
from nnc.layers.arguments import get_activation

ACTIVATIONS = ("activation", "recurrent_activation")
"""Arguments that are activations."""


def make_keras_layer(
    class_name: str,
    arguments: MappingType[str, ValueNode],
    name: str,
    line: int | None,
    options: Options,
    problems: Problems,
    replacement: Replacement | None = None,
) -> LayerDefinition:
    """Return a layer; its problems are noted.

    Args:
        class_name: its class.
        arguments: its arguments as its file has them.
        name: how problems name it.
        line: where it stands.
        options: how the file is read.
        problems: where problems are noted.
        replacement: what stands in its place.
    """
    subject = layer_subject(name, class_name)
    if replacement is not None:
        given, cls = replaced_arguments(arguments, replacement), replacement.cls
        is_files_own = replacement.arguments is None
        return make_layer(replacement.class_name, given, name, line, problems, cls, is_lenient=is_files_own)
    given = dict(arguments)
    if class_name == "InputLayer":
        given = input_arguments(given, subject, problems)
    entry = modernized(class_name, given, options.origin, line, layer_classes().is_registered)
    for note in entry.notes:
        problems.note(note, subject)
    for note in entry.shared_notes:
        problems.note(note)
    for message, key in entry.problems:
        node = entry.arguments.get(key)
        problems.add(message, line if node is None else node.line, subject)
        entry.arguments[key] = ValueNode(line=line)
    if _holds_code(entry.class_name, entry.arguments, subject, line, problems):
        return LayerDefinition(name, class_name, line, None)
    _check_activations(entry.arguments, subject, line, options, problems)
    if options.has_weights:
        _forget_first_values(entry.arguments, subject, problems)
    quantized = _quantized_class(entry.class_name, entry.arguments, subject, line, problems)
    is_old = options.origin.is_old  # such a file says nothing about whose a class is
    return make_layer(
        entry.class_name, entry.arguments, name, line, problems, quantized, is_lenient=True, may_be_authors=is_old
    )


def _quantized_class(
    class_name: str, arguments: dict[str, ValueNode], subject: str, line: int | None, problems: Problems
) -> type[Layer] | None:
    """Return nnc's class for a layer that its dtype says is quantized, None for others; the dtype becomes that before.

    Where nnc has none, that is noted.
    """
    node = arguments.get("dtype")
    found = quantized_policy(node.value) if isinstance(node, Scalar) and isinstance(node.value, str) else None
    if node is None or found is None:
        return None
    mode, source = found
    from nnc.layers.quantized import QUANTIZED

    arguments["dtype"] = Scalar(line=node.line, value=source)
    if mode != "int8" or class_name not in QUANTIZED:
        arguments["quantization_config"] = ValueNode(line=line)
        known = f"what is read quantized are {', '.join(QUANTIZED)}, as int8"
        problems.add(f"it is quantized as {mode}; {known}", node.line or line, subject, once=f"{class_name} {mode}")
        return None
    return QUANTIZED[class_name]


def _holds_code(
    class_name: str, arguments: MappingType[str, ValueNode], subject: str, line: int | None, problems: Problems
) -> bool:
    """Return whether a layer is Python code, which is noted; a registered function is not the file's code."""
    if class_name == "Lambda":
        function = arguments.get("function")
        name = function.entries.get("config") if isinstance(function, Mapping) else function
        is_named = isinstance(name, Scalar) and isinstance(name.value, str) and name.value.isidentifier()
        has_code = isinstance(function, Sequence) or (
            isinstance(function, Mapping) and function.text("class_name") == "__lambda__"
        )
        if has_code or not is_named:
            problems.add(
                f"holds Python byte code, which is never run; {REMEDY.format('Lambda', 'Lambda')}", line, subject
            )
            return True
    if class_name in ("TFOpLambda", "TensorFlowOpLayer", "SlicingOpLambda", "ClassMethod", "InstanceProperty"):
        what = arguments.get("function") or arguments.get("node_def") or arguments.get("name")
        label = str(what.plain())[:60] if what is not None else class_name
        problems.add(
            f"is a TensorFlow operation ({label}), not a layer; {REMEDY.format(class_name, class_name)}", line, subject
        )
        return True
    return False


REMEDY = "register a class with @nnc.layers.register(name='{}'), or replace it with a layer: --replace '{}=Layer(args)'"
"""The remedy for a class that cannot be read."""


def _check_activations(
    arguments: dict[str, ValueNode], subject: str, line: int | None, options: Options, problems: Problems
) -> None:
    for key in ACTIVATIONS:
        node = arguments.get(key)
        if node is None or is_null(node) or node.is_refused:
            continue
        name = shortened(next(iter(_names_of(node)), ""))
        node = arguments[key] = replaced_activation(node, options)
        try:
            get_activation(node.plain())
        except ModelError as error:
            is_code = name != "" and not name.isidentifier()
            message = f"{key} '{name}' is its author's Python code" if is_code else f"{error}".removesuffix(".")
            remedy = f". It is not in the file; replace it: --replace '{name}=relu'" if name else ""
            problems.add(f"{message}{remedy}", node.line or line, subject, once=f"{key} {name}")
            arguments[key] = ValueNode(line=node.line)


def replaced_activation(node: ValueNode, options: Options) -> ValueNode:
    """Return an activation, or what stands in its place."""
    found = options.replacement(*_names_of(node))
    if found is None:
        return node
    replaced = {"class_name": found.class_name, "config": dict(found.arguments or {})}
    return from_plain(replaced if found.arguments else found.class_name)


def _names_of(node: ValueNode) -> tuple[str, ...]:
    """Return the names of an activation, or of the class of one, the narrowest first."""
    if isinstance(node, Mapping):
        identity = identity_of(node)
        return () if identity is None else identity.names
    return (node.value,) if isinstance(node, Scalar) and isinstance(node.value, str) else ()


def _forget_first_values(arguments: dict[str, ValueNode], subject: str, problems: Problems) -> None:
    """Leave out initializers, regularizers and constraints that nobody knows, where weights are read from a file."""
    kinds = {"_initializer": initializers.get, "_regularizer": regularizers.get, "_constraint": constraints.get}
    for key, node in list(arguments.items()):
        get = next((function for suffix, function in kinds.items() if key.endswith(suffix)), None)
        if get is None or is_null(node) or node.is_refused:
            continue
        try:
            get(node.plain())
        except Exception as error:  # a user's own class may raise anything
            problems.note(f"{key} is left out, predictions do not need it: {error_text(error)}", subject)
            del arguments[key]
