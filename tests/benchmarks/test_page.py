"""Tables, the page and its plot, compared with the files in ``golden/``.

After an intended change: ``python -m tests.benchmarks.test_page``, then read the difference.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.document import PROCESSORS, csv_table, document, facts, files, processors_document, runs_document
from benchmarks.families import families
from benchmarks.plot import plot
from benchmarks.record import MASKED, Record, Run, read_record
from benchmarks.report import Row, Versus, rows_of, seconds_text, set_up_table, table
from benchmarks.timing import Comparison
from nnc.backends.c.cpu import NATIVE, Processor
from nnc.render.letters import reckoned_width
from tests.benchmarks.rows import FACTS, measured

GOLDEN = Path(__file__).parent / "golden"


def _tables(rows: list[Row]) -> str:
    return f"{table([row for row in rows if not row.parts])}\n\n{set_up_table([row for row in rows if row.parts])}\n"


def record(rows: list[Row]) -> Record:
    return Record((Run("nnc bench --write", FACTS, {"mlp": tuple(rows)}),))


TEXTS: dict[str, Callable[[list[Row]], str]] = {
    "tables.txt": _tables,
    "page.md": lambda rows: document(record(rows)),
    "runs.md": lambda rows: runs_document(record(rows)),
    "table.csv": csv_table,
    "plot.svg": lambda rows: plot(families(rows)[0]),
}


@pytest.mark.parametrize("name", TEXTS)
def test_golden(name: str) -> None:
    assert TEXTS[name](measured()) == (GOLDEN / name).read_text(encoding="utf-8")


def test_sums_are_of_their_parts() -> None:
    rows = {row.contestant: row for row in measured() if row.parts}
    ours = rows["nnc fit, C"]
    assert ours.parts["import"] == pytest.approx([0.1, 0.2, 0.3])
    assert ours.parts["warm-up"] == pytest.approx([0.4] * 3)  # a first epoch of 0.5 s, where others take 100 ms
    assert ours.parts["epochs"] == pytest.approx([20 * 100 * 1e-3] * 3)
    assert ours.samples == pytest.approx([2.51, 2.61, 2.71])
    assert rows["PyTorch, eager"].samples == pytest.approx([0.1 * n + 0.01 + 0.42 + 1.6 for n in (1, 2, 3)])


def test_the_target_is_against_the_fastest_peer() -> None:
    targets = [row for row in measured() if row.target and row.ratio]
    assert [(row.contestant, row.ratio, row.reached) for row in targets] == [
        ("PyTorch, eager", "1.25× its time", False)
    ]


@pytest.mark.parametrize(
    ("work", "family"),
    [
        ("LSTM, predict 1 row, 1 thread, on C", "small"),
        ("GRU, predict 1 row, 1 thread, on C", "sequence"),
        ("U-Net, predict 1 row, 1 thread, on C", "volume"),
        ("transformer encoder, predict 32 rows, 2 threads, on C", "attention"),
        ("transformer encoder, training step, 2 threads, on C", "training"),
        ("GPT, batch 8, training step, 2 threads, on C", "train"),
    ],
)
def test_every_work_is_of_one_family(work: str, family: str) -> None:
    seconds = Comparison({"nnc fit, C": [1.0, 1.0], "OpenVINO, copied output": [2.0, 2.0]})
    rows = rows_of(work, seconds, ["nnc fit, C"], [Versus("OpenVINO, copied output")])
    assert [found.key for found in families(rows)] == [family]


def test_the_page_says_that_the_fastest_peers_were_not_measured() -> None:
    absent = "LiteRT and OpenVINO took no part in this run."
    assert absent in document(record(measured()))
    with_one = [*measured(), Row("MLP, predict 1 row", "LiteRT, copied output", "1 ms")]
    assert absent not in document(record(with_one))


def run(command: str, **suites: str) -> Run:
    """Return a run in which each suite took nnc as long as is said."""
    rows = {name: (Row(f"work of {name}", "nnc", seconds),) for name, seconds in suites.items()}
    return Run(command, {"Processor": "one", **({} if command == "monday" else {"Date": command})}, rows)


def test_a_run_replaces_the_suites_that_it_measured(tmp_path: Path) -> None:
    first = Record().with_run(run("monday", base="1 s", mlp="2 s")).with_run(run("tuesday", latency="3 s"))
    then = first.with_run(run("friday", latency="4 s", mlp="5 s"))
    assert [(one.command, list(one.suites)) for one in then.runs] == [
        ("monday", ["base"]),
        ("friday", ["latency", "mlp"]),
    ]
    assert [row.median for row in then.rows] == ["1 s", "5 s", "4 s"]  # in the order of the suites
    then.write(tmp_path / "record.json")
    assert read_record(tmp_path / "record.json") == then
    assert read_record(tmp_path / "none.json") == Record()


def test_a_page_says_which_run_measured_what() -> None:
    text = runs_document(Record().with_run(run("monday", base="1 s", mlp="2 s")).with_run(run("friday", latency="3 s")))
    last = "*latency*:\n\n- Command: `friday`\n- Processor: one\n- Date: friday\n"
    assert f"{last}\n*base*, *mlp*, where otherwise:\n\n- Command: `monday`\n- Date: not recorded\n" in text


NATIVELY, AT_LEVEL = "nnc on C is compiled for all of them", "nnc on C is compiled for those of {}, as $NNC_CPU says"
AVX512, AVX2 = f"sse4_2, avx2, avx512f; {NATIVELY}", f"sse4_2, avx2; {NATIVELY}"


@pytest.mark.parametrize(
    ("sets", "vectors"),
    [
        (AVX512, "AVX-512"),
        (AVX2, "AVX2"),
        (f"sse4_2, avx2, avx512f; {AT_LEVEL.format('x86-64-v3')}", "AVX2"),
        (f"sse4_2, avx2, avx512f; {AT_LEVEL.format('x86-64-v4')}", "AVX-512"),
        (f"sse4_2, avx2, avx512f; {AT_LEVEL.format('x86-64')}", ""),
        (f"neon, asimd; {NATIVELY}", ""),
        ("", ""),
    ],
)
def test_a_run_knows_the_vectors_of_its_code(sets: str, vectors: str) -> None:
    assert Run("nnc bench", {"Instruction sets": sets}, {}).vectors == vectors


@pytest.mark.parametrize(
    ("processor", "sets", "machine"),
    [
        ("AMD EPYC, 2 available, load 0.3", AVX512, "AMD EPYC, AVX-512"),
        ("Intel(R) Xeon(R) Processor, 2 available, load 0.1", AVX2, "Intel Xeon, AVX2"),
        ("Intel(R) Core(TM) i7-9750H CPU @ 2.60GHz, 12 available", AVX2, "Intel Core i7-9750H, AVX2"),
        ("Neoverse-N1, 2 available", f"neon, asimd; {NATIVELY}", "Neoverse-N1"),
        ("", "", ""),
    ],
)
def test_a_run_knows_its_kind_of_machine(processor: str, sets: str, machine: str) -> None:
    assert Run("nnc bench", {"Processor": processor, "Instruction sets": sets}, {}).machine == machine


def test_the_page_has_what_was_measured_on_several_machines() -> None:
    quicker = rows_of(
        "MLP, training step, 2 threads, on C",
        Comparison({"nnc fit, C": [0.5e-3, 0.5e-3], "PyTorch, eager": [1e-3, 1e-3]}),
        ["nnc fit, C"],
        [Versus("PyTorch, eager")],
    )
    runs = [
        Run("old", {}, {"mlp": (Row("work", "nnc", "1 s"),), "lstm": (Row("other work", "nnc", "1 s"),)}),
        Run("one", {"Instruction sets": AVX2}, {"mlp": tuple(measured()), "base": (Row("a third", "nnc", "1 s"),)}),
        Run("two", {"Instruction sets": AVX512}, {"mlp": (Row("work", "nnc", "2 s"),)}),
        Run("three", {"Instruction sets": AVX512}, {"mlp": tuple(quicker), "cnn": (Row("a fourth", "nnc", "1 s"),)}),
    ]
    record = Record()
    for one in runs:
        record = record.with_run(one)
    assert [(one.command, list(one.suites)) for one in record.runs] == [
        ("old", ["lstm"]),
        ("one", ["mlp", "base"]),
        ("three", ["mlp", "cnn"]),
    ]
    assert record.by_machine == {"AVX-512": list(quicker), "AVX2": measured()}
    assert [row.median for row in record.rows] == ["1 s", *(row.median for row in quicker), "1 s", "1 s"]
    assert "one kind of machine, AVX-512, wherever it was measured there; other machines\nare [" in document(record)
    four = Run("four", {"Instruction sets": AVX512}, {"base": ()})
    assert "- Command: `one`" not in runs_document(record.with_run(four))
    text = processors_document(record)
    assert "| MLP, 2 threads | 500 µs | 2.00× (PyTorch) | 1 ms | 0.80× (PyTorch) |" in text
    assert "- AVX2: On C, nnc is slower than the fastest peer in 2 of 2 benchmarks" in text
    assert "| – | – | " in text  # the training from nothing, which only the other run has
    assert "*base*" not in text
    assert PROCESSORS in files(record)
    alone = Record().with_run(runs[1])
    assert "one kind of machine" not in document(alone)
    assert PROCESSORS not in files(alone)


def test_the_page_prefers_the_machine_with_most_suites() -> None:
    def one(name: str, seconds: str, *suites: str) -> Run:
        known = {"Processor": f"{name}, 2 available", "Instruction sets": AVX512}
        return Run(name, known, {suite: (Row(suite, "nnc", seconds),) for suite in suites})

    record = Record().with_run(one("AMD EPYC", "1 s", "base", "mlp")).with_run(one("Intel Xeon", "2 s", "mlp"))
    assert [row.median for row in record.rows] == ["1 s", "1 s"]
    assert list(record.by_machine) == ["AMD EPYC, AVX-512", "Intel Xeon, AVX-512"]
    record = record.with_run(one("Intel Xeon", "3 s", "cnn"))  # as many, and later
    assert [row.median for row in record.rows] == ["1 s", "2 s", "3 s"]
    assert len(record.runs) == 3


def test_a_run_for_a_lesser_processor_stays_behind_one_with_all() -> None:
    limited = f"avx2, avx512f; {AT_LEVEL.format('x86-64-v3')}"
    runs = [
        Run("all", {"Instruction sets": AVX512}, {"mlp": (Row("work", "nnc", "1 s"),)}),
        Run("less", {"Instruction sets": limited}, {name: (Row("work", "nnc", "2 s"),) for name in ("base", "mlp")}),
    ]
    record = Record(tuple(runs))
    assert [row.median for row in record.rows] == ["2 s", "1 s"]
    assert [(one.command, list(one.suites)) for one in record.preferred] == [("all", ["mlp"]), ("less", ["base"])]
    assert {name: rows[0].median for name, rows in record.by_machine.items()} == {"AVX-512": "1 s", "AVX2": "2 s"}


def test_peers_with_wider_vectors_are_told_apart() -> None:
    limited = f"avx2, avx512f; {AT_LEVEL.format('x86-64-v3')}"
    peers = {"LiteRT, bound": [0.5e-3, 0.5e-3], "OpenVINO, bound": [0.8e-3, 0.8e-3]}
    runs = []
    for row, (sets, ours) in enumerate([(AVX512, 1e-3), (limited, 0.7e-3)]):
        seconds = Comparison({"nnc, C": [ours, ours], **peers})
        work = rows_of("MLP, predict 1 row, 1 thread, on C", seconds, ["nnc, C"], [Versus(name) for name in peers])
        runs.append(Run(str(row), {"Instruction sets": sets}, {"latency": tuple(work)}))
    text = processors_document(Record(tuple(runs)))
    assert "- AVX-512: On C, nnc is slower than the fastest peer in 1 of 1 benchmarks, taking 2.00 times" in text
    assert "in 1 of 1 benchmarks, taking 1.40 times as long; on NumPy" in text
    assert "Than the fastest peer that is kept to these vectors it is slower in 0." in text
    runs[1] = replace(runs[1], facts={"Instruction sets": limited + MASKED})
    assert "kept to these vectors" not in processors_document(Record(tuple(runs)))


def test_runs_of_the_same_facts_stand_together() -> None:
    record = Record().with_run(run("monday", base="1 s")).with_run(run("monday", mlp="2 s"))
    assert "*mlp*, *base*:\n\n- Command: `monday`\n- Processor: one\n" in runs_document(record)


def test_commands_that_differ_by_the_suite_alone_are_one() -> None:
    record = Record()
    for suite in ("mlp", "base"):
        record = record.with_run(Run(f"bench --suite {suite} --quick", {}, {suite: (Row(suite, "nnc", "1 s"),)}))
    assert "*base*, *mlp*:\n\n- Command: `bench --suite NAME --quick`\n" in runs_document(record)
    several = Run("bench --suite lstm,mlp", {}, {"lstm": (), "mlp": (Row("mlp", "nnc", "2 s"),)})
    text = runs_document(record.with_run(several).with_run(Run("bench --suite lstm", {}, {"lstm": ()})))
    assert "`bench --suite lstm,mlp`" in text  # of which one suite is left


def test_instruction_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = frozenset({"sse4_2", "avx2", "fma", "avx512f", "lahf_lm"})
    monkeypatch.setattr("benchmarks.document.cpu_features", lambda: flags)
    monkeypatch.setattr("benchmarks.document.find_target", lambda: Processor(NATIVE, "this one"))
    assert facts()["Instruction sets"] == "sse4_2, avx2, fma, avx512f; nnc on C is compiled for all of them"
    monkeypatch.setattr("benchmarks.document.find_target", lambda: Processor("x86-64-v3", "that level"))
    monkeypatch.setattr("benchmarks.cpuid_masking.cpu_features", lambda: flags)
    assert facts()["Instruction sets"].endswith("; nnc on C is compiled for those of x86-64-v3, as $NNC_CPU says")
    monkeypatch.setattr("benchmarks.document.masking", lambda level: {"LD_PRELOAD": level})
    assert facts()["Instruction sets"].endswith(
        "those of x86-64-v3, as $NNC_CPU says, beyond which no process sees any"
    )


def test_the_plot_is_well_formed() -> None:
    (training, whole) = families(measured())
    for family in (training, whole):
        root = ElementTree.fromstring(plot(family))
        dots = [dot for dot in root.iter("{http://www.w3.org/2000/svg}circle") if len(dot)]
        assert len(dots) == sum(len(work.times) for work in family.works) == 2


def test_names_of_works_are_not_cut_off() -> None:
    for family in families(read_record().rows):
        texts = [found for found in ElementTree.fromstring(plot(family)).iter() if found.tag.endswith("}text")]
        names = {found.text: float(found.get("x", 0)) for found in texts if found.get("text-anchor") == "end"}
        for work in family.works:
            assert names[work.name] - reckoned_width(work.name, 12) > 0, work.name


def test_rows_are_plain_data() -> None:
    first = json.loads(json.dumps(measured()[0].to_json()))
    assert (first["contestant"], first["median"], first["spread"]) == ("nnc fit, C", "1 ms", "0.975–1.03 ms")
    assert first["samples"] == [1.0e-3, 1.1e-3, 0.9e-3, 1.0e-3]


def test_units() -> None:
    assert [seconds_text(number) for number in (2e-7, 2e-6, 1.5e-3, 2.0, -0.0185)] == [
        "200 ns",
        "2 µs",
        "1.5 ms",
        "2 s",
        "-18.5 ms",
    ]


if __name__ == "__main__":
    for file_name, text in TEXTS.items():
        (GOLDEN / file_name).write_text(text(measured()), encoding="utf-8")
