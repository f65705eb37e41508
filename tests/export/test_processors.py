"""Exported C computes the same on every processor and with every compiler."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from nnc.backends.c.kernels import EXPRESSIONS, KERNELS
from nnc.export import export
from nnc.labels import PREDICT
from tests.compilers import STRICT
from tests.export.kernels import FEW, operations
from tests.export.networks import rounded
from tests.export.processors import TARGETS, Expected, differences, prepare
from tests.export.test_c import check


def test_every_kernel_is_tried() -> None:
    tried = {type(node.op) for node in operations("float32")[0].graph(PREDICT).nodes}
    others = {op.name for op in {*EXPRESSIONS, *KERNELS} - tried}
    assert others == {"max_pool_gradient"}, "what `images` has; others need a row in tests/ir/ops/cases"


@pytest.mark.parametrize("flags", [("-O2",), (*STRICT, "-O2")], ids=["as compilers have it", "strict"])
def test_numbers_are_rounded_to_their_types(flags: tuple[str, ...], tmp_path: Path) -> None:
    if platform.machine() != "x86_64" or shutil.which("gcc") is None:
        pytest.skip("needs gcc and the x87 unit")
    export(rounded(), "c", tmp_path, batch=2)
    check(tmp_path, "rounded", "gcc", (*flags, "-mfpmath=387"))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[Expected]]]:
    folder = tmp_path_factory.mktemp("exported")
    yield folder, prepare(FEW, folder)
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.parametrize("label", TARGETS)
def test_trained_as_on_numpy(label: str, prepared: tuple[Path, list[Expected]]) -> None:
    if missing := TARGETS[label].missing():
        pytest.skip(missing)
    folder, expected = prepared
    assert differences(TARGETS[label], FEW, folder, expected) == []
