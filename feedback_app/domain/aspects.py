"""What can be said about the better reply besides that it is better: the same labels in the arena and at every desk."""

ASPECTS = ("warmer", "shorter", "clearer", "funnier", "more honest", "more like me")
