"""A round and its algorithms: it reads a folder and writes a folder.

May import `reward_model`; never the web, the queue, the database or Argilla. The service imports only `alignment.contract`.
"""
