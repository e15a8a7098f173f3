"""The OpenAI-compatible API under /v1: any client of that API can chat with a version.

`routes` holds the addresses, `requests` what a request may say, `turns` the conversation in it, `writing` the replies
as they come, `answers` and `streams` the two forms of an answer, `errors` the form of every error.
"""
