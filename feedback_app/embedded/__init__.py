"""`codelynn up` and the servers that it starts on this machine: Valkey, Argilla, Label Studio, the workers and the service.

It may import `processes`, `settings` and `errors`. `plan` computes what to start, `supervisor` keeps it running, and
`running_services` tells other commands where the servers answer.
"""
