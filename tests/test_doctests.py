"""The examples in docstrings are true."""

from __future__ import annotations

import contextvars
import doctest
import pkgutil
from importlib import import_module

import pytest

import nnc

MODULES = ["nnc", *(info.name for info in pkgutil.walk_packages(nnc.__path__, "nnc."))]


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith(("__main__", "as_keras"))])
def test_examples(name, capsys):
    module = import_module(name)
    flags = doctest.NORMALIZE_WHITESPACE
    result = contextvars.copy_context().run(doctest.testmod, module, optionflags=flags)  # examples leave nothing behind
    assert result.failed == 0, capsys.readouterr().out


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    count = sum(len(test.examples) for name in MODULES for test in finder.find(import_module(name)))
    assert count > 20
