"""Fine-tuning: one module per task (examples, head, decoding, metric) and one training loop."""
