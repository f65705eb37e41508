"""The name that nnc is installed by, and the commands that messages give to install it."""

from __future__ import annotations

DISTRIBUTION = "nnc-keras"
"""Its name on the package index, where ``nnc`` is another project."""


def install_command(extra: str = "") -> str:
    """Return the command that installs nnc, or one of its extras.

    >>> install_command(), install_command("plot")
    ('pip install nnc-keras', "pip install 'nnc-keras[plot]'")
    """
    return f"pip install '{DISTRIBUTION}[{extra}]'" if extra else f"pip install {DISTRIBUTION}"
