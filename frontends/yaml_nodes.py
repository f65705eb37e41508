"""Text of a YAML or JSON file as nodes with lines; nothing is executed, and no text can cost much time or memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from frontends.nodes import MAX_DEPTH, Mapping, Scalar, Sequence, ValueNode
from frontends.problems import Problems
from frontends.scalars import NumberError, resolve

MAX_VALUES = 100_000
"""The most values that a file may have, each alias counted with all that it stands for."""

_CORE = "tag:yaml.org,2002:"
_CORE_TAGS = frozenset({None, "!", *(_CORE + name for name in ("null", "bool", "int", "float", "str", "seq", "map"))})
_NOT_TEXT = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MERGE = "<<"


def parse(text: str, problems: Problems, is_json: bool = False) -> ValueNode:
    """Return the nodes of a text.

    Args:
        text: one document.
        problems: where tags, repeated names and the like are noted.
        is_json: whether it is JSON, where tabs may indent.

    Raises:
        ModelFileError: it is no YAML, holds no document or several, or is too large or too deep.
    """
    found = _NOT_TEXT.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        problems.stop(f"expected text, found the character {found[0]!r}; save the file as UTF-8 text", line)
    # tabs can stand in JSON's white space only, and PyYAML does not take them there
    return _Composer(problems, is_json).compose(text.replace("\t", " ") if is_json else text)


@dataclass
class _Open:
    """A list or mapping whose end has not come yet."""

    event: yaml.CollectionStartEvent
    line: int
    items: list[ValueNode] = field(default_factory=list)
    entries: dict[str, ValueNode] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    merged: list[ValueNode] = field(default_factory=list)
    key: ValueNode | None = None
    size: int = 1
    depth: int = 1

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.event, yaml.MappingStartEvent)


class _Composer:
    """Builds nodes from PyYAML's events, without recursion, and counts on the way."""

    def __init__(self, problems: Problems, is_json: bool) -> None:
        self.problems = problems
        self.language = "JSON" if is_json else "YAML"
        self.anchors: dict[str, ValueNode] = {}
        self.stack: list[_Open] = []
        self.count = 0
        self.documents = 0
        self.root: ValueNode | None = None

    def compose(self, text: str) -> ValueNode:
        for event in self._events(text):
            line = event.start_mark.line + 1
            if isinstance(event, yaml.DocumentStartEvent):
                self.documents += 1
                if self.documents > 1:
                    self.problems.stop("a second document starts here; put each model in a file of its own", line)
            elif isinstance(event, yaml.AliasEvent):
                self._deliver(self._aliased(event, line))
            elif isinstance(event, yaml.ScalarEvent):
                self._deliver(self._anchored(event, self._scalar(event, line)))
            elif isinstance(event, yaml.CollectionStartEvent):
                self._start(event, line)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._end()
        if self.root is None or (isinstance(self.root, Scalar) and self.root.value is None):
            self.problems.stop("the file is empty; expected a model, with 'input:' and 'layers:'")
        return self.root

    def _events(self, text: str) -> Iterator[Any]:
        try:
            yield from yaml.parse(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            what = ", ".join(part for part in (error.context, error.problem) if part)
            place = f" (column {mark.column + 1})" if mark is not None else ""
            line = None if mark is None else mark.line + 1
            self.problems.stop(f"this is not valid {self.language}{place}: {what}", line)
        except (yaml.YAMLError, ValueError, OverflowError) as error:  # numbers in escapes and %YAML that are too large
            self.problems.stop(f"this is not valid {self.language}: {error}")

    # ------------------------------------------------------------------ values

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> ValueNode:
        if not self._is_core(event.tag, line):
            return ValueNode(line=line)
        text = event.value
        if not text.isascii():
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # JSON's pairs of escapes
        quoted = event.style is not None
        if event.tag in (None, "!"):
            is_text = quoted or event.tag == "!"
        else:
            is_text, quoted = event.tag == f"{_CORE}str", False
        try:
            return Scalar(line=line, value=text if is_text else resolve(text), text=text, quoted=quoted)
        except NumberError as error:
            self.problems.add(str(error), line)
            return ValueNode(line=line)

    def _is_core(self, tag: str | None, line: int) -> bool:
        if tag in _CORE_TAGS:
            return True
        shown = f"!!{tag.removeprefix(_CORE)}" if tag and tag.startswith(_CORE) else str(tag)
        self.problems.add(f"the tag {shown!r} is not allowed: model files hold plain values; remove it", line)
        return False

    def _aliased(self, event: yaml.AliasEvent, line: int) -> ValueNode:
        name = event.anchor
        if any(item.event.anchor == name for item in self.stack):
            self.problems.stop(f"the value '&{name}' contains itself by '*{name}'", line)
        if name not in self.anchors:
            self.problems.stop(f"the alias '*{name}' stands for nothing: no '&{name}' comes before it", line)
        return self.anchors[name]

    def _anchored(self, event: yaml.NodeEvent, node: ValueNode) -> ValueNode:
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    # ------------------------------------------------------------------ collections

    def _start(self, event: yaml.CollectionStartEvent, line: int) -> None:
        if len(self.stack) >= MAX_DEPTH:
            self._too_deep(line)
        self.stack.append(_Open(event, line))

    def _too_deep(self, line: int) -> NoReturn:
        self.problems.stop(f"values are nested more than {MAX_DEPTH} deep", line)

    def _end(self) -> None:
        item = self.stack.pop()
        line = item.line
        node: ValueNode
        if not self._is_core(item.event.tag, line):
            node = ValueNode(line=line, size=item.size, depth=item.depth)
        elif item.is_mapping:
            self._merge(item)
            node = Mapping(line=line, size=item.size, depth=item.depth, entries=item.entries, lines=item.lines)
        else:
            node = Sequence(line=line, size=item.size, depth=item.depth, items=tuple(item.items))
        self._deliver(self._anchored(item.event, node))

    def _deliver(self, node: ValueNode) -> None:
        """Put a finished value where it belongs."""
        self.count += 1
        if not self.stack:
            self.root = node
            return
        item = self.stack[-1]
        item.size += node.size
        item.depth = max(item.depth, node.depth + 1)
        line = item.line
        if self.count > MAX_VALUES or item.size > MAX_VALUES:
            self.problems.stop(f"the file has more than {MAX_VALUES:,} values, aliases counted as often as used", line)
        if item.depth + len(self.stack) > MAX_DEPTH + 1:
            self._too_deep(line)
        if not item.is_mapping:
            item.items.append(node)
        elif item.key is None:
            item.key = node
        else:
            self._add_entry(item, item.key, node)
            item.key = None

    def _add_entry(self, item: _Open, key: ValueNode, node: ValueNode) -> None:
        if not isinstance(key, Scalar):
            if not key.is_refused:
                self.problems.add("expected a name before ':', found a list or a mapping", key.line)
            return
        name = key.value if isinstance(key.value, str) else key.text
        if name == _MERGE and not key.quoted:
            item.merged += node.items if isinstance(node, Sequence) else [node]
        elif name in item.entries:
            first = item.lines[name]
            self.problems.add(f"'{name}' is given twice, first on line {first}; remove one", key.line)
        else:
            item.entries[name] = node
            item.lines[name] = key.line or 0

    def _merge(self, item: _Open) -> None:
        """Add what ``<<: *other`` stands for; names that the mapping has itself come first."""
        for node in item.merged:
            if not isinstance(node, Mapping):
                if not node.is_refused:
                    self.problems.add(
                        "'<<' must be followed by an alias of a mapping, such as '<<: *defaults'", node.line
                    )
                continue
            for name, value in node.entries.items():
                item.entries.setdefault(name, value)
                item.lines.setdefault(name, node.lines[name])
