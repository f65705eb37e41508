"""What the tests of all packages with a registry check alike: Keras's configs, named mistakes, light imports."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from nnc.errors import ModelError


def check_round_trip(package: Any, keras_package: Any, name: str, arguments: dict[str, Any]) -> None:
    """Check that an object's config is Keras's, key by key, and that either side makes an equal object of it.

    Args:
        package: nnc's package, such as `nnc.losses`.
        keras_package: Keras's, such as ``keras.losses``.
        name: name of the class in both.
        arguments: arguments of the class.
    """
    ours, theirs = getattr(package, name)(**arguments), getattr(keras_package, name)(**arguments)
    assert ours.get_config() == theirs.get_config()
    config = package.serialize(ours)
    assert config == keras_package.serialize(theirs)
    for copy in (package.deserialize(config), package.get(config), type(ours).from_config(config["config"])):
        assert type(copy) is type(ours)
        assert copy.get_config() == ours.get_config()
    assert type(keras_package.deserialize(config)).__name__ == name


def check_mistake(action: Callable[[], object], message: str) -> None:
    """Check that a mistake is refused with a message that has this text in it."""
    with pytest.raises(ModelError) as raised:
        action()
    assert message in str(raised.value)


def check_import_is_light(module: str) -> None:
    """Check that a module can be imported without heavy packages."""
    code = f"import sys, {module}; print([m for m in ('tensorflow', 'keras', 'networkx') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
