"""Items of ``layers:`` in the short form: a class with its arguments, a name, and what it reads."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field, replace

from frontends.construction import single_argument
from frontends.keys import LAYER_KEYS
from frontends.layer_maker import read_name
from frontends.nodes import Mapping, Scalar, Sequence, ValueNode, describe
from frontends.problems import Problems, layer_subject
from frontends.reader_options import Options
from frontends.replacements import replaced_arguments
from frontends.wiring import Reference
from nnc.layers import Layer, layer_classes
from nnc.objects import layer_snake_case as snake_case


@dataclass
class Entry:
    """An item of ``layers:``.

    Args:
        line: where it stands.
        class_name: its class.
        arguments: its arguments, without name and inputs.
        name: its name, if it has one.
        sources: what its ``inputs:`` name; None where that is wrong.
        has_sources: whether it has ``inputs:``.
        is_readable: whether a layer can be made of it.
        cls: the class itself, where it is not found by its name.
    """

    line: int | None
    class_name: str = ""
    arguments: dict[str, ValueNode] = field(default_factory=dict)
    name: str | None = None
    sources: list[Reference] | None = None
    has_sources: bool = False
    is_readable: bool = True
    cls: type[Layer] | None = None

    @property
    def subject(self) -> str:
        """The name in problems."""
        return layer_subject(self.name or snake_case(self.class_name), self.class_name)


def read_entry(node: ValueNode, problems: Problems, options: Options | None = None) -> Entry:
    """Return an item of ``layers:``, or what stands in its place; what is wrong is noted.

    Args:
        node: a class with its arguments as mapping, list or single value; or a class alone.
        problems: where problems are noted.
        options: how the file is read.
    """
    options = options or Options()
    entry = _read_entry(node, problems, options)
    found = options.replacement(entry.name, entry.class_name)
    if found is None or not entry.is_readable:
        return entry
    arguments = replaced_arguments(entry.arguments, found)
    return replace(entry, class_name=found.class_name, cls=found.cls, arguments=arguments)


def _read_entry(node: ValueNode, problems: Problems, options: Options) -> Entry:
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return Entry(node.line, node.value)
    if not isinstance(node, Mapping) or not node.entries:
        if not node.is_refused or isinstance(node, Mapping):
            message = f"a layer must be a class with its arguments, such as Dense: {{units: 2}}, got {describe(node)}"
            problems.add(message, node.line)
        return Entry(node.line, "layer", is_readable=False)
    beside = {key: entry for key, entry in node.entries.items() if key in LAYER_KEYS}
    classes = [key for key in node.entries if key not in beside]
    if len(classes) != 1:
        return _not_one_class(node, classes, problems)
    name = classes[0]
    entry = Entry(node.line_of(name), name)
    given = node.entries[name]
    entry.arguments = _arguments(name, given, entry, problems, options)
    for key, value in beside.items():
        if key in entry.arguments:
            message = f"{key} is given twice, beside the class and among its arguments; remove one"
            problems.add(message, node.line_of(key), entry.subject)
        entry.arguments[key] = value
    _take_name(entry, problems)
    sources = entry.arguments.pop("inputs", None)
    if sources is not None:
        entry.has_sources = True
        entry.sources = read_names(sources, "inputs", problems, entry.subject)
    return entry


def _not_one_class(node: Mapping, keys: list[str], problems: Problems) -> Entry:
    line = node.line_of(keys[0]) if keys else node.line
    empty = [key for key in keys if isinstance(node.entries[key], Scalar) and node.entries[key].plain() is None]
    if not keys:
        message = "a layer needs a class, such as Dense: {units: 2}; only its name or inputs are given"
    elif keys[0] in empty and len(empty) == 1:
        message = f"indent {', '.join(keys[1:6])} further than {keys[0]}: they are its arguments"
    else:
        message = f"a layer must have one class, got {', '.join(keys[:6])}; begin each layer with '- '"
    problems.add(message, line)
    return Entry(line, keys[0] if keys else "layer", is_readable=False)


def _take_name(entry: Entry, problems: Problems) -> None:
    node = entry.arguments.get("name")
    if node is None or (isinstance(node, Scalar) and node.value is None):
        return
    del entry.arguments["name"]
    entry.name = read_name(node, problems, entry.subject)


def _arguments(
    class_name: str, node: ValueNode, entry: Entry, problems: Problems, options: Options
) -> dict[str, ValueNode]:
    if isinstance(node, Mapping):
        return {key: _expanded(key, value) for key, value in node.entries.items()}
    if node.is_refused:
        entry.is_readable = False
        return {}
    if isinstance(node, Scalar) and node.value is None:
        return {}
    found = options.replacement(class_name)
    cls = layer_classes().get(class_name) if found is None else found.cls or layer_classes().get(found.class_name)
    if found is not None and found.arguments is not None:  # of which none is kept
        return {}
    key = single_argument(cls) if cls is not None else None
    if key is not None:
        return {key: node}
    if cls is not None:
        message = f"expected its arguments by name, such as {class_name}: {{name: value}}, got {describe(node)}"
        problems.add(message, node.line, entry.subject)
        entry.is_readable = False
    return {}


def read_names(node: ValueNode | None, key: str, problems: Problems, subject: str = "") -> list[Reference] | None:
    """Return references to layers from one name or a list of them, None where there are none or they are wrong.

    Args:
        node: the names.
        key: what they stand under.
        problems: where problems are noted.
        subject: what has them.
    """
    if node is None:
        return None
    items = node.items if isinstance(node, Sequence) else (node,)
    texts = [item.value for item in items if isinstance(item, Scalar) and isinstance(item.value, str)]
    if len(texts) != len(items) or not items:
        if not node.is_refused:
            got = describe(next((item for item in items if not isinstance(item.plain(), str)), node))
            message = f"{key} must be a list of names of layers, such as [a, b], got {got}"
            problems.add(message, node.line, subject)
        return None
    return [Reference(text, item.line) for text, item in zip(texts, items, strict=True)]


def _expanded(key: str, node: ValueNode) -> ValueNode:
    """Return Keras's form of an object among a layer's arguments: ``{RandomNormal: {stddev: 1}}``."""
    is_object = key == "activation" or key.endswith(("_initializer", "_regularizer", "_constraint"))
    return expanded_object(node) if is_object else node


def expanded_object(node: ValueNode, names: MappingType[str, object] | None = None) -> ValueNode:
    """Return Keras's form of an object that is written as a class with its arguments.

    Args:
        node: the object.
        names: names that are not classes, such as those of outputs.
    """
    if not isinstance(node, Mapping) or len(node.entries) != 1 or "class_name" in node.entries:
        return node
    name, arguments = next(iter(node.entries.items()))
    if name in (names or {}) or not (isinstance(arguments, Mapping) or arguments.plain() is None):
        return node
    line = node.line_of(name)
    return Mapping(line=line, entries={"class_name": Scalar(line=line, value=name), "config": arguments})
