"""The OpenAI-compatible API under /v1: any client of that API can chat with a version.

`routes` holds the addresses, `requests` the fields of a request, `turns` its conversation, `writing` the replies as they are generated,
`answers` and `streams` the two forms of an answer, `errors` the form of every error.
"""
