"""What works around Gradio. Each file names one fault, its upstream issue, and the test that fails once Gradio has fixed the fault.

Python: `latest`, `mounting`, `polling`, `trigger`. Script: `static/queue.js`. Imports Gradio only.
"""
