"""A round and its algorithms. Knows no web, queue, database or Argilla: it reads a folder and writes a folder."""
