"""Keras's classes of operations, which have no public names: ``Pad(width)(x)`` is what ``pad(x, width)`` is."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any


class Operation:
    """A function of tensors with its settings, given as Keras's class takes them.

    Args:
        function: the function of nnc's, whose arguments have the names of the class's.
        settings: names of the arguments of the class.
        tensors: names of the arguments of its ``call``; None where it takes any number.
        given: the arguments, positional and by name.
    """

    def __init__(
        self, function: Any, settings: list[str], tensors: list[str] | None, *given: tuple[Any, ...] | dict[str, Any]
    ) -> None:
        positional, named = given
        self._function, self._tensors = function, tensors
        self._settings = dict(zip(settings, positional, strict=False)) | named
        self.name = self._settings.pop("name", None)
        self.__dict__.update(self._settings)

    def __call__(self, *tensors: Any, **named: Any) -> Any:
        """Return what the function does."""
        if self._tensors is None:
            return self._function(*tensors, **named, **self._settings)
        return self._function(**dict(zip(self._tensors, tensors, strict=False)), **named, **self._settings)

    call = symbolic_call = compute_output_spec = __call__


@cache
def _classes(path: Path) -> dict[str, tuple[str, list[str], list[str] | None]]:
    """Return for each class of operations in a file the function that makes it, and the arguments of both its steps."""
    nodes = ast.parse(path.read_text()).body
    makers: dict[str, str] = {}
    for node in nodes:
        for call in ast.walk(node) if isinstance(node, ast.FunctionDef) else ():
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                makers.setdefault(call.func.id, node.name)
    found = {}
    for node in nodes:
        if isinstance(node, ast.ClassDef) and node.name in makers:
            methods = {item.name: item.args for item in node.body if isinstance(item, ast.FunctionDef)}
            settings = _names(methods["__init__"]) if "__init__" in methods else []
            takes_any = "call" not in methods or methods["call"].vararg is not None
            found[node.name] = makers[node.name], settings, None if takes_any else _names(methods["call"])
    return found


def _names(arguments: ast.arguments) -> list[str]:
    return [item.arg for item in arguments.args[1:]]


def lookup(path: Path, name: str, function_of: Any) -> Any:
    """Return what makes an operation of a class of Keras's, None where there is no such class or nnc has no function.

    Args:
        path: the file of Keras's that has the class.
        name: the class.
        function_of: returns nnc's function of a name, or None.
    """
    if not path.exists() or name not in _classes(path):
        return None
    maker, settings, tensors = _classes(path)[name]
    function = function_of(maker)
    if function is None:
        return None
    return lambda *given, **named: Operation(function, settings, tensors, given, named)
