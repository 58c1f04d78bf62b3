"""Readers that turn public annotation formats into labelled spans (edge probing)."""
