"""Project scripts: data making, training and benchmarks."""
