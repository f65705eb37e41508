"""Work that goes beyond one process: training on MPI."""
