"""Causes without retraining: parts of one encoder put into another (methods: Transplants)."""
