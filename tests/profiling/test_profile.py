"""What a profile says: sums, shares and words, from numbers that are given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnc.profiling import Part
from nnc.profiling.roofline import limit_text, overhead_text
from tests.profiling.samples import MACHINE, STEPS, sample, step

GOLDEN = Path(__file__).parent / "golden" / "profile.txt"


def test_text_is_the_golden_one():
    """Regenerate with ``python -m tests.profiling.test_profile`` and read the difference."""
    assert f"{sample()}\n" == GOLDEN.read_text()


def test_sums_by_layer_and_operation():
    found = sample()
    layers = {part.name: part for part in found.layers}
    assert list(layers) == ["dense", "loss", "optimizer"]
    assert layers["dense"].seconds == pytest.approx(80.3e-6)
    assert layers["dense"].backward == pytest.approx(20e-6)
    assert layers["dense"].flops == 4.2e6 + 32 + 1e5
    operations = {part.name: part for part in found.operations}
    assert operations["matmul"].traffic == 9e4 + 2e3
    assert operations["matmul"].call_seconds == pytest.approx(0.5e-6)
    for parts in (found.layers, found.operations):
        assert sum(part.seconds for part in parts) + found.outside == pytest.approx(found.whole.seconds)
        assert sum(part.flops for part in parts) == pytest.approx(found.whole.flops)


def test_intensity():
    assert Part("x", 1.0, flops=6.0, traffic=4.0).intensity == 1.5
    assert Part("x", 1.0, flops=6.0).intensity is None


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Part("x", 1e-3, flops=71e6, traffic=1e6), "compute-bound: 71% of this machine's measured product rate"),
        (Part("x", 1e-3, flops=1e6, traffic=4e6), "memory-bound: 40% of this machine's measured memory bandwidth"),
        (
            Part("x", 1e-3, flops=1e6, traffic=40e6),
            "cache-bound: faster than this machine's measured memory bandwidth",
        ),
        (
            Part("x", 1e-3, flops=1e6, traffic=1e6),
            "far from both limits: 10% of this machine's measured memory bandwidth, 1% of its product rate",
        ),
        (Part("x", 1e-3, calls=1, call_seconds=0.63e-3, flops=71e6, traffic=1e6), "call overhead 63%"),
        (Part("x", 1e-9, flops=1e6, traffic=1e6), "too short to tell"),
        (Part("x", 0.0, flops=1e6, traffic=1e6), ""),
        (Part("x", 1e-3), ""),
    ],
)
def test_words(part, words):
    assert limit_text(part, MACHINE) == words


def test_short_words():
    cells = [
        limit_text(part, MACHINE, is_short=True)
        for part in (
            Part("x", 1e-3, flops=71e6, traffic=1e6),
            Part("x", 1e-3, flops=1e6, traffic=4e6),
            Part("x", 1e-3, flops=1e6, traffic=40e6),
            Part("x", 1e-3, flops=1e6, traffic=1e6),
            Part("x", 1e-3, call_seconds=0.63e-3),
        )
    ]
    assert cells == ["compute 71%", "memory 40%", "cache", "neither (memory 10%)", "calls 63%"]


def test_overhead_of_the_whole():
    small = sample(steps=tuple(step(f"{number} add", 0.5, calls=1, layer="a", ops=("add",)) for number in range(10)))
    assert small.call_overhead == pytest.approx((10 * 0.25 + 0.7) / 5.7)
    assert small.limit == (
        "call overhead 56%: 10 calls of NumPy of at least 250 ns are 44%, Python and the gathering of rows 12%"
    )
    compiled = sample(steps=STEPS[-1:])
    assert compiled.limit == "overhead 100%: Python, and the drawing and gathering of rows"
    assert overhead_text(compiled.whole, compiled.outside, MACHINE) == compiled.limit
    assert sample().limit.startswith("compute-bound: 48%")


def test_json_has_the_tables_numbers():
    data = json.loads(json.dumps(sample().to_json()))
    assert data["limit"] == sample().limit
    assert data["machine"]["bandwidth"] == MACHINE.bandwidth
    assert [item["name"] for item in data["layers"]] == ["dense", "loss", "optimizer"]
    first = data["steps"][0]
    assert (first["layer"], first["ops"], first["line"], first["limit"]) == (
        "dense",
        ["matmul"],
        "%0 = …",
        "compute 70%",
    )
    assert first["intensity"] == pytest.approx(4.2e6 / 9e4)


def test_only_the_longest_steps_are_listed():
    rows = sample().step_rows(2)
    assert [row[0] for row in rows] == ["3 matmul → %0 (dense)", "8 matmul → %5 (dense)"]
    assert len(sample().step_rows(None)) == len(STEPS)


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(f"{sample()}\n")
