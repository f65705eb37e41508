"""Writes what is generated in the documentation, runs what its pages show, and builds the site of them."""
