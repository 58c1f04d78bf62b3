"""The claims of the paper as tests with verdicts."""
