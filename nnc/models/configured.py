"""The part of a model that is about its config: what it is made of, as plain data in Keras's form."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from inspect import signature
from typing import Any, Self

from nnc.errors import ModelError
from nnc.identity import is_own
from nnc.layers.automatic_config import with_arguments
from nnc.models.authored import build_config, build_from_config
from nnc.models.trainer import Trainer

OWN_COMPILE = (
    "the model's `compile()` method is custom. All subclassed Models that have `compile()` overridden should also"
    " override `get_compile_config()` and `compile_from_config(config)`. Alternatively, call `compile()` after loading"
)
"""Why a model whose class says how it is compiled is not compiled when it is read, in Keras's words."""


class Configured(Trainer):
    """A model that returns its config, and is made from one."""

    @classmethod
    def _base(cls) -> type[Any]:
        """Return the class that a config of this class names."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Return the model's config: layers and how they are wired, in Keras's form.

        That of a model whose class says what is computed is the arguments that it was made with.

        Raises:
            ModelError: these are no plain values, and its class does not define `get_config`.
        """
        from nnc.models.config import functional_config

        if not self.is_authored:
            return functional_config(self)
        config = {key: value for key, value in super().get_config().items() if value is not None}
        return with_arguments(self, config) if type(self).get_config is Configured.get_config else config

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shapes that a model whose class says what is computed is built for; None for other models."""
        return build_config(self) if self.is_authored else None

    def build_from_config(self, config: Mapping[str, Any]) -> None:
        """Build the model for the shapes of `get_build_config`, Keras's or nnc's.

        Raises:
            ModelError: there are none, or those of several arguments; or the layers do not accept them.
        """
        build_from_config(self, config)

    def get_compile_config(self) -> dict[str, Any]:
        """Return what `compile` was given, as plain data in Keras's form; empty where it was not called.

        A class with a `compile` of its own defines this and `compile_from_config`: files have what this returns, in
        which objects may stand for their configs.

        Raises:
            ModelError: the optimizer, a loss or a metric cannot be serialised.
        """
        from nnc.models.config import compile_config

        return compile_config(self)

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile the model as a config of `get_compile_config`, Keras's or nnc's, says.

        Args:
            config: the arguments of `compile`, objects by their configs.

        Warns:
            UserWarning: the class has a `compile` of its own, which is not called, as in Keras.

        Raises:
            ModelError: an argument is unknown or wrong.
        """
        if type(self).compile is not Trainer.compile:
            warnings.warn(f"`compile()` was not called: {OWN_COMPILE}", stacklevel=2)
            return
        self.compile(**config)

    @property
    def keras_class(self) -> tuple[str, str, str | None]:
        """Module, name and registered name of a functional model, whatever subclass it is, unless that has a config."""
        if self.is_authored or not is_own(type(self).get_config):
            return super().keras_class
        return "keras.src.models.functional", "Functional", "Functional"

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Make a model from what `get_config`, or Keras's, returned; nothing is imported or executed.

        Args:
            config: the config of a functional model or of a `Sequential`.
            custom_objects: classes of the user's layers by name.

        Raises:
            ModelFileError: it is not such a config; all its problems are listed.
            ModelError: it is the config of another kind of model.
        """
        from nnc.layers.registry import known_classes
        from nnc.plugins import read_config

        if not isinstance(config, Mapping):
            raise ModelError(
                f"{cls.__name__}.from_config takes a mapping, as get_config returns it, got {config!r:.80}"
            )
        base = cls._base()
        if "layers" not in config and cls is not base:
            return cls(**config)
        name = "Functional" if "input_layers" in config else "Sequential"
        with known_classes(custom_objects):
            found: Any = read_config({"class_name": name, "config": config})
        if isinstance(found, cls):
            return found
        if not isinstance(found, base) or list(signature(cls).parameters) != list(signature(base).parameters):
            raise ModelError(
                f"{cls.__name__}.from_config: the config is that of a {name} model, which {cls.__name__} cannot be made"
                f" from; use nnc.{'Sequential' if name == 'Sequential' else 'Model'}.from_config"
            )
        make: Any = cls  # which takes what the base does
        made: Self = make(*found._construction(), name=found.name)
        return made

    def _construction(self) -> tuple[Any, ...]:
        """Return what the constructor makes such a model of."""
        raise NotImplementedError

    def to_json(self, **options: Any) -> str:
        """Return class and config as JSON, as Keras writes them, for `nnc.models.model_from_json`.

        Args:
            options: arguments of `json.dumps`.

        Raises:
            ModelError: a part of the model cannot be serialised.
        """
        from nnc.models.config import json_text, layer_entry

        return json_text(layer_entry(self), **options)

    def serialized_config(self) -> dict[str, Any]:
        """Return the config with class name and compile options, or nothing where a part cannot be serialised."""
        from nnc.models.config import serialized

        return serialized(self)
