"""Exports a program as C99 source that predicts, and trains if wished, without nnc and without any library but libm."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy

from nnc.backends.c.target import WITHOUT_PACKING
from nnc.backends.c.text import letters
from nnc.errors import DataError, MissingKernelError, ModelError
from nnc.execution.signature import Signature
from nnc.export.c_function import CFunction, Form, print_function
from nnc.export.c_linkage import fresh_lines, stale_lines
from nnc.export.c_state import FUNCTIONS, lay_out
from nnc.export.c_table import table_text
from nnc.export.c_test import check_text
from nnc.export.c_unit import MARK, Exported, header_text, source_text
from nnc.export.c_weights import MAGIC, weights_file
from nnc.export.samples import check_own_steps, copy_program, record_twice
from nnc.export.symbol_sizes import sizes_of
from nnc.files import write_atomically
from nnc.ir import Graph, interpret
from nnc.labels import LEARNING_RATE, PREDICT, PROLOGUE, TRAIN
from nnc.passes import lower
from nnc.plan import Plan, is_step, make_plan
from nnc.program import Program

Array = Any
_LARGEST = 2**31 - 1
"""Largest number of an enumeration in C99."""
_LONGEST = 100
"""Letters of what names of files and functions begin with."""


def check_output(output: Path) -> None:
    """Check that the output is, or can become, a folder.

    Raises:
        DataError: it cannot.
    """
    if output.exists() and not output.is_dir():
        raise DataError(f"{output}: cannot be written: it is a file; C source goes into a folder")


def export(
    program: Program,
    output: Path,
    *,
    batch: int = 1,
    train: bool = False,
    weights: str = "source",
    lengths: Mapping[str, int] | None = None,
    name: str | None = None,
) -> list[Path]:
    """Write ``NAME.h``, ``NAME.c``, ``test_NAME.c``, ``NAME.mk`` and, if wished, ``NAME.weights`` to a folder.

    Of a program that was trained on a table, ``NAME_table.h`` says how its rows become inputs.

    Args:
        program: what to export; it is not changed.
        output: a folder, made if it does not exist. Files that an earlier export made are replaced.
        batch: rows of a batch; the source is for this number alone.
        train: whether the source can train as well.
        weights: ``source`` puts them into the source, ``file`` into a file of their own.
        lengths: size of each other run-time dimension, such as ``time``.
        name: what files and names in C begin with; by default the model's name, or the nearest that C allows.

    Returns:
        The files.

    Raises:
        ModelError: a length is missing or unknown, the name is none in C, the program does not train, it needs more
            memory than enumerations of C99 can number, or an operation has no C kernel.
        DataError: a length is too small for what is cut off, or a file is in the way that no export made.
        OSError: a file cannot be written.
    """
    program.check_single("export")
    if weights not in ("source", "file"):
        raise ModelError(f"weights must be 'source' or 'file', got {weights!r}")
    if train and not program.spec.trains:
        raise ModelError(
            f"program '{program.name}' only predicts: compile the model with a loss and an optimizer to export training"
        )
    check_own_steps(program, train)
    prefix = _prefix(program.name, name)
    recorder = copy_program(program)
    sizes = sizes_of(recorder, (PREDICT, *((TRAIN,) if train else ())), batch, lengths or {})
    recorder.reset_metrics()
    try:
        unit = _make(recorder, prefix, sizes, train, weights == "file")
    except MissingKernelError as error:
        operation = str(error).partition(";")[0]
        raise ModelError(f"model '{program.name}' cannot be exported to C: {operation}") from None
    recordings = record_twice(recorder, sizes, train)
    files = {
        f"{prefix}.h": header_text(unit).encode(),
        f"{prefix}.c": source_text(unit).encode(),
        f"test_{prefix}.c": check_text(unit, *recordings).encode(),
        f"{prefix}.mk": _makefile(unit).encode(),
    }
    if unit.from_file:
        files[f"{prefix}.weights"] = weights_file(unit.layout, unit.program)
    if program.table is not None:
        files[f"{prefix}_table.h"] = table_text(unit, program.table).encode()
    return _write(output, files)


def _prefix(model: str, wanted: str | None) -> str:
    """Return the prefix of names.

    Raises:
        ModelError: the wish is not a name in C.
    """
    near = letters(model if wanted is None else wanted)[:_LONGEST]
    if wanted is not None and wanted != near:
        raise ModelError(
            "name must be one that C allows, letters and digits that begin with a letter, not with nnc, and are at most"
            f" {_LONGEST}, got {wanted!r}; {near!r} would do"
        )
    return near


def _make(program: Program, prefix: str, sizes: Mapping[str, int], train: bool, from_file: bool) -> Exported:
    predict = _plan(program, PREDICT, sizes)
    training = _plan(program, TRAIN, sizes) if train else None
    derived = Signature.of(predict.source).hoisted
    deriving = _plan(program, PROLOGUE, sizes) if train and derived else None
    arrays = _arrays(program, predict, training, deriving)
    in_memory = set(arrays) if train or from_file else set(predict.graph.updates)
    layout = lay_out(arrays, in_memory, deriving is not None)
    if max(layout.nbytes, *(plan.arena_bytes for plan in (predict, training) if plan is not None)) > _LARGEST:
        raise ModelError(
            f"model '{program.name}' needs more than 2 GiB of memory for {dict(sizes)}: take smaller sizes"
        )
    reserved = {f"{prefix}_{name}{end}" for name in (*layout.names, *FUNCTIONS) for end in ("", "_at")}

    def printed(plan: Plan, form: Form) -> CFunction:
        return print_function(plan, form, layout, prefix, reserved)

    prepare = None if deriving is None else printed(deriving, Form("prepare"))
    train_function = None
    if training is not None:
        begin = tuple(stale_lines(layout, prefix))
        train_function = printed(training, Form("train", first=begin, derives=True, returns_loss=True))
    first = () if prepare is None else tuple(fresh_lines(prefix, prepare.name))
    spec = program.spec
    others = tuple(result.metric for result in spec.results)
    means = tuple(metric for metric in spec.metrics if metric not in others)
    return Exported(
        name=prefix,
        model=program.name,
        sizes=dict(sizes),
        predict=printed(predict, Form("predict", first=first, derives=bool(first))),
        prepare=prepare,
        train=train_function,
        layout=layout,
        from_file=from_file and bool(layout.in_memory),
        metrics=means if train else (),
        missing=others if train else (),
        rate=LEARNING_RATE if training is not None and LEARNING_RATE in training.graph.states else None,
        variables=spec.variables,
        graphs=tuple(str(program.graph(name)) for name in ((PREDICT, TRAIN) if train else (PREDICT,))),
        averages=tuple(_averages(training.graph)) if training is not None else (),
        begins_with_texts=spec.edge is not None,
    )


def _plan(program: Program, name: str, sizes: Mapping[str, int]) -> Plan:
    graph = program.graph(name)
    bindings = {symbol: sizes[symbol] for symbol in graph.symbols}
    return make_plan(lower(graph, WITHOUT_PACKING), bindings, WITHOUT_PACKING)


def _arrays(program: Program, predict: Plan, training: Plan | None, deriving: Plan | None) -> dict[str, Array]:
    """Return copies of the numbers of all states that the plans use, by label.

    Derived ones are derived, or zeros where a function will do so.
    """
    derived = Signature.of(predict.source).hoisted
    found = {label: array for label, array in program.states.items() if label not in derived}
    found |= {label: numpy.zeros([int(dim) for dim in type.shape], type.dtype) for label, type in derived.items()}
    if derived and deriving is None:
        found = interpret(program.graph(PROLOGUE), {}, found)[1]
    plans = predict, training, deriving
    labels = dict.fromkeys(label for plan in plans if plan is not None for label in _used_states(plan))
    return {label: numpy.array(found[label]) for label in labels}


def _used_states(plan: Plan) -> list[str]:
    """Return the labels of the states that a plan's steps read or write, in their order."""
    graph, views = plan.graph, plan.storage.views
    used = {operand for node in graph.nodes if is_step(plan, node.index) for operand in node.operands} | set(
        graph.roots
    )
    for value in reversed([value for node in graph.nodes for value in graph.results(node)]):
        if value in used and value in views:
            used.add(views[value])
    return [label for label, value in graph.states.items() if value in used or label in graph.updates]


def _averages(graph: Graph) -> list[tuple[str, str]]:
    prefix = "optimizer/average/"
    return [(label.removeprefix(prefix), label) for label in graph.states if label.startswith(prefix)]


def _makefile(unit: Exported) -> str:
    name = unit.name
    return f"""\
# {name}.mk: {MARK}
# make -f {name}.mk check    compiles {name}.c and test_{name}.c and compares with recorded numbers
# For speed: CFLAGS='-std=c99 -O3 -march=native -fopenmp-simd -DNNC_OPENMP_SIMD',
# on Intel's processors with AVX-512 also -mprefer-vector-width=512, or compilers use half of each register

CFLAGS = -std=c99 -O2 -Wall -Wextra -pedantic

check: test_{name}
	./test_{name}

test_{name}: test_{name}.c {name}.c {name}.h
	$(CC) $(CFLAGS) -o $@ test_{name}.c {name}.c -lm

.PHONY: check
"""


def _write(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files, after a look that nothing else is in their place.

    Raises:
        DataError: something is.
    """
    check_output(folder)
    for name in files:
        path = folder / name
        if path.is_dir() or (path.exists() and not _is_own(path)):
            raise DataError(f"{path}: exists, and no export wrote it; move it, or give another folder or name")
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        write_atomically(folder / name, data)
    return [folder / name for name in files]


def _is_own(path: Path) -> bool:
    with path.open("rb") as stream:
        begin = stream.read(512)
    return begin.startswith(MAGIC) or MARK.encode() in begin.partition(b"\n")[0]
