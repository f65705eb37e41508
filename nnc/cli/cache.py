"""The command `nnc cache`: where compiled libraries are kept, how large they are, and how to be rid of them."""

from __future__ import annotations

from typing import Annotated

import typer

from nnc.cli import options
from nnc.cli.console import print_json, print_text, say

NAME = "cache"
EXAMPLE = "Example: nnc cache --clear"


def command(
    clear: Annotated[bool, typer.Option("--clear", help="Remove everything in it.")] = False,
    as_json: options.Json = False,
) -> None:
    """Show the cache of compiled C, or clear it; $NNC_CACHE_DIR sets its place."""
    from nnc.backends.c import cache

    count, size = cache.usage()
    if clear:
        cache.clear()
        say(f"removed {_libraries(count)}, {size / 2**20:.1f} MiB")
    elif as_json:
        print_json({"path": str(cache.cache_directory()), "libraries": count, "bytes": size, "limit": cache.LIMIT})
    else:
        limit = f"{size / 2**20:.1f} of at most {cache.LIMIT / 2**20:.0f} MiB"
        print_text(f"{cache.cache_directory()}: {_libraries(count)}, {limit}")


def _libraries(count: int) -> str:
    return f"{count} librar{'y' if count == 1 else 'ies'}"
