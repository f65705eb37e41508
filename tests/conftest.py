"""Settings that all tests share."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
import zlib

import pytest
from hypothesis import HealthCheck, settings

from nnc.utils import set_random_seed

pytest.register_assert_rewrite("tests.registry_battery")
settings.register_profile(
    "nnc", max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("nnc")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let ``--backend c`` run all programs in C, and ``--share 2/3`` a third of the slow tests."""
    parser.addoption("--backend", choices=("numpy", "c"), default="numpy", help="what runs programs; default: numpy")
    parser.addoption(
        "--share", type=share, default=(1, 1), metavar="PART/PARTS", help="which part of the slow tests; default: 1/1"
    )


def share(text: str) -> tuple[int, int]:
    """Read the number of a part and of all parts, such as ``2/3``."""
    part, parts = map(int, text.split("/"))
    if not 1 <= part <= parts:
        raise ValueError(text)
    return part, parts


def pytest_configure(config: pytest.Config) -> None:
    """Choose the backend and one cache of compiled units for all tests, also of the processes that tests start.

    It is not what ``auto`` takes, so that no test compiles by surprise; those about ``auto`` unset the variable.

    A test compiles more than it runs, and level 0 takes a fifth of the time of level 1, with which kernels, networks in
    training and random graphs are compiled in `tests/backends/c`. Slow tests have the levels that users get.
    """
    os.environ["NNC_BACKEND"] = config.getoption("backend")
    if config.getoption("backend") == "c" or config.getoption("markexpr") == "not slow":
        os.environ.setdefault("NNC_C_LEVEL", "0")
    if "NNC_CACHE_DIR" not in os.environ:  # workers find that of the process that has started them
        folder = os.environ["NNC_CACHE_DIR"] = tempfile.mkdtemp(prefix="nnc-tests-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.hookimpl(tryfirst=True)  # before ``-m`` is looked at
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Decide what is slow, which share of that runs, and what is left out with a backend or with sanitizers.

    Tests are chosen by a checksum of their names: the same in every run and on every machine, and scattered over all
    combinations of parameters.
    """
    tables: dict[tuple[str, str, float], list[pytest.Item]] = {}
    for item in items:
        if mark := item.get_closest_marker("sampled"):
            kind = str(item.callspec.params[mark.kwargs["each"]]) if mark.kwargs else ""
            tables.setdefault((item.nodeid.partition("[")[0], kind, *mark.args), []).append(item)
    for (_, _, count), rows in tables.items():
        # A share, such as 1/2, is of a table's rows.
        for item in sorted(rows, key=_checksum)[count if count >= 1 else round(len(rows) * count) :]:
            item.add_marker("slow")
    part, parts = config.getoption("share")
    others = {item for item in items if item.get_closest_marker("slow") and _checksum(item) % parts != part - 1}
    if others:
        config.hook.pytest_deselected(items=[item for item in items if item in others])
        items[:] = [item for item in items if item not in others]
    left_out = {"numpy_backend": "is about the NumPy backend"} if config.getoption("backend") == "c" else {}
    if "libasan" in os.environ.get("LD_PRELOAD", ""):
        left_out["unsanitized"] = "is about what sanitizers change"
    for item in items:
        for mark, reason in left_out.items():
            if item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_runtest_logfinish() -> None:
    """Leave out of garbage collections what packages consist of: TensorFlow's takes a third of a second each time."""
    if len(sys.modules) > _modules[0] + 100:
        gc.collect()
        gc.freeze()
        _modules[0] = len(sys.modules)


_modules = [0]  # at the last time


def _checksum(item: pytest.Item) -> int:
    return zlib.crc32(item.nodeid.encode())


@pytest.fixture(autouse=True)
def _seed() -> None:
    """Let every test start from the same random numbers, whichever ran before it."""
    set_random_seed(0)
