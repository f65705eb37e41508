"""The name of a layer, and the arguments it was made with."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Self

from nnc import regularizers
from nnc.checks import check_positive
from nnc.dtype_policies import DTypePolicy
from nnc.errors import ModelError, NncError, nearest
from nnc.identity import is_own
from nnc.layers.argument_texts import key_texts, noted_texts
from nnc.layers.automatic_config import with_arguments
from nnc.layers.input_types import FLOAT, dtype_name, row_shape
from nnc.layers.weights import Weighted
from nnc.objects import layer_snake_case
from nnc.registration import get_registered_name

_LEGACY = ("input_dim", "input_shape", "batch_input_shape", "batch_shape", "input_length")


class Described(Weighted):
    """The part of a layer that is about its name and its config."""

    key_arguments: ClassVar[tuple[str, ...]] = ()
    """Arguments whose values pictures write behind the class, as in ``Conv2D(32, 3×3)``."""
    noted_arguments: ClassVar[tuple[str, ...]] = ()
    """Texts in pictures about other arguments, if not the default: ``strides {strides}``; a bare name is a flag."""
    takes_texts: ClassVar[bool] = False
    """Whether texts may be its inputs, which no graph has; see `nnc.layers.text_layer`."""
    built: bool
    is_named: bool
    keras_2_masks: bool
    activity_regularizer: Any
    _name: str
    _calls: list[Any]

    def _check_name(self, name: Any) -> str:
        if name is None:
            return self.default_name
        if not isinstance(name, str) or not name:
            raise ModelError(f"{type(self).__name__}: name must be a non-empty string, got {name!r}")
        if "/" in name or not name.isprintable():
            raise ModelError(
                f"{type(self).__name__}: name must be printable text on one line without '/', got {name!r}"
            )
        return name

    def _input_shape(self, legacy: Any) -> tuple[Any, ...] | None:
        for key in legacy:
            if key not in _LEGACY:
                known = [*inspect.signature(type(self).__init__).parameters, "name", "trainable", "dtype", *_LEGACY]
                raise ModelError(f"{type(self).__name__} has no argument '{key}'.{nearest(key, known)}")
        for key in ("batch_input_shape", "batch_shape"):
            if legacy.get(key) is not None:
                row = row_shape(type(self).__name__, key, legacy[key], has_batch=True)
                return (legacy[key][0], *row)
        if legacy.get("input_shape") is not None:
            return (None, *row_shape(type(self).__name__, "input_shape", legacy["input_shape"]))
        if legacy.get("input_dim") is not None:
            return (None, check_positive(type(self).__name__, "input_dim", legacy["input_dim"]))
        return None

    @property
    def dtype_policy(self) -> DTypePolicy:
        """The element types of its weights and of what it computes."""
        return DTypePolicy(self.weights_dtype or FLOAT)

    @dtype_policy.setter
    def dtype_policy(self, policy: Any) -> None:
        if self.built:
            raise ModelError(f"Layer '{self.name}' has its weights, and keeps their element type; set it before")
        self.weights_dtype = dtype_name(policy, type(self).__name__)

    @property
    def dtype(self) -> str:
        """Element type of its weights."""
        return self.weights_dtype or FLOAT

    @property
    def variable_dtype(self) -> str:
        """Element type of its weights."""
        return self.dtype

    @property
    def input_dtype(self) -> str | None:
        """Element type of the input of a model that begins with the layer, None for the usual one."""
        return self.weights_dtype

    @property
    def name(self) -> str:
        """Unique name inside a model."""
        return self._name

    @property
    def default_name(self) -> str:
        """The name that is made unique where the user gave none."""
        return layer_snake_case(type(self).__name__)

    def set_default_name(self, name: str) -> None:
        """Give another name to a layer that was not named by its user."""
        self._name = name
        self.is_named = True

    def get_config(self) -> dict[str, Any]:
        """Return the arguments from which `from_config` makes an equal layer; Keras's keys.

        As in Keras, those of a class of the user's that does not define it are what its constructor was called with.

        Raises:
            UnwrittenError: these are not plain data.
        """
        config = {"name": self.name, "trainable": self.trainable, "dtype": self.weights_dtype}
        if self.keras_2_masks:
            config["keras_2_masks"] = True
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        is_default = type(self).get_config is Described.get_config and not is_own(type(self))
        return with_arguments(self, config) if is_default else config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a layer from what `get_config` returned.

        Raises:
            ModelError: a key or a value is wrong.
        """
        try:
            return cls(**config)
        except ModelError:
            raise
        except TypeError as error:
            raise ModelError(f"{cls.__name__} cannot be made from {config!r:.200}: {error}") from error

    @property
    def keras_class(self) -> tuple[str, str, str | None]:
        """Module, name and registered name of the class, as Keras's files have them beside the config."""
        cls = type(self)
        return (
            ("keras.layers", cls.__name__, None)
            if is_own(cls)
            else (cls.__module__, cls.__name__, get_registered_name(cls))
        )

    @property
    def _class_title(self) -> str:
        """The name of the class in messages."""
        return type(self).__name__

    @property
    def summary_note(self) -> str:
        """A few words for pictures and summaries, such as the activation; see `noted_arguments`."""
        inputs = self._calls[0].inputs if self._calls else ()
        rank = inputs[0].type.rank if inputs else None
        return ", ".join(noted_texts(self, self.noted_arguments, rank))

    @property
    def summary_class(self) -> str:
        """The name of the class in pictures and summaries."""
        return type(self).__name__

    @property
    def summary_arguments(self) -> list[str]:
        """The values of `key_arguments` for pictures, such as ``32`` and ``3×3``."""
        return key_texts(self, self.key_arguments)

    @property
    def summary_text(self) -> str:
        """Class and arguments for pictures, such as ``Conv2D(32, 3×3)``."""
        arguments = ", ".join(self.summary_arguments)
        return f"{self.summary_class}({arguments})" if arguments else self.summary_class

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{self.name}'{'' if self.built else ', not built'}>"

    @contextmanager
    def blame(self) -> Iterator[None]:
        """Put this layer's name and class in front of errors from inside the block."""
        prefix = f"Layer '{self.name}' ({self._class_title}): "
        try:
            yield
        except NncError as error:
            message = str(error)
            if message.startswith("Layer '"):
                raise
            raise type(error)(prefix + message) from error
