"""Tells Keras's own classes and functions from those of other authors, who may have used one of Keras's names."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

_PACKAGES = ("keras", "keras_core", "tf_keras", "tensorflow.keras", "tensorflow.python.keras", "nnc")
"""Packages whose classes are Keras's own, nnc's ones among them; `keras_hub` and the like build on Keras."""
_ABBREVIATIONS = frozenset({"bce", "kld", "mae", "mape", "mse", "msle"})
"""Second names of Keras's losses and metrics, which none of its functions has as its own."""
_MAIN = "__main__"


def is_own(item: Any) -> bool:
    """Whether a class or a function is nnc's, and not its user's."""
    return str(getattr(item, "__module__", "")).startswith("nnc.")


def is_keras_module(module: str) -> bool:
    """Return whether a module is Keras's own.

    >>> is_keras_module("keras.src.layers.core.dense"), is_keras_module("keras_hub.src.layers"), is_keras_module("kera")
    (True, False, False)
    """
    return any(module == package or module.startswith(f"{package}.") for package in _PACKAGES)


@dataclass(frozen=True)
class ObjectIdentity:
    """The identity of a class or function, as far as a config gives it.

    Files of Keras 3 say module and registered name of each object; those of Keras 1 and 2, HDF5 files and people say
    the name alone, which then decides. Functions have no module in files: Keras finds them by name, and so does nnc.

    Args:
        name: name of the class, or of the function.
        module: the module that defines it; None where the config does not say.
        registered_name: the name it was registered by, such as ``my>Softmax``, where the config says it.
        is_function: whether it is a function.
        overrides: what a live object of a class derived from Keras's overrides, such as ``call``.
    """

    name: str
    module: str | None = None
    registered_name: str | None = None
    is_function: bool = False
    overrides: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> ObjectIdentity | None:
        """Return the identity in a config with ``class_name``, None where it names nothing.

        >>> str(ObjectIdentity.of({"module": None, "class_name": "Softmax", "registered_name": "my>Softmax"}))
        "'Softmax' of module '__main__' registered as 'my>Softmax'"
        """
        name, module, registered = (config.get(key) for key in ("class_name", "module", "registered_name"))
        is_function = name == "function"
        if is_function:
            name = config.get("config")
            registered = None if registered == "function" else registered
            module = None if module == "builtins" else module
        if not isinstance(name, str):
            return None
        if module is None and config.get("module", "") is None:  # Keras's word for the script that was run
            module = _MAIN
        overrides = config.get("overrides")
        return cls(
            name,
            module if isinstance(module, str) else None,
            registered if isinstance(registered, str) and registered else None,
            is_function,
            tuple(map(str, overrides)) if isinstance(overrides, list | tuple) else (),
        )

    @property
    def is_keras(self) -> bool:
        """Whether it is Keras's own, or nothing says that it is not."""
        is_told = self.module is not None and is_keras_module(self.module)
        registered = (None, self.name, f"Custom>{self.name}") if is_told else (None, self.name)  # as Keras 2 did
        if ">" in self.name or self.overrides or self.registered_name not in registered:
            return False
        if self.is_function and self.name.lower() in _ABBREVIATIONS:
            return False
        return self.module is None or is_told

    @property
    def names(self) -> tuple[str, ...]:
        """The names that a user can know it by, the narrowest first."""
        registered = None if self.registered_name == self.name else self.registered_name
        found = [registered, self.module and f"{self.module}.{self.name}", self.name, self.name.rpartition(">")[2]]
        return tuple(dict.fromkeys(name for name in found if name))

    def name_among(self, known: Container[str]) -> str | None:
        """Return the narrowest of its names that is among the known ones, if one is."""
        return next((name for name in self.names if name in known), None)

    def refusal(self, noun: str) -> str:
        """Return the text of an error about an object that is not Keras's.

        Args:
            noun: what it is, such as ``loss``.
        """
        what = "function" if self.is_function else "class"
        return f"{noun} {what} {self} is not Keras's own"

    def __str__(self) -> str:
        module = "" if self.module is None else f" of module '{self.module}'"
        is_named = self.registered_name in (None, self.name)
        registered = "" if is_named else f" registered as '{self.registered_name}'"
        overrides = f" (overrides {', '.join(self.overrides)})" if self.overrides else ""
        return f"'{self.name}'{module}{registered}{overrides}"
