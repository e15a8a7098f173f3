"""Benchmarks: each module measures one thing and prints a page or table of `docs/benchmarks/`. They may import every package."""
