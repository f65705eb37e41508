"""Attacks with a count: small ones are tests, large ones are commands, ``python -m tests.attacks.NAME --count N``."""
