"""Files of strangers: what everything that reads one does with any bytes."""
