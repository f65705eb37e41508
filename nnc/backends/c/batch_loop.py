"""The loop over batches in C: gathers the rows of each batch and runs it, so that an epoch is one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nnc.backends.c.arrays import Array, known_size
from nnc.backends.c.expressions import Expression, call, operand, product_of, size_of, variable
from nnc.backends.c.kernels.registry import Unit
from nnc.backends.c.linkage import RUN
from nnc.backends.c.statements import Code, CodeBlock, Facts, Statement, assign, execute, line, loop, when, written
from nnc.backends.c.thread_counts import PARALLEL_ROW, PARALLEL_SIZE, in_team, members, shared, without_subnormals
from nnc.ir import Value
from nnc.ir.types import ITEM_SIZES

_COPIED = 16
"""Elements of a row from which on it is copied as a block."""
_WORDS = (8, 16, 32)
"""Bytes of shorter rows that are copied as a block: one register holds them."""


def can_feed(inputs: Sequence[Value]) -> bool:
    """Whether the inputs are rows of one batch, whose size is known at run time."""
    lengths = {value.shape[0] if value.rank else None for value in inputs}
    return len(lengths) == 1 and not isinstance(lengths.pop(), int | None)


def write_feed(
    name: str,
    heads: Sequence[Code],
    inputs: Sequence[Value],
    array: Callable[[Value], Array],
    unit: Unit,
    facts: Facts,
) -> list[str]:
    """Return the function that runs several batches.

    Args:
        name: name of the function that runs one.
        heads: statements that declare the run-time dimensions and the inputs.
        inputs: the inputs.
        array: where an input lies.
        unit: what the function belongs to.
        facts: of the function that runs one: where that may end early, those after it do not start; where it has loops
            for several threads, they gather rows, too.
    """
    sources: list[Code] = []
    loops: list[Code] = []
    for number, value in enumerate(inputs):
        target, source = array(value), variable(f"source_{number}")
        type = target.memory_type
        sources.append(Statement(f"const {type} *const {source.text} = (const {type} *)sources[{number}];"))
        loops.append(_gather(target, source, facts.is_parallel))
    end = [when(variable("run->fault[0]"), [Statement("break;")])] if facts.may_fail else []
    batch = operand(inputs[0].shape[0])
    head = line("for (int64_t number = 0; number < batches; number++, order += ", batch, ")")
    one = execute(call(f"{name}_once", RUN))
    batches: list[Code] = [CodeBlock(head, (*loops, one, *end))]
    body = [*sources, *without_subnormals(in_team(batches) if facts.is_parallel else batches)]
    return [
        "/* Runs batches of rows of the sources, which are numbered in the order of the batches. */",
        f"void {name}_batches(const nnc_run *run, const void *const *sources, const int64_t *order, int64_t batches)",
        "{",
        *written([*heads, *body], unit.linkage.pragma),
        "}",
        "",
    ]


def write_epochs(name: str, unit: Unit) -> list[str]:
    """Return the function that runs whole epochs, and the record of what it needs.

    Args:
        name: name of the function that runs one batch.
        unit: where functions come from.
    """
    shuffle = unit.call("nnc_shuffle_i64", *map(variable, ("e->order", "e->rows", "e->generator")))
    return [
        "/* What epochs work on: stretches of equal batches, the rows, and sums that begin each epoch as zeros; runs",
        "   and sums for each of several blocks of networks. Sums are recorded at places of theirs in each epoch's",
        "   record. */",
        "typedef struct {",
        "    int64_t blocks, stretches;",
        "    const nnc_run *const *runs;",
        "    const int64_t *batches, *sizes;",
        "    const void *const *sources;",
        "    int64_t *order, rows;",
        "    uint64_t *generator;",
        "    int64_t sums;",
        "    void *const *sum;",
        "    const int64_t *bytes, *places;",
        "    int64_t epochs, record_bytes;",
        "    char *record;",
        "} nnc_epochs;",
        "",
        "/* Runs epochs, each in an order of its own where there is a generator, and records the sums of each. */",
        f"void {name}_epochs(const nnc_epochs *e)",
        "{",
        "    for (int64_t epoch = 0; epoch < e->epochs; epoch++) {",
        "        if (e->generator != NULL) {",
        "            for (int64_t i = 0; i < e->rows; i++) {",
        "                e->order[i] = i;",
        "            }",
        f"            {shuffle.text};",
        "        }",
        "        for (int64_t block = 0; block < e->blocks; block++) {",
        "            void *const *const sum = e->sum + block * e->sums;",
        "            const int64_t *const places = e->places + block * e->sums;",
        "            for (int64_t k = 0; k < e->sums; k++) {",
        "                memset(sum[k], 0, (size_t)e->bytes[k]);",
        "            }",
        "            const nnc_run *const *const runs = e->runs + block * e->stretches;",
        "            const int64_t *order = e->order;",
        "            for (int64_t k = 0; k < e->stretches; k++) {",
        f"                {name}_batches(runs[k], e->sources, order, e->batches[k]);",
        "                order += e->batches[k] * e->sizes[k];",
        "            }",
        "            for (int64_t k = 0; k < e->sums; k++) {",
        "                memcpy(e->record + epoch * e->record_bytes + places[k], sum[k], (size_t)e->bytes[k]);",
        "            }",
        "        }",
        "    }",
        "}",
        "",
    ]


def _gather(target: Array, source: Expression, is_parallel: bool) -> Code:
    size, known = product_of(*target.shape[1:]), known_size(target.shape[1:])
    row, i, order = map(variable, ("row", "i", "order"))
    to, taken = target.pointer, order[row]
    body: Code
    if known == 1:
        body = assign(to[row], source[taken])
    elif known is not None and known < _COPIED and known * ITEM_SIZES[target.dtype] not in _WORDS:
        body = loop(i, known, [assign(to[row * known + i], source[taken * known + i])])
    else:
        body = execute(call("memcpy", to + row * size, source + taken * size, size_of(target.memory_type) * size))
    count = None
    if is_parallel:
        count = members(target.shape[0], target.shape[0] * (1 if known is None else known), PARALLEL_SIZE, PARALLEL_ROW)
    return loop(row, target.shape[0], [body], shared(count))
