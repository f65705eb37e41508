"""Divides a long function into stretches that run one after the other, each a function with the pointers it uses.

Compilers keep a pointer that stands at the beginning of a function in mind until it is used for the last time, and
take far more than twice as long for twice as many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nnc.backends.c.expressions import call, variable
from nnc.backends.c.linkage import RUN, Linkage
from nnc.backends.c.regions import ApartFunction
from nnc.backends.c.statements import Code, Facts, Statement, execute, when, written

LONGEST = 200
"""Lines of a stretch, unless a part alone has more."""


@dataclass(frozen=True)
class Divided:
    """A function with its stretches.

    Args:
        functions: the stretches, none where the function is not divided.
        body: its own lines.
    """

    functions: Sequence[ApartFunction]
    body: Sequence[str]


@dataclass
class _Stretch:
    """Parts that follow each other.

    Attributes:
        lines: their text.
        uses: names in it.
        may_fail: whether a run may end in them.
    """

    lines: list[str] = field(default_factory=list)
    uses: set[str] = field(default_factory=set)
    may_fail: bool = False


def divide(name: str, heads: Sequence[Statement], parts: Iterable[Sequence[Code]], linkage: Linkage) -> Divided:
    """Return a function that works on the record of a run, divided if it is long.

    Args:
        name: of the function, which begins the names of stretches.
        heads: declarations of what parts use.
        parts: statements that follow each other; none declares anything for another.
        linkage: writes directives.
    """
    stretches = [_Stretch()]
    for part in parts:
        lines, facts = written(part, linkage.pragma), Facts.of(part)
        if stretches[-1].lines and len(stretches[-1].lines) + len(lines) > LONGEST:
            stretches.append(_Stretch())
        last = stretches[-1]
        last.lines += lines
        last.uses |= facts.uses
        last.may_fail = last.may_fail or facts.may_fail
    if len(stretches) == 1:
        return Divided((), [*written(heads, linkage.pragma), *stretches[0].lines])
    functions: list[ApartFunction] = []
    body: list[Code] = []
    for number, stretch in enumerate(stretches, 1):
        own = f"{name}_{number}"
        used = [head for head in heads if head.declares in stretch.uses]
        functions.append(ApartFunction(own, [linkage.record], [*written(used, linkage.pragma), *stretch.lines]))
        body.append(execute(call(own, RUN)))
        if stretch.may_fail and number < len(stretches):
            body.append(when(variable("run->fault[0]"), [Statement("return;")]))
    return Divided(functions, written(body, linkage.pragma))
