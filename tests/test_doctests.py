"""The examples in docstrings are true."""

from __future__ import annotations

import contextvars
import doctest
import pkgutil
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import nnc

ALL = ["nnc", *(info.name for info in pkgutil.walk_packages(nnc.__path__, "nnc."))]
MODULES = [name for name in ALL if not name.endswith(("__main__", "as_keras"))]  # importing these does something
EXAMPLES = [name for name in MODULES if ">>> " in Path(str(find_spec(name).origin)).read_text()]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name, capsys):
    module = import_module(name)
    for attribute in dir(module):  # what is imported when it is first asked for
        getattr(module, attribute, None)
    flags = doctest.NORMALIZE_WHITESPACE
    result = contextvars.copy_context().run(doctest.testmod, module, optionflags=flags)  # examples leave nothing behind
    assert result.failed == 0, capsys.readouterr().out


def test_there_are_examples():
    assert len(EXAMPLES) > 20
