"""Makes and compiles the models of files whose classes users wrote and made known: what is computed, `call` says."""

from __future__ import annotations

from typing import Any

from frontends.authors import identity_of
from frontends.construction import error_text
from frontends.nodes import Mapping
from frontends.origin import is_null
from frontends.problems import Problems
from nnc.errors import ModelError
from nnc.identity import is_own
from nnc.layers import layer_classes
from nnc.layers.registry import layer_class
from nnc.models import Model
from nnc.models.configured import OWN_COMPILE
from nnc.models.trainer import Trainer
from nnc.saving import serialize_keras_object


def authored_class(root: Mapping) -> type[Model] | None:
    """Return the class of a model whose class says what is computed, None where layers in the file do.

    Args:
        root: class name and config.
    """
    config = root.entries.get("config")
    identity = identity_of(root)
    if identity is None or (isinstance(config, Mapping) and "layers" in config.entries):
        return None
    name = layer_classes().registered_name(identity)
    found = None if name is None else layer_class(name)
    return found if found is not None and issubclass(found, Model) else None


def make_authored(root: Mapping, problems: Problems) -> Model | None:
    """Return the model of an `authored_class`, built for the shapes that the file says; problems are noted.

    Args:
        root: class name, config and build_config.
        problems: where problems are noted.
    """
    cls = authored_class(root)
    assert cls is not None
    config, shapes = (root.entries.get(key) for key in ("config", "build_config"))
    arguments: Any = config.plain() if isinstance(config, Mapping) else {}
    subject = f"model of class {cls.__name__}"
    try:
        model = cls.from_config(arguments)
        if shapes is not None and not is_null(shapes):
            model.build_from_config(shapes.plain())
    except Exception as error:  # a user's own class may raise anything, and a file must not bring the reader down
        problems.add(f"cannot be made from its config: {error_text(error)}", root.line, subject)
        return None
    return model


def compile_entry(model: Model) -> dict[str, Any]:
    """Return how a model is compiled, as plain data: what its class says, where it has `get_compile_config`.

    Raises:
        ModelError: the class returns something else than a dictionary, or what cannot be serialised.
    """
    found: Any = model.get_compile_config()
    if is_own(type(model).get_compile_config):
        return dict(found)
    if found is not None and not isinstance(found, dict):
        name = type(model).__name__
        raise ModelError(
            f"model '{model.name}': get_compile_config of {name} must return a dictionary, got {found!r:.80}"
        )
    plain: dict[str, Any] = serialize_keras_object(found or {})
    return plain


def compiles_itself(model: Model) -> bool:
    """Return whether a model's class says how it is compiled, in `compile` or `compile_from_config`."""
    cls = type(model)
    return cls.compile is not Trainer.compile or not is_own(cls.compile_from_config)


def compile_itself(model: Model, config: Mapping, problems: Problems) -> None:
    """Let a model's class compile it as `get_compile_config` said; that it does not is noted.

    Args:
        model: a model that `compiles_itself`.
        config: what was written.
        problems: where it is noted.
    """
    if is_own(type(model).compile_from_config):
        reason = OWN_COMPILE
    else:
        try:
            model.compile_from_config(config.plain())
            return
        except Exception as error:  # see above
            reason = f"compile_from_config of {type(model).__name__}: {error_text(error)}"
    problems.note(f"it is read for predicting and not compiled: {reason}")
    model.uncompiled = reason
