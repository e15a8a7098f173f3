"""The parts of the command line. Each command is a thin layer over a service."""
