"""Declarations of a table's columns in a model file: the values of its key ``columns``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nnc.errors import ModelError, nearest

NUMBER_RULES = ("mean", "median", "error")
CATEGORY_RULES = ("category", "most_frequent", "error")
UNKNOWN_RULES = ("error", "category")
ARGUMENTS = {
    "number": ("missing", "standardize"),
    "category": ("categories", "missing", "unknown"),
    "ignore": (),
    "label": ("classes",),
    "target": (),
}
"""Kinds of columns, and the arguments of each."""
KINDS = tuple(ARGUMENTS)
_EXAMPLE = "columns: {age: {number: {missing: median}}, city: category, id: ignore, bought: label}"


@dataclass(frozen=True)
class Declared:
    """The declaration of one column.

    Args:
        kind: ``number``, ``category``, ``ignore``, ``label`` (a target that is a class) or ``target`` (one that is
            what the loss takes).
        missing: for numbers ``mean``, ``median``, ``error`` or a number; for categories ``category`` (one of its own),
            ``most_frequent``, ``error`` or the name of a category; None for what the rows say.
        standardize: whether numbers get mean 0 and variance 1.
        categories: names of the categories or classes in order; None for those that the rows have, sorted.
        unknown: ``error``, or ``category`` for one input that all other categories share.
    """

    kind: str
    missing: str | float | None = None
    standardize: bool = True
    categories: tuple[str, ...] | None = None
    unknown: str = "error"

    @property
    def is_target(self) -> bool:
        """Whether the column is the target."""
        return self.kind in ("label", "target")


def read_declaration(name: str, value: Any) -> Declared:
    """Return a model file's declaration of a column: a kind alone, or with arguments.

    Args:
        name: name of the column.
        value: ``number``, or ``{number: {missing: mean}}``.

    Raises:
        ModelError: it is neither.
    """
    if isinstance(value, str):
        value = {value: None}
    kind: Any = None
    arguments: Any = {}
    if isinstance(value, Mapping) and len(value) == 1:
        ((kind, given),) = value.items()
        arguments = {} if given is None else given
    if not isinstance(kind, str) or not isinstance(arguments, Mapping):
        kinds = ", ".join(KINDS)
        raise ModelError(f"column '{name}' must be one of {kinds}, for example {_EXAMPLE}; got {value!r:.80}")
    if kind not in KINDS:
        raise ModelError(f"column '{name}' is of kind '{kind}'; kinds are {', '.join(KINDS)}.{nearest(kind, KINDS)}")
    for key in arguments:
        if key not in ARGUMENTS[kind]:
            known = ARGUMENTS[kind]
            has = ", ".join(known) or "none"
            message = f"column '{name}': {kind} has no argument '{key}' (it has {has}).{nearest(str(key), known)}"
            raise ModelError(message)
    return Declared(
        kind,
        _missing(name, kind, arguments.get("missing")),
        _flag(name, arguments.get("standardize", True)),
        _names(name, arguments.get("categories", arguments.get("classes"))),
        _one_of(name, "unknown", arguments.get("unknown", "error"), UNKNOWN_RULES),
    )


def _missing(name: str, kind: str, rule: Any) -> str | float | None:
    if rule is None:
        return None
    if kind == "number":
        if isinstance(rule, int | float) and not isinstance(rule, bool):
            return float(rule)
        if rule not in NUMBER_RULES:
            rules = ", ".join(NUMBER_RULES)
            raise ModelError(f"column '{name}': missing is a number or one of {rules}, got {rule!r:.80}")
        return str(rule)
    if isinstance(rule, bool) or not isinstance(rule, str | int | float):
        rules = ", ".join(CATEGORY_RULES)
        raise ModelError(f"column '{name}': missing is a category or one of {rules}, got {rule!r:.80}")
    return str(rule)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ModelError(f"column '{name}': standardize is true or false, got {value!r:.80}")
    return value


def _names(name: str, values: Any) -> tuple[str, ...] | None:
    if values is None:
        return None
    if not isinstance(values, list) or not values or not all(isinstance(value, str | int | float) for value in values):
        raise ModelError(f"column '{name}': categories and classes are a list of names, got {values!r:.80}")
    found = tuple(map(str, values))
    if len(set(found)) < len(found) or "" in found:
        raise ModelError(f"column '{name}': categories and classes have different names, got {values!r:.80}")
    return found


def _one_of(name: str, argument: str, value: Any, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ModelError(f"column '{name}': {argument} is {' or '.join(known)}, got {value!r:.80}")
    return str(value)
