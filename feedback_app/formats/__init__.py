"""File formats of preference data: one module per format, and the reading of files in any of them.

It may import `domain` and `errors` and nothing else of the service. In each format `dump` returns one JSON object and `load` reads one or raises
BadRecord; formats of published data sets are read only. docs/formats.md lists what each format cannot hold.
"""
