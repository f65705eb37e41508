"""Writes numbers, element types, names and texts in C.

Names of models, layers, arrays and dimensions come from users, and reach C through these functions alone: as an
identifier, as a string, or as words in a comment. Whatever they hold, they become no code.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping

import numpy

from nnc.ir import Value
from nnc.ir.dimensions import SymbolicDim
from nnc.texts import ascii_text, printable

C_TYPES = {
    "float32": "float",
    "float64": "double",
    "int32": "int32_t",
    "int64": "int64_t",
    "uint32": "uint32_t",
    "uint64": "uint64_t",
    "uint8": "uint8_t",
    "bool": "bool",
}
MEMORY_TYPES = C_TYPES | {"bool": "uint8_t"}
"""As what elements lie in memory: GCC vectorises no loop that reads a ``bool``, which is a byte of 0 or 1 there."""
SUFFIXES = {"float32": "f32", "float64": "f64", "int32": "i32", "int64": "i64", "uint32": "u32", "uint64": "u64"}
"""Suffixes of functions, by element type."""
SUFFIXES |= {"uint8": "u8", "bool": "bool"}

UNSIGNED = {"int32": "uint32", "int64": "uint64"}
"""As what whole numbers with a sign are added and multiplied: as such they wrap around, which C else leaves open."""

_WORDS = """
auto break case char const continue default do double else enum extern float for goto if inline int
long register restrict return short signed sizeof static struct switch typedef union unsigned void
volatile while bool true false run arena offset size state constant main signal exp log sin cos tanh
erf pow sqrt floor fabs y0 y1 yn j0 j1 jn gamma index div time clock
image place start stop patch line group seen top bottom left right height width across blocks block
c f pd ph pw kd kh kw xd xh xw members memcpy memset

alignas alignof asm constexpr nullptr static_assert thread_local typeof typeof_unqual
and and_eq bitand bitor catch char16_t char32_t char8_t class co_await co_return co_yield compl concept const_cast
consteval constinit decltype delete dynamic_cast explicit export friend mutable namespace new noexcept not not_eq
operator or or_eq private protected public reinterpret_cast requires static_cast template this throw try typeid
typename using virtual wchar_t xor xor_eq
linux unix stdin stdout stderr errno errhandling math_errhandling
size_t ptrdiff_t fabsf floorf sqrtf
above bases batches before begins bytes chosen control counted epoch epochs generator jd jh jw lengths number order
origin phase places rd record rh room rows runs rw slot begin finite last lines member piece product sequence slice
sources stretches sum sums tap taps target td team terms th tiles tw whole
at factor neighbour next starts weights
"""
RESERVED = frozenset(_WORDS.split())
"""Words of C and C++, names of the library and of the unit itself; a value is never called like one of these."""
_LOCAL = re.compile(
    r"[ijkp]\d*|[nxz]\d+(_\d+)?|(before|start|low|high|room)\d+"
    r"|(total|part)(_\d+)?|weight_\d+|end|found|best|position|seen|given|is_open|is_chosen|row|least|most|first|second|threshold|better|count|is_in"
    r"|block|column|lane|start"
    r"|u?int\w*_t|source_\d+|first_row\w*_count|\w+_at"
)
"""Types, variables of the kernels, and offsets, which have ``_at`` behind the name of what lies there."""


_SMALL = re.compile("[a-z]")
_TRIGRAPH = re.compile(r"\?(?=\?)")
_OTHERS = re.compile(r"\W+", re.ASCII)


def symbol_text(symbol: str) -> str:
    """Return the variable that holds the size of a run-time dimension: another one for each.

    >>> [symbol_text(symbol) for symbol in ("batch", "NULL", "int", "int_", "__func__", "v__func__")]
    ['batch', 'NULL_', 'int_', 'int__', 'v__func___', 'vv__func___']
    """
    if "." in symbol:  # a kernel's own, see `own_dim`
        return symbol.replace(".", "_")
    name = f"v{symbol}" if re.match("v*_", symbol) else symbol  # what C begins so belongs to the compiler
    return f"{name}_" if _is_reserved(name) or name.endswith("_") else name


def own_dim(name: str) -> SymbolicDim:
    """Return the dimension that a variable of a kernel is; with a dot in its name, which no dimension of a user has.

    >>> 2 * own_dim("nnc.band")
    2*nnc.band
    """
    return SymbolicDim((((name,), 1),))


def number_text(number: float | int | bool, dtype: str) -> str:
    """Return a number as a literal of an element type.

    >>> number_text(0.1, "float32"), number_text(1, "float64"), number_text(float("-inf"), "float32")
    ('0.1f', '1.0', '-INFINITY')
    """
    if dtype == "bool":
        return "true" if number else "false"
    if dtype not in ("float32", "float64"):
        suffix = {"uint32": "u", "uint64": "ull", "int64": "ll"}.get(dtype, "")
        whole = int(number)
        if whole == -(2**63):
            return "(-9223372036854775807ll - 1)"
        return "(-2147483647 - 1)" if whole == -(2**31) and dtype == "int32" else f"{whole}{suffix}"
    value = numpy.dtype(dtype).type(number)
    if numpy.isnan(value):
        return "NAN"
    if numpy.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    text = str(value)
    text = text if any(mark in text for mark in ".e") else f"{text}.0"
    return f"{text}f" if dtype == "float32" else text


def value_text(value: Value, names: Mapping[Value, str]) -> str:
    """Return the name of a value: its own, or its number in a plan's text.

    Its number in the graph would not be the same after saving and loading, because texts have constants in line.
    """
    return value.name or f"v{names[value][1:] if value in names else value.index}"


def comment(text: str) -> str:
    """Return a comment of one line. What a name has in it that would end the comment is taken apart.

    >>> comment("dense*/kernel")
    '/* dense* /kernel */'
    """
    return f"/* {inert(text)} */"


def inert(text: str) -> str:
    """Return a text in ASCII that neither begins nor ends a comment and has no trigraphs, on one line."""
    line = ascii_text(" ".join(text.splitlines()))
    return _TRIGRAPH.sub("? ", line.replace("*/", "* /").replace("/*", "/ *"))


def string_text(text: str) -> str:
    r"""Return a string that prints as a text, what cannot be printed as its Python escape; in ASCII, without trigraphs.

    >>> print(string_text("it's"), string_text('a"b\\'), string_text("what??/"), string_text("é\n"))
    "it's" "a\"b\\" "what\?\?/" "\303\251\\n"
    """
    return f'"{"".join(map(_string_byte, printable(text).encode()))}"'


def _string_byte(byte: int) -> str:
    letter = chr(byte)
    if letter in '"\\?':
        return f"\\{letter}"
    return letter if " " <= letter <= "~" else f"\\{byte:03o}"


def identifier(text: str, taken: Container[str]) -> str:
    """Return a name for C as near to a text as possible, that is not taken.

    >>> identifier("dense_1/kernel", ()), identifier("int", ()), identifier("x3", ()), identifier("nnc_x", ("v_nnc_x",))
    ('dense_1_kernel', 'int_', 'x3_', 'v_nnc_x_2')
    """
    name = letters(text)
    name = f"{name}_" if _is_reserved(name) else name
    unique, count = name, 1
    while unique in taken:
        count += 1
        unique = f"{name}_{count}"
    return unique


def letters(text: str) -> str:
    """Return a name in ASCII as near to a text as possible, to stand before others that make it a name of its own.

    >>> letters("my model!"), letters("2nd"), letters("nnc"), letters("日本")
    ('my_model', 'v2nd', 'v_nnc', 'v')
    """
    name = _OTHERS.sub("_", text).strip("_") or "v"
    name = f"v{name}" if name[0].isdigit() else name
    return f"v_{name}" if name.lower() == "nnc" or name.lower().startswith("nnc_") else name


def _is_reserved(name: str) -> bool:
    """Whether a name may mean something else: without small letters, it may be a macro such as ``NULL``."""
    return name in RESERVED or name.startswith("nnc_") or not _SMALL.search(name) or _LOCAL.fullmatch(name) is not None
