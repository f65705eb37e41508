"""Random models that packages of other authors make, which nnc must read, run and train as Keras does."""
