"""A small English grammar that writes annotated text (the embedded corpus)."""
