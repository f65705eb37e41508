"""The C backend: prints a plan as C and runs what a compiler makes of it."""
