"""Texts at the edge of programs, beside Keras and TensorFlow."""
