"""Readers and writers of public corpus formats, one in-memory shape for each kind of corpus."""
