"""Processes, files and ports of this machine: child processes that end with their parent, secrets, private files, locks.

It may import `errors` and nothing else of the service. The embedded servers, the workers and the commands use it.
Nothing here knows what the processes do.
"""
