"""Keras's own tests, read from the installed package and run on nnc: ``python -m tests.keras_suite --help``."""
