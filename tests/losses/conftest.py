"""What losses are compared with."""

import pytest


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


@pytest.fixture(scope="module")
def tensorflow():
    return pytest.importorskip("tensorflow")
