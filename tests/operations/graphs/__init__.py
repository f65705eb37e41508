"""Random graphs of `keras.ops`: the steps that they grow by."""
