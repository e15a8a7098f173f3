"""The use cases of codeLynn, without HTTP and pages: one room for each feature.

Imports domain, store, engines, desks, formats and `alignment.contract`; never api, ui or commands.
`bundle.py` holds all services. Only `feedback_app.main` builds them.
"""
