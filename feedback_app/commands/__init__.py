"""The command line: one module for each group of commands.

Most commands call the running service over HTTP (`client`). Imports that take time stand inside the commands that need them.
"""
