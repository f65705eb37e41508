"""Programs on both backends."""

from __future__ import annotations

import pytest

from nnc.backends.c.toolchain import find_compiler


@pytest.fixture(params=["numpy", "c"])
def each_backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test on each backend, also in processes that it starts; return the backend's name."""
    if request.param == "c" and find_compiler() is None:
        pytest.skip("needs a C compiler")
    monkeypatch.setenv("NNC_BACKEND", request.param)
    name: str = request.param
    return name
