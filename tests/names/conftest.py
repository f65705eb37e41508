"""Settings of a whole process, and registered names, are put back after each test."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from nnc import registration
from nnc.settings import SETTINGS


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    before = asdict(SETTINGS)
    monkeypatch.setattr(registration, "_OBJECTS", {})
    monkeypatch.setattr(registration, "_NAMES", {})
    yield
    for key, value in before.items():
        setattr(SETTINGS, key, value)
