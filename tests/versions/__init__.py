"""Data folders of earlier versions: how one is made and opened, and what its version answered."""
