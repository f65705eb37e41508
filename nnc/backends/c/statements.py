"""Statements of C as values: what each uses, declares and may end, what threads share; written as lines in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nnc.backends.c.expressions import NOTHING, Expression, Operand, operand, whole
from nnc.backends.c.text import comment

INDENT = "    "


class Code:
    """A line, or lines in braces."""

    __slots__ = ()


@dataclass(slots=True, eq=False)
class Statement(Code):
    """One line; it is never changed, as it may stand in several places.

    Args:
        text: in C.
        uses: names of the variables and functions in it.
        declares: name of the variable that it declares, an empty text where it is not one that may be left out.
        may_fail: whether the run ends here, with a fault.
    """

    text: str
    uses: frozenset[str] = NOTHING
    declares: str = ""
    may_fail: bool = False


@dataclass(frozen=True, slots=True)
class Directive:
    """The freedom that a loop leaves to the compiler, which OpenMP's directives tell it.

    Args:
        members: number of the threads that share the turns, None where one thread has them all.
        is_simd: whether turns may run side by side.
        lanes: turns that run side by side, 0 for any number.
        reductions: variables that turns combine, by operator.
        is_in_turn: whether each thread takes every so many turns, one at a time.
        collapsed: number of loops, one right inside the other, whose turns threads share as those of one.
    """

    members: Expression | None = None
    is_simd: bool = False
    lanes: int = 0
    reductions: Mapping[str, Sequence[Expression]] | None = None
    is_in_turn: bool = False
    collapsed: int = 1

    @property
    def text(self) -> str:
        """The directive, without what makes it one."""
        words = [] if self.members is None else ["parallel for"]
        words += ["simd"] if self.is_simd else []
        words += [f"collapse({self.collapsed})"] if self.collapsed > 1 else []
        words += [] if self.members is None else [f"num_threads({self.members.text})"]
        words += ["schedule(static, 1)"] if self.is_in_turn else []
        words += [f"simdlen({self.lanes})"] if self.lanes else []
        for sign, names in (self.reductions or {}).items():
            words.append(f"reduction({sign}:{','.join([name.text for name in names])})")
        return " ".join(words)


SIMD = Directive(is_simd=True)


@dataclass(slots=True, eq=False)
class CodeBlock(Code):
    """Statements in braces.

    Args:
        head: what stands before them, an empty text for nothing.
        body: the statements.
        directive: what the compiler is told about the loop, if it is one.
        otherwise: the statements of an ``else``, None where there is none.
        end: what stands behind the last brace.
    """

    head: Statement
    body: tuple[Code, ...]
    directive: Directive | None = None
    otherwise: tuple[Code, ...] | None = None
    end: str = ""


Pragma = Callable[[str, str], str]
"""Returns the line of a directive from its text and the indentation of the loop below."""


# ---------------------------------------------------------------------- statements


def line(*parts: str | Expression, declares: str = "", may_fail: bool = False) -> Statement:
    """Return a statement of texts and whole expressions, which brackets, commas and the like keep apart."""
    uses: frozenset[str] = NOTHING
    texts = []
    for part in parts:
        if isinstance(part, Expression):
            uses |= part.uses
            texts.append(part.text)
        else:
            texts.append(part)
    return Statement("".join(texts), uses, declares, may_fail)


def execute(expression: Expression) -> Statement:
    """Return the statement that an expression alone is, such as a call."""
    return Statement(f"{expression.text};", expression.uses)


def assign(target: Expression, value: Operand, sign: str = "=") -> Statement:
    """Return an assignment."""
    given = operand(value)
    return Statement(f"{target.text} {sign} {given.text};", target.uses | given.uses)


def advance(index: Expression) -> Statement:
    """Return the statement that adds 1."""
    return Statement(f"{index.text}++;", index.uses)


def declare(kind: str, name: Expression, value: Operand) -> Statement:
    """Return the declaration of a variable with what it is at first."""
    given = operand(value)
    return Statement(f"{kind} {name.text} = {given.text};", given.uses)


def declare_all(kind: str, *variables: tuple[Expression, Operand]) -> Statement:
    """Return the declaration of variables of one type with what they are at first."""
    given = [(name.text, operand(value)) for name, value in variables]
    uses = NOTHING.union(*[value.uses for _, value in given])
    return Statement(f"{kind} {', '.join([f'{name} = {value.text}' for name, value in given])};", uses)


def pointer(kind: str, name: Expression, address: Expression, is_fixed: bool = True) -> Statement:
    """Return the declaration of a pointer to a type, which may move unless it is fixed; see `Statement.declares`."""
    const = "const " if is_fixed else ""
    return Statement(f"{kind} *{const}{name.text} = {address.text};", address.uses, name.text)


def array(kind: str, name: Expression, *lengths: Operand, values: Sequence[Operand] | None = None) -> Statement:
    """Return the declaration of an array; one without lengths is as long as its values."""
    sizes = [operand(length) for length in lengths]
    given = None if values is None else [operand(value) for value in values]
    text = f"{kind} {name.text}{''.join([f'[{size.text}]' for size in sizes]) or '[]'}"
    text += "" if given is None else f" = {{{', '.join([value.text for value in given])}}}"
    return Statement(f"{text};", NOTHING.union(*[part.uses for part in (*sizes, *(given or ()))]))


def remark(text: str) -> Statement:
    """Return a comment, in which nothing is used."""
    return Statement(comment(text))


# ---------------------------------------------------------------------- blocks


def block(body: Iterable[Code]) -> CodeBlock:
    """Return statements in braces."""
    return CodeBlock(_EMPTY, tuple(body))


def loop(
    index: Expression,
    end: Operand,
    body: Iterable[Code],
    directive: Directive | None = None,
    start: Operand = 0,
    step: Operand | None = None,
) -> CodeBlock:
    """Return the loop in which an index counts up, by 1 or a step, to what is the end of it."""
    first, last, name = whole(start), whole(end), index.text
    uses = first.uses | last.uses
    ahead = f"{name}++"
    if step is not None:
        by = operand(step)
        ahead, uses = f"{name} += {by.text}", uses | by.uses
    text = f"for (int64_t {name} = {first.text}; {name} < {last.text}; {ahead})"
    return CodeBlock(Statement(text, uses), tuple(body), directive)


def turns(
    index: Expression,
    start: Expression,
    condition: Expression,
    body: Iterable[Code],
    directive: Directive | None = None,
    kind: str = "int64_t",
    step: Operand | None = None,
) -> CodeBlock:
    """Return the loop whose index counts up from the start as long as a condition holds."""
    name, ahead, uses = index.text, f"{index.text}++", start.uses | condition.uses
    if step is not None:
        by = operand(step)
        ahead, uses = f"{name} += {by.text}", uses | by.uses
    return CodeBlock(
        Statement(f"for ({kind} {name} = {start.text}; {condition.text}; {ahead})", uses), tuple(body), directive
    )


def when(condition: Expression, body: Iterable[Code], otherwise: Iterable[Code] | None = None) -> CodeBlock:
    """Return statements under a condition, and others for where it does not hold."""
    head = Statement(f"if ({condition.text})", condition.uses)
    return CodeBlock(head, tuple(body), otherwise=None if otherwise is None else tuple(otherwise))


def until_settled(body: Iterable[Code], condition: Expression) -> CodeBlock:
    """Return statements that run again as long as a condition holds behind them."""
    return CodeBlock(Statement("do"), tuple(body), end=f" while ({condition.text});")


_EMPTY = Statement("")


# ---------------------------------------------------------------------- facts and lines


@dataclass(slots=True)
class Facts:
    """The facts about statements and all in them.

    Attributes:
        uses: names of the variables and functions that they use.
        may_fail: whether a run may end in them, with a fault.
        has_directives: whether there are loops that leave freedom to the compiler.
        is_parallel: whether there are loops for several threads.
    """

    uses: set[str] = field(default_factory=set)
    may_fail: bool = False
    has_directives: bool = False
    is_parallel: bool = False

    @staticmethod
    def of(code: Iterable[Code]) -> Facts:
        """Return the facts about some statements."""
        found = Facts()
        found._add(code)
        return found

    def _add(self, code: Iterable[Code]) -> None:
        for item in code:
            if isinstance(item, Statement):
                self.uses |= item.uses
                if item.may_fail:
                    self.may_fail = True
                continue
            assert isinstance(item, CodeBlock)
            self.uses |= item.head.uses
            if item.directive is not None:
                self.has_directives = True
                if item.directive.members is not None:
                    self.is_parallel = True
                    self.uses |= item.directive.members.uses
            self._add(item.body)
            if item.otherwise is not None:
                self._add(item.otherwise)


def written(code: Iterable[Code], pragma: Pragma, depth: int = 1) -> list[str]:
    """Return the lines of statements.

    Args:
        code: the statements.
        pragma: writes directives; see `Linkage.pragma`.
        depth: of blocks around them.
    """
    lines: list[str] = []
    _write(code, pragma, INDENT * depth, lines)
    return lines


def _write(code: Iterable[Code], pragma: Pragma, indent: str, lines: list[str]) -> None:
    for item in code:
        if isinstance(item, Statement):
            lines.append(indent + item.text)
            continue
        assert isinstance(item, CodeBlock)
        if item.directive is not None:
            lines.append(pragma(item.directive.text, indent))
        lines.append(f"{indent}{item.head.text} {{" if item.head.text else f"{indent}{{")
        _write(item.body, pragma, indent + INDENT, lines)
        if item.otherwise is not None:
            lines.append(f"{indent}}} else {{")
            _write(item.otherwise, pragma, indent + INDENT, lines)
        lines.append(f"{indent}}}{item.end}")
