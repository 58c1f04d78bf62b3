"""Whether a study is what it was: its lock, its damages, another run of it, its publication."""
