"""Relative weight change: known changes, kinds and layers of real parameter names."""

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from bertology.errors import InputError
from bertology.similarity.drift import kind_of, layer_of, weight_changes, write_drift

NAMES = (
    "embeddings.word_embeddings.weight",
    "encoder.layer.0.attention.self.query.weight",
    "encoder.layer.0.attention.output.LayerNorm.weight",
    "encoder.layer.0.intermediate.dense.weight",
    "encoder.layer.1.output.dense.weight",
)


def weights(seed: int = 0) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    return {name: generator.standard_normal((4, 3)).astype(np.float32) for name in NAMES}


def changes(first, second):
    table = weight_changes(first, second)
    return {(row.layer, row.kind): row.value for row in table.itertuples()}


def test_a_known_change_is_found_where_it_was_made():
    base = weights()
    tuned = {**base, NAMES[1]: base[NAMES[1]] * 1.1, NAMES[4]: base[NAMES[4]] * 0.5}
    found = changes(tuned, base)
    assert found[1, "attention"] == pytest.approx(0.1, rel=1e-5)
    assert found[2, "feed_forward"] == found[2, "all"] == pytest.approx(0.5)
    assert found[0, "all"] == found[1, "feed_forward"] == found[1, "normalisation"] == 0
    in_layer = np.concatenate([base[name].ravel() for name in NAMES[1:4]])
    moved = np.concatenate([tuned[name].ravel() for name in NAMES[1:4]])
    expected = np.linalg.norm(moved - in_layer) / np.linalg.norm(in_layer)
    assert found[1, "all"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "layer", "kind"),
    [
        ("embeddings.LayerNorm.bias", 0, "embeddings"),
        ("encoder.layer.11.attention.output.dense.weight", 12, "attention"),
        ("transformer.layer.3.sa_layer_norm.weight", 4, "normalisation"),
        ("encoder.layer.0.attention.ln.weight", 1, "normalisation"),
        ("transformer.layer.3.attention.q_lin.bias", 4, "attention"),
        ("transformer.layer.3.ffn.lin1.weight", 4, "feed_forward"),
        ("layers.0.attn.Wqkv.weight", 1, "attention"),
        ("layers.0.mlp.Wi.weight", 1, "feed_forward"),
        ("layers.2.mlp_norm.weight", 3, "normalisation"),
        ("encoder.layer.0.attention.attn.q.weight", 1, "attention"),
        ("encoder.relative_attention_bias.weight", 0, "embeddings"),
    ],
)
def test_names_of_known_architectures(name, layer, kind):
    assert (layer_of(name), kind_of(name)) == (layer, kind)


def test_folders_are_compared_without_their_poolers(tmp_path):
    for name, extra in (("first", {"pooler.dense.weight": np.ones(3, np.float32)}), ("second", {})):
        (tmp_path / name).mkdir()
        save_file({**weights(), **extra}, tmp_path / name / "model.safetensors")
    references = {name: tmp_path / name for name in ("second", "first")}
    write_drift(tmp_path / "first", references, tmp_path / "drift.csv")
    drift = pd.read_csv(tmp_path / "drift.csv")
    assert set(drift.columns) == {"reference", "layer", "kind", "metric", "value", "n"}
    assert set(drift["metric"]) == {"weight_change"} and (drift["value"] == 0).all()
    assert drift["reference"].value_counts().to_dict() == dict.fromkeys(references, len(drift) / 2)


def test_another_architecture_is_refused():
    with pytest.raises(InputError, match="different parameters"):
        weight_changes(weights(), {NAMES[0]: np.ones((4, 3))})
