"""The settings of each method: pydantic models with defaults, bounds and descriptions.

Imports nothing from outside this folder, so that the service can load them quickly.
"""
