"""Benchmarks: ratios inside one run, printed as a table.  ``python -m tests.bench`` runs all."""
