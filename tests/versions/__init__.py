"""A data folder as an earlier version left it: how it was made, how it is opened, and what its version answered."""
