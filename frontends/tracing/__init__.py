"""Tracing: what the author of a live Keras 3 model wrote in Python, as calls of Keras's operations and layers."""
