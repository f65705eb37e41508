"""Backends: each prints a plan as source text and makes it callable."""
