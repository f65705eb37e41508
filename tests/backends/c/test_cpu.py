"""The processor's name is the same in every process, and another processor has another one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nnc.backends.c import cpu

CODE = "from nnc.backends.c.cpu import cpu_identity; print(repr(cpu_identity()))"


def test_identity_is_the_same_in_every_process():
    found = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout.strip()
    assert found == repr(cpu.cpu_identity())
    assert found.strip("' ")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/cpuinfo")
def test_identity_has_no_frequency():
    assert "MHz" not in cpu.cpu_identity()
    assert "bogomips" not in cpu.cpu_identity().lower()
