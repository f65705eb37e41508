"""docs/coverage.md says what the code says."""

from __future__ import annotations

import warnings

import pytest

from tests.docs.coverage import TARGET, page


@pytest.mark.slow
def test_the_page_is_up_to_date() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("keras")
        written = page()
    assert TARGET.read_text() == written, "run python -m tests.docs.coverage --write"
