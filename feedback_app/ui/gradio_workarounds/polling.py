"""Gradio's queue polls for work every millisecond, which keeps a core 6 to 10 % busy while no page is open.

Upstream: gradio-app/gradio pull request 12296 ("Improving performance of queue, especially for MCP", merged in November 2025)
shortened the pauses from 50 to 1 milliseconds to lower the latency. No upstream issue about the load was found on 2026-11-29.
`tests/unit/ui/gradio_workarounds/test_polling.py` fails once the queue pauses longer or no longer polls.
"""

import gradio as gr

QUEUE_SECONDS = 0.02
PROGRESS_SECONDS = 0.1
"""Pauses between two looks for events and for progress. Gradio's own are 1 and 10 milliseconds."""


def poll_less_often(demo: gr.Blocks) -> None:
    """Lengthen the pauses of the queue. Call it after `demo.queue()`."""
    demo._queue.sleep_when_free = QUEUE_SECONDS
    demo._queue.progress_update_sleep_when_free = PROGRESS_SECONDS
