"""The plan of a study: what it consists of, and where each artifact lies."""
