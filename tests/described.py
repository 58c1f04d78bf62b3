"""Folders of encoders of known size, with a description and the header of the weights alone."""

import json


def describe_encoder(folder, layers, width, heads, numbers):
    """Write one that has so many numbers as weights; returns its folder."""
    folder.mkdir(exist_ok=True)
    sizes = {"num_hidden_layers": layers, "hidden_size": width, "num_attention_heads": heads}
    (folder / "config.json").write_text(json.dumps(sizes))
    header = json.dumps({"all": {"dtype": "F32", "shape": [numbers], "data_offsets": [0, 0]}})
    start = len(header).to_bytes(8, "little")
    (folder / "model.safetensors").write_bytes(start + header.encode())
    return folder
