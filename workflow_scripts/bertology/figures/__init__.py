"""Figures, one module per family; they read tables only."""
