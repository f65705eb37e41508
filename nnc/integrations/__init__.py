"""nnc in other people's engines: a module for each, which needs the package of that name."""
