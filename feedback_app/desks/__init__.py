"""Annotation desks: the Argilla and Label Studio servers in which annotators rank, and the protocol that both implement.

It may import `domain`, `errors` and `settings` and nothing else of the service. Comparisons and rankings go in and out as plain values;
`services/annotation` decides what is sent and which side wins.
"""
