"""Recurrent layers: cells, which say what one step does, and layers that run them over time."""
