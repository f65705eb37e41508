"""Lets the modules of Keras's tests find nnc where they import Keras, its insides included."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.keras_suite import backend, insides, operations, places

SOURCE = Path(str(distribution("keras").locate_file("keras"))) / "src"
"""Keras's source in the installed package."""
_PURE = ("keras.src.backend.common.backend_utils", "keras.src.backend.common.dtypes")
"""Modules of plain numbers and names that tests compute their expectations with, taken from Keras itself."""
_ROOMS = (
    *("layers", "models", "losses", "metrics", "optimizers", "optimizers.schedules", "callbacks", "initializers"),
    *("regularizers", "constraints", "activations", "saving", "utils", "tree", "config", "dtype_policies", "ops"),
    *("random", "backend"),
)


class Answer(ModuleType):
    """A module of Keras's, whose names are looked up in nnc when a test imports them.

    Args:
        name: its name, such as ``keras.src.layers.core.dense``.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.lower().startswith(("__", "pytest_", "setup", "teardown")):
            raise AttributeError(name)
        found = _found(self.__name__, name)
        if found is not None:
            return found
        if _is_module(f"{self.__name__}.{name}"):
            return import_module(f"{self.__name__}.{name}")
        for candidate in _candidates(self.__name__):
            try:
                return getattr(candidate, name)
            except AttributeError:
                continue
        return Missing(f"{self.__name__}.{name}")


class Missing:
    """Stands for what nnc has nothing for, so that a file which imports it can be read.

    Args:
        name: its name in Keras.
    """

    available = False

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def _refuse(self) -> Any:
        raise NotImplementedError(f"nnc has nothing for {self.__name__}")

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Say that there is no such thing."""
        del arguments, options
        return self._refuse()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Missing(f"{self.__name__}.{name}")

    def __mro_entries__(self, bases: Any) -> Any:
        del bases
        return (type(self.__name__.rpartition(".")[2], (_Refusing,), {"missing": self.__name__}),)

    def __enter__(self) -> Any:
        return self._refuse()

    def __exit__(self, *_: object) -> None:
        """Leave."""


class _Refusing:
    missing = ""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise NotImplementedError(f"nnc has nothing for {self.missing}")


class Finder(MetaPathFinder, Loader):
    """Finds Keras's modules in nnc, and its tests where they are installed."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return how a module of Keras's is made; None for any other."""
        del path, target
        if fullname.partition(".")[0] != "keras":
            return None
        if fullname.endswith("_test") or fullname in _PURE:
            place = _file_of(fullname)
            return ModuleSpec(fullname, _TestLoader(fullname, str(place)), origin=str(place))
        if fullname == "keras" or _is_module(fullname):
            return ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module."""
        return Answer(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: names are looked up when they are wanted."""


class _TestLoader(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = self.path
        super().exec_module(module)

    def cache_from_source(self, *given: Any) -> Any:
        del given

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        """Write nothing beside the installed package."""


def _file_of(name: str) -> Path:
    return SOURCE.joinpath(*name.split(".")[2:]).with_suffix(".py")


def _is_module(name: str) -> bool:
    parts = name.split(".")[1:]
    if not parts:
        return True
    if parts[0] != "src":
        place = SOURCE.parent.joinpath(*parts)
        return place.is_dir() or find_spec_or_none(".".join(["nnc", *parts])) is not None
    place = SOURCE.joinpath(*parts[1:])
    return place.is_dir() or place.with_suffix(".py").exists()


def find_spec_or_none(name: str) -> ModuleSpec | None:
    """Return where a module of nnc's is, None where there is none."""
    try:
        return find_spec(name)
    except (ImportError, AttributeError):
        return None


def _found(module: str, name: str) -> Any:
    """Return what the bridge itself has for a name, or None."""
    inner = module.removeprefix("keras").removeprefix(".src").removeprefix(".")
    room, *inside = inner.split(".")
    if room == "backend":
        return backend.lookup(inside, name)
    if room == "ops" and inside and name[:1].isupper():
        return operations.lookup(_file_of(f"keras.src.{inner}"), name, lambda maker: _operation(inside, maker))
    return places.lookup(inner, name)


def _operation(inside: list[str], name: str) -> Any:
    """Return the function of nnc's that a module of ``keras.src.ops`` has by a name, or None."""
    room = getattr(import_module("nnc").ops, inside[0], None)
    return getattr(room, name, None) or getattr(import_module("nnc").ops, name, None)


def _candidates(module: str) -> Iterator[Any]:
    """Return the modules of nnc's that may have a name of one of Keras's, the nearest first."""
    inner = [part for part in module.split(".")[1:] if part != "src"]
    for length in range(len(inner), 0, -1):
        room = ".".join(["nnc", *inner[:length]])
        if find_spec_or_none(room) is not None:
            yield import_module(room)
    yield import_module("nnc")
    for room in _ROOMS:
        yield import_module(f"nnc.{room}")


def _skip_if_backend(given: str, reason: str) -> Any:
    """Return a mark for a test that other engines than nnc's do not take."""
    del given, reason
    return lambda item: item


class Uninstalled(ModuleType):
    """Stands for a package that is not there, in files of which some tests do without."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name[0].isupper():
            return type(name, (), {})  # of which nothing is an instance
        return Missing(f"{self.__name__}.{name}")


def install() -> None:
    """Let imports of Keras from now on find nnc."""
    insides.install()
    if find_spec("ml_dtypes") is not None:
        import_module("ml_dtypes")  # after which NumPy knows narrow numbers by name, as beside Keras
    for name in ("jax", "jax.numpy", "torch", "torch.utils", "torch.utils.data"):
        if find_spec_or_none(name) is None:
            sys.modules[name] = Uninstalled(name)
    conftest = ModuleType("conftest")  # which Keras's repository has, and its package has not
    conftest.skip_if_backend = _skip_if_backend  # type: ignore[attr-defined]
    sys.modules["conftest"] = conftest
    if find_spec("grain") is None:  # of which a few tests, which are out of scope, make data sets
        grain = ModuleType("grain")
        grain.__getattr__ = lambda name: Missing(f"grain.{name}")  # type: ignore[method-assign]
        sys.modules["grain"] = grain
    sys.meta_path.insert(0, Finder())
