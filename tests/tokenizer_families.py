"""Small tokenizers of the three families, trained in the test on a few lines of our own."""

from pathlib import Path

from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast

from bertology.encoder_tokenizers import load_tokenizer

FAMILIES = ("wordpiece", "byte_level", "metaspace")
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
LINES = [
    "the old ferry left the harbour at noon, and 10 000 people waved.",
    "nhà khoa học làm việc ở thành phố Hà Nội.",
    "नदी के किनारे एक पुराना पुल है। लोग सुबह वहाँ टहलते हैं।",
    "老桥在河边。人们早上散步。",
    "le café près du pont est fermé à midi.",
]


def family(name: str, folder: Path) -> PreTrainedTokenizerFast:
    """Train a tokenizer of a family, and load it as the library loads it."""
    backend, trainer = {"wordpiece": _wordpiece, "byte_level": _byte_level, "metaspace": _unigram}[
        name
    ]()
    backend.train_from_iterator(LINES, trainer)
    ids = {token: backend.token_to_id(token) for token in SPECIAL}
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])],
    )
    PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(folder)
    return load_tokenizer(folder)


def _wordpiece() -> tuple[Tokenizer, trainers.Trainer]:
    """As BERT's multilingual uncased: accents and vowel signs (category Mn) are dropped."""
    backend = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return backend, trainers.WordPieceTrainer(vocab_size=300, special_tokens=SPECIAL)


def _byte_level() -> tuple[Tokenizer, trainers.Trainer]:
    backend = Tokenizer(models.BPE(unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    return backend, trainers.BpeTrainer(
        vocab_size=400, special_tokens=SPECIAL, initial_alphabet=alphabet
    )


def _unigram() -> tuple[Tokenizer, trainers.Trainer]:
    """As XLM-R's: compatible characters become one, and zero-width ones go or become blanks."""
    backend = Tokenizer(models.Unigram())
    backend.normalizer = normalizers.Sequence(
        [
            normalizers.Replace("\u200b", " "),
            normalizers.NFKC(),
            normalizers.Replace("\u200d", ""),
        ]
    )
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    return backend, trainers.UnigramTrainer(
        vocab_size=250, special_tokens=SPECIAL, unk_token="[UNK]"
    )
