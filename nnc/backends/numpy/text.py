"""Writes names and texts that come from users in Python: whatever they hold, they never become code.

Names of models, layers, arrays and files reach Python source through these functions alone: as a string, as an
identifier, or as words for people, in a comment or a docstring.
"""

from __future__ import annotations

import re
from collections.abc import Container

from nnc.texts import ascii_text

_ENDS = str.maketrans('"\\', "'/")
"""Replacements for characters that would end a docstring or begin an escape in it."""


def string_text(text: str) -> str:
    r"""Return a literal of a string, in double quotes and ASCII.

    >>> print(string_text("dense"), string_text("it's"), string_text('a"b\\'), string_text("é"))
    "dense" "it's" "a\"b\\" "\xe9"
    """
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{ascii_text(quoted)}"'


def identifier(text: str, *taken: Container[str]) -> str:
    """Return a name in ASCII as near to a text as possible, that is in none of the containers.

    >>> identifier("dense_1/kernel"), identifier("1x"), identifier("for", ("for", "for_2"))
    ('dense_1_kernel', '_1x', 'for_3')
    """
    name = re.sub(r"\W", "_", text, flags=re.ASCII)
    name = f"_{name}" if name[:1].isdigit() else name
    unique, count = name, 1
    while any(unique in names for names in taken):
        count += 1
        unique = f"{name}_{count}"
    return unique


def comment(text: str) -> str:
    r"""Return a comment of one line.

    >>> comment("%x = relu(%y)"), comment("two\nlines")
    ('# %x = relu(%y)', '# two\\nlines')
    """
    return f"# {ascii_text(text)}"


def words(text: str) -> str:
    r"""Return a text for the inside of a docstring, which neither ends it nor escapes what follows.

    >>> words("it's"), words('''a\"\"\"b'''), words("end\\")
    ("it's", "a'''b", 'end/')
    """
    return ascii_text(text).translate(_ENDS)
