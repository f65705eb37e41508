"""The other engines, each driven the best way known to us; one file per engine, imported in a process of its own."""
