"""Measure Headrace beside its peers, in ratios of one run: `python -m benchmarks [ROW ...]`."""
