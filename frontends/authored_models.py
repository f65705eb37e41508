"""Makes the models of files whose classes users wrote and made known: what is computed, `call` says."""

from __future__ import annotations

from typing import Any

from frontends.authors import identity_of
from frontends.construction import error_text
from frontends.nodes import Mapping
from frontends.origin import is_null
from frontends.problems import Problems
from nnc.layers import layer_classes
from nnc.layers.registry import layer_class
from nnc.models import Model


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
