"""Small encoders of many architectures, with random weights and a tokenizer of letters."""

from pathlib import Path

import torch
import transformers
from transformers import AutoConfig, AutoModel

import tiny

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


# --- For the gate: with a tokenizer ---------------------------------------------------------------

SPECIAL = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
COMMON = {**SIZES, **SPECIAL, "max_position_embeddings": 80, "num_hidden_layers": 3}
OTHER_NAMES = {"dim": 32, "n_layers": 3, "n_heads": 4, "hidden_dim": 48}
DECODER_NAMES = {"n_embd": 32, "n_layer": 3, "n_head": 4}
T5 = {"d_model": 32, "num_layers": 3, "d_kv": 8, "d_ff": 48, "num_heads": 4}
BART = {
    "d_model": 32,
    **dict.fromkeys(("encoder_layers", "decoder_layers"), 3),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 4),
    **dict.fromkeys(("encoder_ffn_dim", "decoder_ffn_dim"), 48),
}
SQUEEZEBERT = dict.fromkeys(
    (
        *("q_groups", "k_groups", "v_groups"),
        *("post_attention_groups", "intermediate_groups", "output_groups"),
    ),
    1,
)
ONE_TYPE = {"type_vocab_size": 1}
GATED: dict[str, dict] = {
    "albert": {**COMMON, "embedding_size": 16},
    "bart": {**SPECIAL, **BART, "max_position_embeddings": 80},
    "bert": COMMON,
    "bert-generation": COMMON,
    "big_bird": {**COMMON, "block_size": 4, "num_random_blocks": 1},
    "camembert": {**COMMON, **ONE_TYPE},
    "convbert": {**COMMON, "embedding_size": 16, "conv_kernel_size": 3, "head_ratio": 2},
    "data2vec-text": {**COMMON, **ONE_TYPE},
    "deberta": {**COMMON, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    "deberta-v2": {**COMMON, **DEBERTA},
    "distilbert": {**SPECIAL, **OTHER_NAMES, "max_position_embeddings": 80},
    "electra": {**COMMON, "embedding_size": 16},
    "ernie": COMMON,
    "esm": {**COMMON, "position_embedding_type": "absolute", "mask_token_id": 1},
    "eurobert": COMMON,
    "flaubert": {**SPECIAL, "emb_dim": 32, "n_layers": 3, "n_heads": 4},
    "fnet": COMMON,
    "gpt2": {**SPECIAL, **DECODER_NAMES},
    "ibert": {**COMMON, **ONE_TYPE},
    "layoutlm": COMMON,
    "lilt": COMMON,
    "llama": {**COMMON, "num_key_value_heads": 4},
    "longformer": {**COMMON, "attention_window": [8, 8, 8]},
    "luke": {**COMMON, "entity_vocab_size": 10, "entity_emb_size": 8},
    "megatron-bert": COMMON,
    "mobilebert": {
        **COMMON,
        **dict.fromkeys(("embedding_size", "intra_bottleneck_size", "true_hidden_size"), 16),
    },
    "modernbert": {**COMMON, "local_attention": 4, "cls_token_id": 2, "sep_token_id": 3},
    "modernbert-decoder": {**COMMON, "local_attention": 4, "cls_token_id": 2, "sep_token_id": 3},
    "mpnet": COMMON,
    "nomic_bert": COMMON,
    "nystromformer": {**COMMON, "num_landmarks": 8, "segment_means_seq_len": 8},
    "rembert": {**COMMON, "input_embedding_size": 16, "output_embedding_size": 16},
    "roberta": {**COMMON, **ONE_TYPE},
    "roberta-prelayernorm": {**COMMON, **ONE_TYPE},
    "roformer": {**COMMON, "embedding_size": 32},
    "squeezebert": {**COMMON, **SQUEEZEBERT, "embedding_size": 32},
    "t5": {**SPECIAL, **T5},
    "xlm": {**SPECIAL, "emb_dim": 32, "n_layers": 3, "n_heads": 4},
    "xlm-roberta": {**COMMON, **ONE_TYPE},
    "xlm-roberta-xl": {**COMMON, **ONE_TYPE},
    "xmod": {**COMMON, **ONE_TYPE, "languages": ["en_XX"], "default_language": "en_XX"},
    "yoso": COMMON,
}


def write_gated(name: str, folder: Path, **changes: object) -> Path:
    """Write an encoder of a model type, with the tokenizer of letters that `tiny` has."""
    letters = tiny.tokenizer()
    config = AutoConfig.for_model(name, **{**GATED[name], "vocab_size": len(letters), **changes})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        AutoModel.from_config(config).save_pretrained(folder)
    letters.save_pretrained(folder)
    return folder


def batch() -> dict[str, torch.Tensor]:
    """Two sequences, the second one padded."""
    tokens = torch.cat([TOKENS, TOKENS.flip(1)])
    mask = torch.ones_like(tokens)
    mask[1, 7:] = 0
    return {"input_ids": tokens, "attention_mask": mask}
