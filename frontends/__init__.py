"""Readers: a model file or a live object in, an nnc model out."""
