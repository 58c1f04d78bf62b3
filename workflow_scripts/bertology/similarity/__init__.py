"""Measures of how alike two sets of representations are."""
