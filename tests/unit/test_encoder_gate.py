"""The gate: which encoders are admitted, that these are read rightly, and what is refused why."""

import json
import re
import shutil
from pathlib import Path

import pytest
import sentencepiece
import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerFast

import tiny
from architectures import GATED, write_gated
from bertology.encoder_gate import TOLERANCE, admit
from bertology.encoder_sources import fetch_encoder
from bertology.encoder_tokenizers import load_tokenizer
from bertology.encoders import layer_stack, load_encoder, maximum_tokens
from bertology.errors import InputError
from bertology.user_files import source_files

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs/encoders.md").read_text()
TABLE = {
    name: (verdict, re.match(r" `(.+?)`", remark))
    for name, verdict, remark in re.findall(
        r"^\| (\S+) \| \S+ \| (admitted|refused) \|(.*)\|$", DOCUMENT, flags=re.MULTILINE
    )
}
ADMITTED = [name for name, (verdict, _) in TABLE.items() if verdict == "admitted"]
TEXTS = ["the people", "in 1999 the people of the land lived near 42 boats.", "boats"]


@pytest.fixture(scope="module")
def gated(tmp_path_factory):
    """Folders of model types, made when they are asked for."""
    root = tmp_path_factory.mktemp("gated")

    def folder(name: str) -> Path:
        return root / name if (root / name).is_dir() else write_gated(name, root / name)

    return folder


def fetched(origin: Path, folder: Path) -> Path:
    fetch_encoder({"source": "folder", "path": str(origin)}, folder)
    return folder


def refusal(origin: Path, tmp_path: Path) -> str:
    """Demand that a folder is refused and nothing is left; return the message."""
    with pytest.raises(InputError) as error:
        fetch_encoder({"source": "folder", "path": str(origin)}, tmp_path / "fetched" / "encoder")
    assert not list((tmp_path / "fetched").iterdir())
    message = str(error.value)
    assert message.startswith(f"encoder from folder {origin}: ")
    assert "allowed: " in message or "cannot be loaded" in message
    assert "unfinished" not in message
    return message.removeprefix(f"encoder from folder {origin}: ")


def changed_copy(origin: Path, folder: Path, name: str, **changes: object) -> Path:
    """Copy a folder, with other settings in one of its JSON files."""
    shutil.copytree(origin, folder)
    settings = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps({**settings, **changes}))
    return folder


# --- The table ------------------------------------------------------------------------------------


def test_the_table_has_every_model_type_that_is_tried():
    assert set(TABLE) == set(GATED)
    assert len(TABLE) >= 30


@pytest.mark.parametrize("name", TABLE)
def test_a_model_type_is_admitted_or_refused_as_the_table_says(name, gated, tmp_path):
    verdict, check = TABLE[name]
    # The gate may change the settings of the tokenizer.
    folder = shutil.copytree(gated(name), tmp_path / "encoder")
    if verdict == "admitted":
        findings = admit(folder)
        assert findings["batches"]["largest_difference"] <= TOLERANCE
        assert findings["encoder"]["layers"] == 3
    else:
        with pytest.raises(InputError, match=f"^check '{check[1]}': .*found .*; allowed: "):
            admit(folder)


@pytest.mark.parametrize("name", ADMITTED)
def test_hidden_states_are_those_of_plain_automodel_single_and_batched(name, gated, tmp_path):
    plain = AutoModel.from_pretrained(gated(name)).eval()
    folder = fetched(gated(name), tmp_path / "encoder")
    encoder, tokenizer = load_encoder(folder), load_tokenizer(folder)
    together = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        batch = encoder(**together, output_hidden_states=True).hidden_states
        for row, text in enumerate(TEXTS):
            single = tokenizer(text, return_tensors="pt")
            expected = plain(**single, output_hidden_states=True).hidden_states
            found = encoder(**single, output_hidden_states=True).hidden_states
            assert len(found) == len(expected) == len(batch) == 4
            for one, other, padded in zip(found, expected, batch, strict=True):
                assert torch.equal(one, other)
                tokens = one.shape[1]
                assert torch.allclose(one[0], padded[row, :tokens], atol=1e-5)


def test_the_documented_checks_are_those_that_are_made():
    from bertology.encoder_gate import CHECKS

    documented = re.findall(r"^\| `(.+?)` \|", DOCUMENT, flags=re.MULTILINE)
    assert documented == ["weights", "tokenizer", "layers", *CHECKS]


def test_findings_of_a_real_encoder(packaged_minilm):
    findings = admit(packaged_minilm)
    assert findings["vocabulary"] == {"tokens": 30522, "embeddings": 30522}
    assert findings["known words"]["English"] == 1
    assert findings["longest input"]["tokens"] == findings["encoder"]["maximum_tokens"] == 512
    assert findings["token types"] == "accepted"


# --- Tokenizers that are not there, or another encoder's ------------------------------------------


@pytest.mark.parametrize("name", [*ADMITTED, "albert", "fnet"])
def test_a_folder_without_tokenizer_files_is_refused(name, gated, tmp_path):
    """Transformers would make an empty tokenizer for most of these types."""
    origin = tmp_path / "bare"
    origin.mkdir()
    for part in ("config.json", "model.safetensors"):
        shutil.copy(gated(name) / part, origin)
    assert "found no file with a tokenizer's vocabulary" in refusal(origin, tmp_path)
    # Nor do settings without a vocabulary help.
    (origin / "tokenizer_config.json").write_text("{}")
    assert "found no file with a tokenizer's vocabulary" in refusal(origin, tmp_path)


@pytest.mark.parametrize("name", ["bert", "roberta", "deberta-v2", "xlm-roberta"])
def test_a_tokenizer_that_knows_no_word_is_refused(name, gated, tmp_path):
    """A vocabulary under a name that its class does not look for."""
    origin = tmp_path / "other"
    origin.mkdir()
    for part in ("config.json", "model.safetensors"):
        shutil.copy(gated(name) / part, origin)
    (origin / "vocabulary.txt").write_text("the\npeople\n")
    message = refusal(origin, tmp_path)
    assert message.startswith(("check 'known words': found a vocabulary of", "its tokenizer"))


def test_one_known_language_is_enough(gated, tmp_path):
    """An encoder of Hindi alone has no English letters, and is no mistake."""
    origin = shutil.copytree(gated("bert"), tmp_path / "hindi")
    words = ["लोग", "नदी", "के", "पास", "रहते", "हैं", "।"]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words]
    backend = Tokenizer(models.WordLevel({w: i for i, w in enumerate(vocabulary)}, "[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]"}
    PreTrainedTokenizerFast(tokenizer_object=backend, **special).save_pretrained(origin)
    findings = fetch_encoder({"source": "folder", "path": str(origin)}, tmp_path / "encoder")
    assert findings["known words"]["Hindi"] == 1
    assert "English" not in findings["known words"]


def test_a_tokenizer_larger_than_the_embeddings_is_refused(tmp_path):
    origin = write_gated("bert", tmp_path / "small", vocab_size=50)
    message = refusal(origin, tmp_path)
    last = len(tiny.tokenizer()) - 1
    assert f"check 'vocabulary': found a tokenizer with token number {last} beside 50" in message


def test_added_tokens_beyond_the_embeddings_are_refused(gated, tmp_path):
    origin = shutil.copytree(gated("bert"), tmp_path / "added")
    tokenizer = AutoTokenizer.from_pretrained(origin)
    tokenizer.add_tokens(["[ENTITY]"])
    tokenizer.save_pretrained(origin)
    assert "check 'vocabulary'" in refusal(origin, tmp_path)


def test_token_types_that_the_encoder_has_not_are_dropped_for_good(gated, tmp_path):
    """RoBERTa weights with BERT's tokenizer (KLUE): one token type, and pairs that have two."""
    assert "token_type_ids" in AutoTokenizer.from_pretrained(gated("roberta")).model_input_names
    source = {"source": "folder", "path": str(gated("roberta"))}
    findings = fetch_encoder(source, tmp_path / "encoder")
    assert findings["token types"].startswith("dropped")
    tokenizer = load_tokenizer(tmp_path / "encoder")
    pair = tokenizer("the people", "boats", return_tensors="pt")
    assert set(pair) == {"input_ids", "attention_mask"}
    # The same as with the only type that the encoder has.
    plain = AutoModel.from_pretrained(gated("roberta")).eval()
    with torch.no_grad():
        expected = plain(**pair, token_type_ids=torch.zeros_like(pair["input_ids"]))
        found = load_encoder(tmp_path / "encoder")(**pair)
    assert torch.equal(found.last_hidden_state, expected.last_hidden_state)


# --- Special tokens -------------------------------------------------------------------------------


def with_template(origin: Path, single: str, pair: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(origin)
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save_pretrained(origin)


@pytest.mark.parametrize(
    ("single", "pair", "found"),
    [
        ("$A", "$A $B", "'i' at the start of a text"),
        ("$A [SEP] [CLS]", "$A [SEP] $B:1 [SEP] [CLS]", "'i' at the start of a text"),
        ("[CLS] $A", "[CLS] $A $B:1", "nothing between the texts of a pair"),
        ("[CLS] $A [SEP]", "[CLS] $A $B:1 [SEP]", "nothing between the texts of a pair"),
    ],
)
def test_missing_special_tokens_are_refused(single, pair, found, gated, tmp_path):
    origin = shutil.copytree(gated("bert"), tmp_path / "bert")
    with_template(origin, single, pair)
    assert f"check 'special tokens': found {found}" in refusal(origin, tmp_path)


def test_a_tokenizer_without_any_post_processing_is_refused(gated, tmp_path):
    origin = shutil.copytree(gated("bert"), tmp_path / "bert")
    content = json.loads((origin / "tokenizer.json").read_text())
    (origin / "tokenizer.json").write_text(json.dumps({**content, "post_processor": None}))
    assert "check 'special tokens': found 'i' at the start" in refusal(origin, tmp_path)


# --- Words as in running text ---------------------------------------------------------------------

GPT4 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False)
PRE_TOKENIZERS = {
    "byte-level": BYTES,
    "digits first": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), BYTES]),
    "regular expression first": pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(GPT4), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    ),
    "punctuation first": pre_tokenizers.Sequence([pre_tokenizers.Punctuation(), BYTES]),
    "blank mark": pre_tokenizers.Metaspace(prepend_scheme="never"),
    "blank mark at the start": pre_tokenizers.Metaspace(prepend_scheme="first"),
    "blank mark always": pre_tokenizers.Metaspace(prepend_scheme="always"),
}
SENTENCE = "The people in 1999 did n't pay $ 3.50 for 42 boats of the U.S. land"


def save_subword_tokenizer(pre_tokenizer: object, folder: Path) -> Tokenizer:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizer
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        special_tokens=["<s>", "</s>", "<pad>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator([SENTENCE, "of the people of the land 1999"] * 20, trainer)
    backend.post_processor = processors.RobertaProcessing(
        ("</s>", 1), ("<s>", 0), trim_offsets=True, add_prefix_space=False
    )
    PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", cls_token="<s>", sep_token="</s>"
    ).save_pretrained(folder)
    return backend


@pytest.mark.parametrize("name", PRE_TOKENIZERS)
def test_split_words_give_the_tokens_of_running_text(name, tmp_path):
    """Held against the tokenizer as it was saved, and word by word against the text's offsets."""
    unchanged = save_subword_tokenizer(PRE_TOKENIZERS[name], tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    words = SENTENCE.split()
    running = unchanged.encode(SENTENCE, add_special_tokens=False)
    split = tokenizer(words, is_split_into_words=True, add_special_tokens=False).encodings[0]
    ends = [len(" ".join(words[: number + 1])) for number in range(len(words))]
    expected: list[list[str]] = [[] for _ in words]
    for token, (_, end) in zip(running.tokens, running.offsets, strict=True):
        expected[next(number for number, last in enumerate(ends) if end <= last)].append(token)
    found: list[list[str]] = [[] for _ in words]
    for token, word in zip(split.tokens, split.word_ids, strict=True):
        found[word].append(token)
    assert found[1:] == expected[1:]
    # Running text is left as it was too, from the second word on.
    changed = tokenizer(SENTENCE, add_special_tokens=False).encodings[0]
    pairs = zip(changed.tokens, changed.offsets, strict=True)
    again = [token for token, (_, end) in pairs if end > ends[0]]
    assert again == [token for row in expected[1:] for token in row]


def test_a_number_whose_digits_are_split_first_has_one_blank(tmp_path):
    save_subword_tokenizer(PRE_TOKENIZERS["digits first"], tmp_path)
    tokens = load_tokenizer(tmp_path)(["in", "1999"], is_split_into_words=True).tokens()
    assert tokens[-6:] == ["Ġ", "1", "9", "9", "9", "</s>"]


def test_offsets_in_running_text_stay_those_of_the_text(tmp_path):
    unchanged = save_subword_tokenizer(PRE_TOKENIZERS["digits first"], tmp_path)
    found = load_tokenizer(tmp_path)(SENTENCE, add_special_tokens=False).encodings[0].offsets
    expected = unchanged.encode(SENTENCE, add_special_tokens=False).offsets
    first = len(SENTENCE.split()[0])
    assert [pair for pair in found if pair[1] > first] == [
        pair for pair in expected if pair[1] > first
    ]
    assert all(0 <= start <= end <= first for start, end in found if end <= first)


def test_a_tokenizer_that_cannot_be_made_to_read_words_is_refused(gated, tmp_path):
    """Merges across blanks: "of the" is one token in running text and never when split."""
    origin = shutil.copytree(gated("bert"), tmp_path / "bert")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "In", "of the", "of", "the", " "]
    backend = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, "[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Split(Regex("of the|[^ ]+| "), "isolated")
    backend.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    fast = PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]")
    fast.save_pretrained(origin)
    assert "cuts split words otherwise than text" in refusal(origin, tmp_path)


# --- SentencePiece --------------------------------------------------------------------------------

TEXT = "In 1999 the people of the land lived near the river , do they not ?"
LINES = [TEXT, "Люди живут у реки .", "लोग नदी के पास रहते हैं ।"] * 40


def train_sentencepiece(
    prefix: Path, names: dict[str, str]
) -> sentencepiece.SentencePieceProcessor:
    prefix.parent.mkdir(exist_ok=True)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_prefix=str(prefix),
        vocab_size=90,
        hard_vocab_limit=False,
        minloglevel=2,
        **names,
    )
    prefix.with_suffix(".vocab").unlink()
    return sentencepiece.SentencePieceProcessor(model_file=f"{prefix}.model")


DEBERTA_PIECES = {
    **{"pad_id": 0, "bos_id": 1, "eos_id": 2, "unk_id": 3},
    **{"pad_piece": "[PAD]", "bos_piece": "[CLS]", "eos_piece": "[SEP]", "unk_piece": "[UNK]"},
}


def test_deberta_v3_as_it_is_on_the_hub(tmp_path):
    """Its tokenizer is spm.model alone; held against SentencePiece itself."""
    origin = write_gated("deberta-v2", tmp_path / "deberta", vocab_size=200, pooler_hidden_size=32)
    for path in origin.glob("*token*"):
        path.unlink()
    processor = train_sentencepiece(origin / "spm", DEBERTA_PIECES)
    (origin / "tokenizer_config.json").write_text('{"do_lower_case": false, "vocab_type": "spm"}')
    assert sorted(path.name for path in origin.iterdir()) == [
        *("config.json", "model.safetensors", "spm.model", "tokenizer_config.json")
    ]
    folder = fetched(origin, tmp_path / "encoder")
    assert (folder / "tokenizer.json").is_file()  # converted once
    tokenizer = load_tokenizer(folder)
    for text in LINES[:3]:
        pieces = [processor.bos_id(), *processor.encode(text), processor.eos_id()]
        assert tokenizer(text).input_ids == pieces
        assert tokenizer(text.split(), is_split_into_words=True).input_ids == pieces
    assert tokenizer("In", "the").token_type_ids[-2:] == [1, 1]


def test_a_vocabulary_under_a_less_usual_name_is_copied(tmp_path):
    """RemBERT's is sentencepiece.model."""
    origin = write_gated("rembert", tmp_path / "rembert", vocab_size=200)
    for path in origin.glob("*token*"):
        path.unlink()
    processor = train_sentencepiece(
        origin / "sentencepiece",
        {**DEBERTA_PIECES, "pad_piece": "<pad>", "unk_piece": "<unk>"},
    )
    folder = fetched(origin, tmp_path / "encoder")
    assert (folder / "sentencepiece.model").is_file()
    found = load_tokenizer(folder)(TEXT, add_special_tokens=False).tokens()
    assert found == processor.encode(TEXT, out_type=str)


# --- Files that cannot be read --------------------------------------------------------------------

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 437955512\n"


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_pointers_of_git_lfs_are_refused_by_name(name, gated, tmp_path):
    origin = shutil.copytree(gated("bert"), tmp_path / "bert")
    (origin / name).write_text(POINTER)
    assert f"{name}: found a pointer of Git LFS" in refusal(origin, tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.safetensors", b"", "check 'weights': cannot be loaded as an encoder"),
        ("model.safetensors", b"\x10" * 64, "check 'weights': cannot be loaded as an encoder"),
        ("config.json", b"{", "check 'weights': cannot be loaded as an encoder"),
        ("config.json", b"{}", "check 'weights': cannot be loaded as an encoder"),
        ("config.json", b'{"model_type": "none_such"}', "check 'weights': cannot be loaded"),
        ("tokenizer.json", b"", "its tokenizer cannot be loaded"),
        ("tokenizer.json", b'{"version": "2.0"}', "its tokenizer cannot be loaded"),
        ("tokenizer_config.json", b"[]", "its tokenizer cannot be loaded"),
    ],
)
def test_broken_files_are_one_message(name, content, message, gated, tmp_path):
    origin = shutil.copytree(gated("bert"), tmp_path / "bert")
    (origin / name).write_bytes(content)
    found = refusal(origin, tmp_path)
    assert message in found
    assert "Traceback" not in found


def test_a_tokenizer_of_a_newer_format_says_so(gated, tmp_path):
    origin = shutil.copytree(gated("bert"), tmp_path / "bert")
    content = json.loads((origin / "tokenizer.json").read_text())
    content["pre_tokenizer"] = {"type": "InventedLater"}
    (origin / "tokenizer.json").write_text(json.dumps(content))
    assert "a newer version of tokenizers?" in refusal(origin, tmp_path)


def test_a_truncated_download_is_refused(gated, tmp_path):
    origin = shutil.copytree(gated("bert"), tmp_path / "bert")
    weights = (origin / "model.safetensors").read_bytes()
    (origin / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    assert "check 'weights': cannot be loaded as an encoder" in refusal(origin, tmp_path)


@pytest.mark.parametrize(
    ("value", "found"), [(torch.nan, "nan"), (torch.inf, "inf"), (7e4, "7e+04")]
)
def test_values_that_no_cache_can_hold_are_refused(value, found, gated, tmp_path):
    origin = shutil.copytree(gated("bert"), tmp_path / "bert")
    weights = load_file(origin / "model.safetensors")
    weights["encoder.layer.1.output.LayerNorm.bias"][0] = value
    save_file(weights, origin / "model.safetensors", metadata={"format": "pt"})
    message = refusal(origin, tmp_path)
    assert f"check 'hidden states': found a value of {found} in layer 2; allowed: fin" in message


@pytest.mark.parametrize("name", ["bert", "distilbert", "modernbert"])
def test_weights_of_more_layers_than_the_configuration_says_are_refused(name, gated, tmp_path):
    """They would be left out without a word: an encoder cut by its configuration alone."""
    depth = {"distilbert": {"n_layers": 2}}.get(name, {"num_hidden_layers": 2})
    if name == "modernbert":
        depth["layer_types"] = ["full_attention", "sliding_attention"]
    origin = changed_copy(gated(name), tmp_path / name, "config.json", **depth)
    assert "found weights for" in (message := refusal(origin, tmp_path))
    assert "layer that its configuration does not have" in message


def test_a_head_on_the_encoder_is_left_out(gated, tmp_path):
    origin = shutil.copytree(gated("bert"), tmp_path / "bert")
    weights = load_file(origin / "model.safetensors")
    headed = {f"bert.{name}": value for name, value in weights.items()}
    headed |= {"cls.predictions.bias": torch.zeros(3), "classifier.weight": torch.zeros(2, 32)}
    save_file(headed, origin / "model.safetensors", metadata={"format": "pt"})
    folder = fetched(origin, tmp_path / "encoder")
    ids = torch.tensor([[2, 9, 8, 3]])
    with torch.no_grad():
        found = load_encoder(folder)(ids).last_hidden_state
        expected = AutoModel.from_pretrained(gated("bert")).eval()(ids).last_hidden_state
    assert torch.equal(found, expected)


# --- Behaviour of the encoder ---------------------------------------------------------------------


def test_an_encoder_turned_into_a_decoder_is_refused(gated, tmp_path):
    origin = changed_copy(gated("bert"), tmp_path / "bert", "config.json", is_decoder=True)
    assert "check 'directions': found a first token" in refusal(origin, tmp_path)


def test_long_inputs_that_are_read_otherwise_are_refused(tmp_path):
    """Short texts pass alone: BigBird reads them whole, and in blocks beside a long one."""
    sizes = {"block_size": 16, "max_position_embeddings": 1024}
    origin = write_gated("big_bird", tmp_path / "bird", **sizes)
    # Of letters, texts are long; a tokenizer of words keeps them below the length of blocks.
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "In",
        "1999",
        "the",
        "people",
        "of",
        "land",
        "boats",
        ".",
    ]
    backend = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, "[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    backend.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    fast = PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]")
    fast.save_pretrained(origin)
    assert "check 'longest input': found a difference" in refusal(origin, tmp_path)


@pytest.mark.parametrize(
    ("name", "tokens"),
    [("nystromformer", 80), ("ibert", 79), ("roberta", 79), ("mpnet", 78), ("bert", 80)],
)
def test_the_longest_input_passes_and_a_longer_one_does_not(name, tokens, gated):
    encoder = load_encoder(gated(name))
    assert maximum_tokens(encoder) == tokens
    with torch.no_grad():
        encoder(torch.full((1, tokens), 5))
        with pytest.raises((IndexError, RuntimeError)):
            encoder(torch.full((1, tokens + 1), 5))


def test_nystromformer_takes_the_positions_that_its_configuration_says():
    small = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 9}
    config = transformers.NystromformerConfig(**small, intermediate_size=8)
    assert config.max_position_embeddings == 510
    assert maximum_tokens(AutoModel.from_config(config)) == 510


def test_a_claim_of_more_tokens_than_fit_is_refused(gated, tmp_path, monkeypatch):
    monkeypatch.setattr("bertology.encoder_gate.maximum_tokens", lambda encoder: 81)
    assert "check 'longest input': found" in refusal(gated("bert"), tmp_path)


def test_an_encoder_without_a_limit_in_its_configuration_is_refused_by_name():
    small = {"d_model": 8, "n_layer": 1, "n_head": 1, "d_inner": 8, "vocab_size": 9}
    encoder = AutoModel.from_config(transformers.XLNetConfig(**small))
    with pytest.raises(InputError, match="XLNetModel: found max_position_embeddings -1"):
        maximum_tokens(encoder)


def test_lists_with_an_entry_a_layer_are_cut_with_the_layers(gated, tmp_path):
    from bertology.encoders import truncate

    encoder = load_encoder(gated("longformer"))
    truncate(encoder, 2)
    encoder.save_pretrained(tmp_path)
    assert len(layer_stack(load_encoder(tmp_path))) == 2
    assert encoder.config.attention_window == [8, 8]


def test_the_gate_leaves_the_generator_as_it_was(gated):
    state = torch.get_rng_state()
    admit(gated("bert"))
    assert torch.equal(torch.get_rng_state(), state)


def test_every_file_that_is_copied_from_an_encoders_folder_is_looked_at(gated, tmp_path):
    """What a study hashes, to notice a change, is what it copies: no more and no less."""
    origin = shutil.copytree(gated("bert"), tmp_path / "bert")
    others = ("._config.json", ".hidden.json", "pytorch_model.bin", "model.py", "README.md")
    for name in (*others, "generation_config.json", "notes.txt", "merges.bpe"):
        (origin / name).write_text("{}")
    folder = fetched(origin, tmp_path / "encoder")
    looked_at = source_files({"source": "folder", "path": str(origin)})
    assert {path.name for path in folder.iterdir()} == set(looked_at)
    assert {"config.json", "model.safetensors", "tokenizer.json", "notes.txt"} <= set(looked_at)
    assert not {*others, "generation_config.json"} & set(looked_at)
