"""Reproducible benchmark of the record store (`make bench`): starts its own database and server, measures, writes docs/performance.md."""
