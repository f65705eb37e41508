"""What was decided when a graph was compiled, as data and as a text for people."""
