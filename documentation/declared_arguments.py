"""Shows the signatures of classes that declare their arguments: an extension of Griffe, which reads source alone."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any

import griffe

from nnc.arguments import Declared

_KINDS: dict[Any, griffe.ParameterKind] = {
    inspect.Parameter.POSITIONAL_OR_KEYWORD: griffe.ParameterKind.positional_or_keyword,
    inspect.Parameter.KEYWORD_ONLY: griffe.ParameterKind.keyword_only,
}


class DeclaredArguments(griffe.Extension):
    """Gives each class of nnc that declares arguments the ``__init__`` that it has when it is imported."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        """Add the signature of a class."""
        if not isinstance(obj, griffe.Class) or "__init__" in obj.members:
            return
        cls: Any = getattr(import_module(obj.module.path), obj.name, None)
        if isinstance(cls, type) and issubclass(cls, Declared) and cls.declared_arguments():
            obj.set_member("__init__", griffe.Function("__init__", parameters=griffe.Parameters(*parameters(cls))))


def parameters(cls: type[Declared]) -> list[griffe.Parameter]:
    """Return the parameters of a class, ``self`` first."""
    listed = inspect.signature(cls.__init__).parameters.values()
    return [
        griffe.Parameter(
            item.name,
            annotation=None if item.annotation is item.empty else str(item.annotation),
            kind=_KINDS[item.kind],
            default=None if item.default is item.empty else repr(item.default),
        )
        for item in listed
    ]
