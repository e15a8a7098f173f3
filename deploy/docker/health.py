"""Exit 0 when the service in this container is ready to answer, 1 otherwise. Proxy settings are not followed."""

import http.client
import os
import sys

connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("CODELYNN_PORT", "7860")), timeout=5)
try:
    connection.request("GET", "/health/ready")
    sys.exit(connection.getresponse().status != 200)
except OSError as error:
    sys.exit(f"not ready: {error}")
