"""Modules that answer ``keras`` and ``tensorflow.keras`` with nnc, made when a script asks; see `nnc.as_keras`."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any, ClassVar

from nnc.errors import NncError

KERAS_VERSION = "3.15.0"
"""The version of Keras whose names are answered."""
_ROOMS = frozenset(
    (
        *("activations", "applications", "backend", "callbacks", "config", "constraints", "datasets", "dtype_policies"),
        *("initializers", "layers", "losses", "metrics", "mixed_precision", "models", "ops", "optimizers"),
        *("preprocessing", "random", "regularizers", "saving", "tree", "utils", "visualization", "wrappers"),
    )
)
_INSTEAD = {
    "Module": "keras.Layer",
    "Tensor": "keras.KerasTensor",
    "compat": "Keras's own names",
    "distribute": "model.fit(…, distribute='mpi')",
    "device": "keras.device('cpu')",
    "executing_eagerly": "",
    "io": "Python's open",
    "summary": "keras.callbacks.CSVLogger",
    "train": "model.save_weights and keras.callbacks.BackupAndRestore",
}
"""What to write instead of names of TensorFlow's that `keras.ops` has under others; nothing where they mean nothing."""
_SPACES = {
    "config": "",
    "data": "keras.utils",
    "image": "keras.ops.image",
    "linalg": "keras.ops",
    "math": "keras.ops",
    "nn": "keras.ops",
    "random": "keras.random",
}
"""Rooms of TensorFlow's, and where Keras has the like."""


class NotAnsweredError(NncError, ImportError):
    """A script asks for something of Keras or TensorFlow that nnc does not have."""


class Answer(ModuleType):
    """A module of Keras's whose names are those of one of nnc's.

    Args:
        name: its name for the script, such as ``keras.layers``.
        room: that of nnc's module, such as ``nnc.layers``.
    """

    def __init__(self, name: str, room: str) -> None:
        super().__init__(name, f"{name}, answered by {room}.")
        self.__path__: list[str] = []
        self._room = room
        if room == "nnc":
            self.__version__ = KERAS_VERSION
            self.version = lambda: KERAS_VERSION

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        try:
            found = getattr(import_module(self._room), name)
        except AttributeError as error:
            if room_of(f"{self.__name__}.{name}") is None:
                raise AttributeError(f"{self.__name__}.{name} is not there: {error}") from None
        else:
            if not isinstance(found, ModuleType):  # a function may be in a file of its name
                return found
            if room_of(f"{self.__name__}.{name}") is None:
                raise AttributeError(
                    f"{self.__name__}.{name} is not there: it is a room of nnc's alone, {found.__name__}"
                )
        return import_module(f"{self.__name__}.{name}")

    def __dir__(self) -> list[str]:
        return dir(import_module(self._room))


class TensorFlow(ModuleType):
    """The module ``tensorflow``: Keras, and for everything else an error that says what to write."""

    def __init__(self) -> None:
        super().__init__("tensorflow", "tensorflow.keras, answered by nnc.")
        self.__path__: list[str] = []
        self.__version__ = "2.21.0"

    def __getattr__(self, name: str) -> Any:
        if name == "keras":
            return import_module("tensorflow.keras")
        if name in _SPACES:
            return import_module(f"tensorflow.{name}")
        answers = import_module("nnc.tensorflow")
        if name in answers.__all__:
            return getattr(answers, name)
        raise AttributeError(_refusal(f"tensorflow.{name}"))


class Space(ModuleType):
    """A room of TensorFlow's, some of whose names are there.

    Args:
        name: its name for the script, such as ``tensorflow.math``.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        answers = import_module(f"nnc.{self.__name__}")
        if name in answers.__all__:
            return getattr(answers, name)
        raise AttributeError(_refusal(f"{self.__name__}.{name}"))


class Finder(MetaPathFinder, Loader):
    """Finds the modules of a script that nnc answers."""

    answers_keras: ClassVar[bool] = True

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return how a module is made; None for what is no module of Keras's or TensorFlow's.

        Raises:
            NotAnsweredError: it is one that nnc does not have.
        """
        del path, target
        if fullname.partition(".")[0] not in ("keras", "tensorflow"):
            return None
        if fullname != "tensorflow" and room_of(fullname) is None and not _is_space(fullname):
            raise NotAnsweredError(_refusal(fullname))
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module."""
        if _is_space(spec.name):
            return Space(spec.name)
        room = room_of(spec.name)
        return TensorFlow() if room is None else Answer(spec.name, room)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: the module is there."""


def room_of(name: str) -> str | None:
    """Return the module of nnc's that answers for one of Keras's, None where none does.

    >>> room_of("keras.layers"), room_of("tensorflow.keras"), room_of("keras.src"), room_of("tensorflow.data")
    ('nnc.layers', 'nnc', None, None)
    """
    parts = name.removeprefix("tensorflow.").split(".")
    if parts[0] != "keras":
        return None
    inner = parts[1:]
    if not inner:
        return "nnc"
    if inner[0] not in _ROOMS:
        return None
    room = ".".join(["nnc", *inner])
    try:
        return room if find_spec(room) is not None else None
    except (ImportError, AttributeError):  # what it would be in is no package
        return None


def _is_space(name: str) -> bool:
    first, _, rest = name.partition(".")
    return first == "tensorflow" and rest in _SPACES


def install() -> None:
    """Let modules that are imported from now on find nnc as Keras.

    Raises:
        NotAnsweredError: Keras or TensorFlow itself is imported already.
    """
    if any(getattr(finder, "answers_keras", False) for finder in sys.meta_path):
        return
    for name in ("keras", "tensorflow"):
        if name in sys.modules:
            raise NotAnsweredError(f"{name} itself is imported already; import nnc.as_keras before it")
    sys.meta_path.insert(0, Finder())


def _refusal(name: str) -> str:
    """Return what to do without a module or a name of it."""
    space, _, last = name.rpartition(".")
    if name.startswith(("keras.src", "tensorflow.keras.src", "tensorflow.python")):
        return f"{name} is not there: it is the inside of Keras, of which nnc has nothing; import the name from keras"
    if "keras" in name.split("."):
        return f"{name} is not there: {_reason(space, last)}"
    instead = _instead(*name.removeprefix("tensorflow.").split("."))
    advice = f"write {instead} instead" if instead else "leave it out"
    return f"{name} is not there: nnc is a Keras without TensorFlow; {advice}"


def _instead(name: str, inner: str = "", *others: str) -> str:
    """Return what to write instead of a name of TensorFlow's, or of one in a room of it."""
    del others
    if name == "random" and inner in ("set_seed", "set_random_seed"):
        return "keras.utils.set_random_seed"
    if name in _SPACES and not _SPACES[name]:
        return ""
    if name in _SPACES:
        place = import_module(_SPACES[name].replace("keras", "nnc"))
        if not inner or hasattr(place, inner):
            return ".".join(filter(None, (_SPACES[name], inner)))
        return _INSTEAD.get(inner, f"functions of {_SPACES[name]}")
    is_there = name not in _INSTEAD and hasattr(import_module("nnc.ops"), name)
    return f"keras.ops.{name}" if is_there else _INSTEAD.get(name, "functions of keras.ops")


def _reason(space: str, name: str) -> str:
    room = room_of(space)
    if room is None:
        return f"nnc has no {space}"
    try:
        getattr(import_module(room), name)
    except AttributeError as error:
        return str(error)
    return f"it is a name in {space}, and no module"
