"""Makes objects from arguments of a file and finds out which of the arguments an object refuses."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import Parameter, signature
from typing import Any

from frontends.nodes import Scalar, ValueNode
from frontends.scalars import remedy

MAX_ARGUMENTS = 64
_STAND_INS = (1, 0.5, "linear", [1])
"""Values tried instead of a wrong argument that cannot be left out; one of them suits every layer of Keras."""


@dataclass
class Construction:
    """The outcome of making an object.

    Args:
        made: the object, None where it could not be made at all.
        refused: arguments that were left out or replaced, because they were wrong.
        problems: for each problem the message and the argument it is about, None for the object itself.
    """

    made: Any = None
    refused: set[str] = field(default_factory=set)
    problems: list[tuple[str, str | None]] = field(default_factory=list)


def required_arguments(function: Callable[..., Any]) -> list[str]:
    """Return the names of arguments that have no default."""
    kinds = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    parameters = signature(function).parameters.values()
    return [item.name for item in parameters if item.kind in kinds and item.default is item.empty]


def takes_argument(function: Callable[..., Any], name: str) -> bool:
    """Return whether a function has an argument of this name, or takes any."""
    parameters = signature(function).parameters
    return name in parameters or any(item.kind is Parameter.VAR_KEYWORD for item in parameters.values())


def single_argument(function: Callable[..., Any]) -> str | None:
    """Return the argument that a single value without a name is: the only one needed, or the only one by position."""
    required = required_arguments(function)
    parameters = signature(function).parameters.values()
    known = [item.name for item in parameters if item.kind is Parameter.POSITIONAL_OR_KEYWORD]
    found = required or known
    return found[0] if len(found) == 1 else None


def construct(
    make: Callable[[dict[str, Any]], Any],
    arguments: Mapping[str, ValueNode],
    required: Collection[str] = (),
    prefixes: Sequence[str] = (),
) -> Construction:
    """Make an object; where it refuses an argument, note that and go on without it.

    Which argument an error is about is found by experiment and not from its text: it is the one without which this
    error goes away. So the arguments of users' own layers are found as well.

    Args:
        make: makes the object from plain arguments.
        arguments: the arguments of the file.
        required: names that must be given.
        prefixes: what messages may start with and problems do without, such as ``Dense:``.
    """
    found = Construction()
    if len(arguments) > MAX_ARGUMENTS:
        found.problems.append((f"has {len(arguments)} arguments; expected at most {MAX_ARGUMENTS}", None))
        return found
    values = {key: node.plain() for key, node in arguments.items() if not node.is_refused}
    found.refused = set(arguments) - set(values)
    missing = [key for key in required if key not in values]
    replaced = dict.fromkeys(missing, 0)
    values |= dict.fromkeys(missing, _STAND_INS[0])
    while True:
        found.made, message = _attempt(make, values)
        if message is None:
            break
        culprit, better = _without_culprit(make, values, message, required, replaced)
        follows = culprit in replaced or (culprit is None and bool(found.refused or replaced))
        if not follows:  # not from an argument that was left out, or from what stands in its place
            node = arguments.get(culprit) if culprit is not None else None
            found.problems.append((_cleaned(message, prefixes) + _hint(node), culprit))
        if culprit is None or better is None:
            break
        found.refused.add(culprit)
        if culprit in required:
            replaced[culprit] = _STAND_INS.index(better[culprit])
        values = better
    hinted = " ".join(message for message, _ in found.problems)
    for key in missing:
        found.refused.add(key)
        if key not in arguments and f"'{key}'" not in hinted:  # not where a misspelt name was reported
            found.problems.append((f"{key} is missing; it has no default", None))
    return found


def _attempt(make: Callable[[dict[str, Any]], Any], values: dict[str, Any]) -> tuple[Any, str | None]:
    try:
        return make(dict(values)), None
    except Exception as error:  # a user's own layer may raise anything, and a file must not bring the reader down
        return None, error_text(error)


def error_text(error: Exception) -> str:
    """Return the message of an error; the class comes first unless it is an error of nnc, which explains itself."""
    from nnc.errors import NncError

    if isinstance(error, NncError):
        return str(error)
    if isinstance(error, MemoryError):
        return f"there is not enough memory for it ({error})"
    return f"{type(error).__name__}: {error}"


def _without_culprit(
    make: Callable[[dict[str, Any]], Any],
    values: dict[str, Any],
    message: str,
    required: Collection[str],
    replaced: Mapping[str, int],
) -> tuple[str | None, dict[str, Any] | None]:
    """Return the argument an error is about, and the arguments without it or with the next stand-in for it."""
    for key in sorted(values, key=lambda key: (key in required, key not in message)):
        if key not in required:
            better = {name: value for name, value in values.items() if name != key}
            if _attempt(make, better)[1] != message:
                return key, better
            continue
        for stand_in in _STAND_INS[replaced.get(key, -1) + 1 :]:
            better = {**values, key: stand_in}
            if _attempt(make, better)[1] != message:
                return key, better
    return None, None


def _cleaned(message: str, prefixes: Sequence[str]) -> str:
    for prefix in prefixes:
        message = message.removeprefix(prefix)
    return message


def _hint(node: ValueNode | None) -> str:
    if not isinstance(node, Scalar) or not isinstance(node.value, str):
        return ""
    return remedy(node.text or node.value, node.quoted)
