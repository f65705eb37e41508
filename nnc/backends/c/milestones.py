"""How a unit says which pieces of its outputs are finished, to a thread that reads them while it runs."""

from __future__ import annotations

from nnc.backends.c.linkage import RUN
from nnc.backends.c.statements import Statement

PLACE = "    int64_t *finished;       /* how many pieces of the outputs are finished */\n"
"""What a run that says it has besides."""
FUNCTION = """\
/* Says how many pieces are finished; a thread that reads the number finds in memory all that was written before. */
static inline void nnc_finish(const nnc_run *run, int64_t pieces) {
    __atomic_store_n(run->finished, pieces, __ATOMIC_RELEASE);
}
"""


def finish(pieces: int) -> Statement:
    """Return the statement that says how many pieces are finished."""
    return Statement(f"nnc_finish(run, {pieces});", RUN.uses)
