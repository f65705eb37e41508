"""Prints a plan as one C99 translation unit: a function, each block under the IR line it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nnc.backends.c.headers import sections
from nnc.backends.c.kernels import EXPRESSIONS, KERNELS, Unit
from nnc.backends.c.linkage import RecordLinkage, Slot
from nnc.backends.c.marks import mark_text
from nnc.backends.c.nests import indented
from nnc.backends.c.printer import Function, Printer
from nnc.backends.c.sharing import PARALLEL
from nnc.backends.c.text import comment, identifier
from nnc.backends.c.threads import team_text
from nnc.backends.marks import Marks
from nnc.errors import MissingKernelError
from nnc.ir import Op, TensorType, Value
from nnc.plan import Plan, Prepacked, prepacked_offsets

PRELUDE = """\
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* What a run works on: filled in once, before the first call. */
typedef struct {
    char *arena;             /* all intermediate values */
    const int64_t *offsets;  /* where each buffer begins in the arena, in bytes */
    const int64_t *sizes;    /* run-time dimensions */
    void *const *states;     /* weights and all else that lives between runs */
    const void *const *constants;
    char *prepacked;         /* weights in the layout that kernels read best */
    void *gemm_f32, *gemm_f64; /* cblas_sgemm and cblas_dgemm, or NULL */
    int64_t is_wide;         /* whether these take integers of 64 bits */
    const int64_t *threads;  /* how many a parallel loop may use */
    void *pool;              /* nnc_fork, which has them, or NULL */
    int64_t *fault;          /* where the run ended early: 1, an index, and the rows of the table that lacks it */
} nnc_run;
"""


@dataclass(frozen=True)
class Source:
    """Emitted source, and what `nnc_run` must be filled with.

    Attributes:
        text: the translation unit.
        name: the function's name.
        plan: what was printed.
        slots: the buffers in the order of ``offsets``.
        symbols: the run-time dimensions in the order of ``sizes``.
        states: labels in the order of ``states``.
        packed_states: labels of the states that are packed by the function with ``_prepack`` behind its name.
        prepacked_bytes: that this takes.
        feeds: whether there is also a function for several batches, by the name with ``_batches`` behind it.
        constants: values, with the steps of the scans they lie in, in the order of ``constants``.
    """

    text: str
    name: str
    plan: Plan
    slots: tuple[Slot, ...]
    symbols: tuple[str, ...]
    states: tuple[str, ...]
    constants: tuple[tuple[tuple[int, ...], Value], ...]
    packed_states: tuple[str, ...]
    prepacked_bytes: int
    feeds: bool

    @property
    def runs_epochs(self) -> bool:
        """Whether there is a function for whole epochs, by the name with ``_epochs`` behind it."""
        return f"void {self.name}_epochs(" in self.text

    @property
    def is_parallel(self) -> bool:
        """Whether there are loops for several threads."""
        return PARALLEL in self.text

    @property
    def may_fail(self) -> bool:
        """Whether a run may end early, with ``fault`` set."""
        return "run->fault" in self.text


def kernel_workspace(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
    """Return what the C kernel of an op needs beside operands and results.

    Raises:
        MissingKernelError: there is no kernel for the op.
    """
    if type(op) in KERNELS:
        return KERNELS[type(op)].workspace(op, operands, results)
    if type(op) in EXPRESSIONS or type(op).view is not Op.view or op.arity == 0:
        return ()
    raise MissingKernelError(f"operation '{op.name}' has no C kernel; backend='numpy' has one, and 'auto' takes that")


def kernel_prepack(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Prepacked | None:
    """Return what the C kernel of an op reads in the place of an operand that no run changes."""
    return KERNELS[type(op)].prepack(op, operands, results) if type(op) in KERNELS else None


def print_source(plan: Plan, marks: Marks | None = None) -> Source:
    """Return the source of a plan. It does not depend on the sizes of run-time dimensions.

    Args:
        plan: what to print.
        marks: filled with the blocks, whose ticks and visits the unit then counts; see `nnc.backends.c.marks`.
    """
    linkage = RecordLinkage(plan.source.symbols)
    offsets, prepacked_bytes = prepacked_offsets(plan)
    function = Function(Unit(linkage), marks, offsets)
    printer = Printer(plan, function)
    body = printer.body()
    name = _function_name(plan.source.name)
    feed = printer.feed(name)
    prepack, packed_states = function.prepack(name)
    functions = sections(printer.unit.functions)
    is_parallel = any(PARALLEL in line for line in body)
    text = "\n".join(
        [
            comment(f"{plan.source.name}: generated by nnc"),
            PRELUDE,
            *([] if marks is None else [mark_text(len(marks.blocks))]),
            *([team_text()] if is_parallel else []),
            *([functions] if functions else []),
            f"static void {name}_once(const nnc_run *run)" if is_parallel else f"void {name}(const nnc_run *run)",
            "{",
            *indented(body),
            "}",
            "",
            *(_with_threads(name) if is_parallel else []),
            *feed,
            *prepack,
        ]
    )
    slots, states, constants = tuple(linkage.slots), tuple(linkage.states), tuple(linkage.constants)
    return Source(
        text, name, plan, slots, plan.source.symbols, states, constants, packed_states, prepacked_bytes, bool(feed)
    )


def _with_threads(name: str) -> list[str]:
    """The function around one with parallel loops."""
    return [
        f"void {name}(const nnc_run *run)",
        "{",
        "    const int before = nnc_begin_team(run);",
        f"    {name}_once(run);",
        "    nnc_end_team(before);",
        "}",
        "",
    ]


def _function_name(name: str) -> str:
    return "nnc_" + identifier(name, ())
