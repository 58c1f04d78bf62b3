"""Small encoders of every architecture that the project is tested with."""

from pathlib import Path

import torch
import transformers

DEPTH = 4
SIZES = {
    "vocab_size": 64,
    "hidden_size": 32,
    "num_hidden_layers": DEPTH,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 40,
}
DEBERTA = {
    "relative_attention": True,
    "pos_att_type": ["p2c", "c2p"],
    "norm_rel_ebd": "layer_norm",
    "position_buckets": 8,
    "conv_kernel_size": 3,
    "position_biased_input": False,
    "type_vocab_size": 0,
}
MODERNBERT = {
    "local_attention": 4,
    "embedding_dropout": 0.1,
    "mlp_dropout": 0.1,
    **dict.fromkeys(("pad_token_id", "cls_token_id", "sep_token_id"), 0),
    **dict.fromkeys(("bos_token_id", "eos_token_id"), 0),
}
CONFIGS = {
    "bert": transformers.BertConfig(**SIZES),
    "roberta": transformers.RobertaConfig(**SIZES),
    "distilbert": transformers.DistilBertConfig(
        vocab_size=64, dim=32, n_layers=DEPTH, n_heads=4, hidden_dim=48, max_position_embeddings=40
    ),
    "electra": transformers.ElectraConfig(**SIZES, embedding_size=16),
    "deberta-v2": transformers.DebertaV2Config(**SIZES, **DEBERTA),
    "mpnet": transformers.MPNetConfig(**SIZES),
    "modernbert": transformers.ModernBertConfig(**SIZES, **MODERNBERT),
}
TOKENS = torch.tensor([[5, 9, 33, 12, 60, 7, 8, 21, 4, 11]])


def write_all(root: Path) -> dict[str, Path]:
    """Save an encoder of each architecture, pooler included, as its class writes it."""
    for name, config in CONFIGS.items():
        torch.manual_seed(0)
        transformers.AutoModel.from_config(config).save_pretrained(root / name)
    return {name: root / name for name in CONFIGS}
