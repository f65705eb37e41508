"""The function that fills the caller's memory with the first states, and the file they may come from."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from nnc.backends.c.text import comment
from nnc.export.c_state import StateLayout

MAGIC = b"nncw"
VERSION = 1
HEAD = struct.Struct("<4s7I")
"""Magic, version, bytes of the states, checksum of the program, checksum of the states, three zeros."""

_CHECKSUM = """\
/* CRC-32 as of zip files. */
static uint32_t nnc_checksum(const unsigned char *bytes, size_t count)
{
    uint32_t sum = 0xFFFFFFFFu;
    for (size_t i = 0; i < count; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            sum = (sum >> 1) ^ (0xEDB88320u & (0u - (sum & 1u)));
        }
    }
    return sum ^ 0xFFFFFFFFu;
}
"""

_WORDS = """\
/* Makes numbers of so many bytes, the lowest first, what this machine has for them, where they lie. */
static void nnc_from_little_endian(unsigned char *bytes, size_t count, int size)
{
    for (size_t i = 0; i < count; i++, bytes += size) {
        uint64_t word = 0;
        for (int k = 0; k < size; k++) {
            word |= (uint64_t)bytes[k] << 8 * k;
        }
        if (size == 4) {
            const uint32_t half = (uint32_t)word;
            memcpy(bytes, &half, 4);
        } else {
            memcpy(bytes, &word, 8);
        }
    }
}
"""


def weights_file(layout: StateLayout, program: int) -> bytes:
    """Return the contents of the file: a head of 32 bytes, then the memory's first bytes, little-endian."""
    image = layout.image()
    return HEAD.pack(MAGIC, VERSION, len(image), program, zlib.crc32(image), 0, 0, 0) + image


def offsets_text(layout: StateLayout, prefix: str) -> str:
    """Return the enumeration of the offsets of states, empty where none are in memory."""
    if not layout.in_memory:
        return ""
    items = [(f"{prefix}_{entry.name}_at = {entry.offset}", "") for entry in layout.in_memory]
    if layout.current is not None:
        items.append((f"{prefix}_current_at = {layout.current}", "/* whether derived states are up to date */"))
    return "\n".join(["/* where states lie in the caller's memory, in bytes */", *enumeration(items), ""])


def enumeration(items: Sequence[tuple[str, str]]) -> list[str]:
    """Return the lines of an enumeration.

    Args:
        items: each constant with its value, and the comment behind it or an empty text.
    """
    last = len(items) - 1
    lines = [f"    {item}{'' if number == last else ','}" for number, (item, _) in enumerate(items)]
    remarks = [f" {remark}" if remark else "" for _, remark in items]
    return ["enum {", *(line + remark for line, remark in zip(lines, remarks, strict=True)), "};"]


def init_prototype(prefix: str, from_file: bool) -> str:
    """Return the head of the function."""
    if from_file:
        return f"int {prefix}_init(void *state, const void *file, size_t bytes)"
    return f"void {prefix}_init(void *state)"


def init_text(layout: StateLayout, prefix: str, program: int | None) -> str:
    """Return the definition of the function, and of what it calls.

    Args:
        layout: where states lie.
        prefix: of its name.
        program: the number that a file of weights must have, None where the source has them.
    """
    size = f"{prefix.upper()}_STATE_BYTES"
    if program is None:
        lines = [f"    memset(state, 0, {size});"]
        for entry in layout.first_numbers:
            name = f"{prefix}_{entry.name}"
            lines.append(f"    memcpy((char *)state + {name}_at, {name}, sizeof {name}); {comment(f'@{entry.label}')}")
        return "\n".join([init_prototype(prefix, False), "{", *lines, "}", ""])
    first = layout.first_bytes
    native = "\n".join(f"    {line}" for line in _native_lines(layout, prefix))
    return f"""\
{_CHECKSUM}
{_WORDS}
{init_prototype(prefix, True)}
{{
    const unsigned char *const begin = (const unsigned char *)file;
    uint32_t head[8];
    if (bytes < sizeof head) {{
        return {prefix.upper()}_CUT_OFF;
    }}
    memcpy(head, file, sizeof head);
    nnc_from_little_endian((unsigned char *)head, 8, 4);
    if (memcmp(begin, "{MAGIC.decode()}", 4) != 0) {{
        return {prefix.upper()}_NO_WEIGHTS;
    }}
    if (head[1] != {VERSION}u) {{
        return {prefix.upper()}_OTHER_VERSION;
    }}
    if (head[2] != {first}u || head[3] != 0x{program:08X}u) {{
        return {prefix.upper()}_OTHER_PROGRAM;
    }}
    if (bytes != sizeof head + {first}) {{
        return {prefix.upper()}_CUT_OFF;
    }}
    if (nnc_checksum(begin + sizeof head, {first}) != head[4]) {{
        return {prefix.upper()}_DAMAGED;
    }}
    memmove(state, begin + sizeof head, {first});
    memset((char *)state + {first}, 0, {size} - {first});
{native}
    return 0;
}}
"""


def _native_lines(layout: StateLayout, prefix: str) -> list[str]:
    """Return the calls that make of the file's numbers those of the machine."""
    numbers = [
        (f"(unsigned char *)state + {prefix}_{entry.name}_at", entry.array.size, entry.array.itemsize)
        for entry in layout.first_numbers
    ]
    return [f"nnc_from_little_endian({place}, {count}, {size});" for place, count, size in numbers if size > 1]


ERRORS = (
    ("CUT_OFF", "it is shorter or longer than it should be"),
    ("NO_WEIGHTS", "it is not a file of weights"),
    ("OTHER_VERSION", "it has another version"),
    ("OTHER_PROGRAM", "it belongs to another program"),
    ("DAMAGED", "its checksum is wrong"),
)
"""Return values of the function, from 1 on, with the fault of the file."""
