"""The vocabulary of codeLynn as immutable values and pure functions.

Imports the standard library, pydantic and the pure parts of `alignment.contract`; nothing else of ours.
No I/O, except that `persona.py` reads persona files.
"""
