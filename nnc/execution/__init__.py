"""Execution: the graphs and plans of a model that is compiled, its state, and what runs them."""
