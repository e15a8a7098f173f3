"""Preference data as files: one module per format, pure functions from our values to records and back.

`dump` gives one JSON object, `load` reads one and raises BadRecord. Formats of others' data sets are read only. What each format cannot carry: docs/formats.md.
"""
