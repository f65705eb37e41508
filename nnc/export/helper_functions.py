"""Source of functions that emitted NumPy calls by name, with all that they need, to be pasted into a file."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dis import get_instructions
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy

from nnc.errors import ModelError, NncError
from nnc.export.expressions import literal
from nnc.identity import is_own


class Pasting:
    """Collects definitions at the top level of a file, each after what it needs.

    Attributes:
        imports: lines.
        definitions: texts by name.
    """

    def __init__(self) -> None:
        self.imports: list[str] = []
        self.definitions: dict[str, str] = {}

    def expression(self, item: Any) -> str:
        """Return an expression for a function or number that kernels refer to; what it needs is defined.

        Raises:
            ModelError: there is none.
        """
        owner = getattr(item, "__self__", None)
        if isinstance(owner, numpy.ufunc):
            return f"{self.expression(owner)}.{item.__name__}"
        name = getattr(item, "__name__", "")
        if name and getattr(numpy, name, None) is item:
            return f"numpy.{name}"
        if isinstance(item, numpy.ndarray) and item.ndim == 0:
            return f'numpy.array({literal(item.item())}, "{item.dtype}")'
        if isinstance(item, FunctionType):
            self.define(name, item)
            return name
        if isinstance(item, bool | int | float | str):
            return literal(item)
        if isinstance(item, tuple):
            parts = [self.expression(part) for part in item]
            return f"({', '.join(parts)},)" if parts else "()"
        raise ModelError(f"export: {item!r} has no source that could be written")

    def define(self, name: str, item: Any) -> None:
        """Define a global name of a pasted function."""
        if name in self.definitions:
            return
        if isinstance(item, ModuleType):
            self._import(f"import {item.__name__}" if item.__name__ == name else f"import {item.__name__} as {name}")
        elif isinstance(item, BuiltinFunctionType) and getattr(numpy, name, None) is not item:
            self._import(f"from {item.__module__} import {name}")
        elif isinstance(item, type) and issubclass(item, NncError):
            self.definitions[name] = f'class {name}(ValueError):\n    """{(item.__doc__ or "").splitlines()[0]}"""'
        elif isinstance(item, FunctionType) and is_own(item):
            needed = {used: item.__globals__[used] for used in _globals(item.__code__) if used in item.__globals__}
            self.definitions[name] = ""  # it may call itself
            for used, value in needed.items():
                self.define(used, value)
            del self.definitions[name]
            self.definitions[name] = inspect.getsource(item).rstrip()
        else:
            self.definitions[name] = f"{name} = {self.expression(item)}"

    def _import(self, line: str) -> None:
        if line != "import numpy" and line not in self.imports:
            self.imports.append(line)


def _globals(code: CodeType) -> Iterator[str]:
    """Yield the global names that code, and the functions inside it, look up."""
    yield from (step.argval for step in get_instructions(code) if step.opname == "LOAD_GLOBAL")
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals(constant)
