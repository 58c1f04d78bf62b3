"""Which files of a folder an encoder is made from: weights, configuration, tokenizer."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

WEIGHTS = ("model.safetensors", "model-*.safetensors", "model.safetensors.index.json")
TOKENIZER_FILES = ("*.json", "*.txt", "*.model", "*.spm", "*.bpe", "*.codes", "*.vocab")
"""By their endings, for each class of tokenizers names its own: vocabulary and settings alone."""
OTHER_FILES = ("config.json", "generation_config.json", "adapter_config.json", "*.index.json", ".*")
"""What has such an ending and is not of the tokenizer."""
SETTINGS_FILES = ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
"""What is of the tokenizer and holds no vocabulary."""
ENCODER_FILES = (*WEIGHTS, "config.json", *TOKENIZER_FILES)
"""What a download asks for."""


def is_encoder_file(name: str) -> bool:
    """Say whether an encoder is made from a file of this name."""
    return _is_one_of(name, (*WEIGHTS, "config.json")) or is_tokenizer_file(name)


def is_tokenizer_file(name: str) -> bool:
    """Say whether a file of an encoder's folder is, or may be, its tokenizer's."""
    return _is_one_of(name, TOKENIZER_FILES) and not _is_one_of(name, OTHER_FILES)


def may_hold_vocabulary(name: str) -> bool:
    """Say whether a file may be more than settings of the tokenizer."""
    return is_tokenizer_file(name) and name not in SETTINGS_FILES


def _is_one_of(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
