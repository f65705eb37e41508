"""The examples in docstrings are true."""

from __future__ import annotations

import contextvars
import doctest
import pkgutil
from importlib import import_module

import pytest

import nnc

ALL = ["nnc", *(info.name for info in pkgutil.walk_packages(nnc.__path__, "nnc."))]
MODULES = [name for name in ALL if not name.endswith(("__main__", "as_keras"))]  # importing these does something


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, capsys):
    module = import_module(name)
    for attribute in dir(module):  # what is imported when it is first asked for
        getattr(module, attribute, None)
    flags = doctest.NORMALIZE_WHITESPACE
    result = contextvars.copy_context().run(doctest.testmod, module, optionflags=flags)  # examples leave nothing behind
    assert result.failed == 0, capsys.readouterr().out


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    count = sum(len(test.examples) for name in MODULES for test in finder.find(import_module(name)))
    assert count > 20
