"""Settings that all tests share."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from nnc.utils import set_random_seed

pytest.register_assert_rewrite("tests.registry_battery")
settings.register_profile(
    "nnc", max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("nnc")


@pytest.fixture(autouse=True)
def _seed() -> None:
    """Let every test start from the same random numbers, whichever ran before it."""
    set_random_seed(0)
