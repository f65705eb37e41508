"""The warnings that tests ask of C compilers: of our text each one is an error."""

from __future__ import annotations

# Clang also warns of two GCCs, one of which has no C++ library; an older Clang would then warn that it does not know
# this warning, and GCC says nothing of names with -Wno- that it does not know.
_INSTALLATION = ("-Wno-unknown-warning-option", "-Wno-gcc-install-dir-libstdcxx")
WARNINGS = ("-Wall", "-Wextra", "-pedantic", "-Werror", *_INSTALLATION)
STRICT = ("-std=c99", *WARNINGS)
