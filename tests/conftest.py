"""Settings that all tests share."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from nnc.utils import set_random_seed

pytest.register_assert_rewrite("tests.registry_battery")
settings.register_profile(
    "nnc", max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("nnc")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let ``--backend c`` run all programs in C."""
    parser.addoption("--backend", choices=("numpy", "c"), default="numpy", help="what runs programs; default: numpy")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the backend, also of the processes that tests start.

    A test compiles more than it runs, and level 0 takes a fifth of the time of level 1, with which kernels, networks in
    training and random graphs are compiled in `tests/backends/c`.
    """
    if config.getoption("backend") == "c":
        os.environ |= {"NNC_BACKEND": "c", "NNC_C_LEVEL": os.environ.get("NNC_C_LEVEL", "0")}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is about NumPy itself where programs run in C, and what sanitizers change where they run."""
    left_out = {"numpy_backend": "is about the NumPy backend"} if config.getoption("backend") == "c" else {}
    if "libasan" in os.environ.get("LD_PRELOAD", ""):
        left_out["unsanitized"] = "is about what sanitizers change"
    for item in items:
        for mark, reason in left_out.items():
            if item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def _seed() -> None:
    """Let every test start from the same random numbers, whichever ran before it."""
    set_random_seed(0)
