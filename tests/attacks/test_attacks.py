"""The attacks, with small counts, as the commands that anyone can repeat: each finds nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="forks, signals and /proc are Linux's"),
    pytest.mark.unsanitized,
]
slow = pytest.mark.slow


def attack(name: str, *arguments: object, level: int = 0) -> str:
    """Run an attack, whose C is optimised so much, and return what it printed; it found nothing."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", f"tests.attacks.{name}", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"NNC_C_LEVEL": str(level)},
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "kinds", [("save", "cache"), pytest.param(("checkpoint", "python", "c", "compile"), marks=slow)]
)
def test_kills(kinds):
    found = attack("kills", *kinds, "--count", 4)
    assert [line.partition(":")[0] for line in found.splitlines()] == list(kinds)
    assert found.count(" kills") == len(kinds)


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=slow) for kind in ("numpy", "c", "joblib")])
def test_threads(kind):
    # Without optimisation 33 threads compute for seconds between two turns of whoever waits for the interpreter's lock.
    assert kind in attack("threads", kind, "--count", 3, level=1)


@pytest.mark.parametrize("kind", ["numpy", pytest.param("c", marks=slow)])
def test_programs(kind):
    assert "0 libraries after all, 0 files after all" in attack("programs", kind, "--count", 20)


@slow
def test_full_disk():
    if (found := attack("full_disk", "--count", 6)).startswith("no mount namespace"):
        pytest.skip(found)
    assert "errors" in found


@slow
@pytest.mark.parametrize(("name", "count"), [("pairs", 2), ("edges", 1)])
def test_pairs_and_edges(name, count):
    assert f"{count} {'pairs' if name == 'pairs' else 'networks'}" in attack(name, "--count", count)
