"""Benchmarks on real parts: loader, journal and adapters over HTTP against a sandbox in a process of its own.

`make bench` runs them all, prints one table and writes `bench.json` into the data folder. Each module is one benchmark
and yields `Figure`s; pytest's default run collects none of them.
"""
