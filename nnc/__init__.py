"""nnc compiles Keras models into static graphs that NumPy alone predicts and trains."""
