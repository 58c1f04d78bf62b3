"""Tables keep every digit; figures draw what the tables say, the same bytes each time."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from PIL import Image

from bertology.errors import InputError
from bertology.figures import domains, finetuning, measures, similarity, token_classes, weights
from bertology.figures.finetuning import plot_finetuning
from bertology.figures.similarity import plot_similarity
from bertology.figures.style import Palette
from bertology.tables import DOMAINS as DOMAIN_COLUMNS
from bertology.tables import (
    FINETUNING,
    SIMILARITY,
    SIMILARITY_SUMMARY,
    WEIGHTS,
    collect_finetuning,
    collect_similarity,
)

TASKS = ("parsing", "inference", "question_answering")
LAYERS = range(4)
DOMAINS = {"harbour": "own", "village": "neutral"}


def similarity_rows(seeds: tuple[int, ...] = (1, 2, 3)) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    rows = []
    for stimuli in ("harbour", "village"):
        for layer in LAYERS:
            for second_layer in LAYERS:
                place = ("all", layer, second_layer, "rsa_pearson", generator.random(), 500)
                rows.append(("minilm", stimuli, "own", "", "floor", "", "", "", "", *place))
                for task in TASKS:
                    for variant in ("full", "freeze-2"):
                        for seed in seeds:
                            place = (
                                "all",
                                layer,
                                second_layer,
                                "rsa_pearson",
                                generator.random(),
                                500,
                            )
                            shared = (
                                "minilm",
                                stimuli,
                                "own",
                                DOMAINS[stimuli],
                                "tuned",
                                task,
                                variant,
                            )
                            rows.append((*shared, seed, "", *place))
                        for seed in seeds[1:]:
                            place = (
                                "all",
                                layer,
                                second_layer,
                                "rsa_pearson",
                                generator.random(),
                                500,
                            )
                            shared = (
                                "minilm",
                                stimuli,
                                "own",
                                DOMAINS[stimuli],
                                "ceiling",
                                task,
                                variant,
                            )
                            rows.append((*shared, seeds[0], seed, *place))
    return pd.DataFrame(rows, columns=SIMILARITY)


def finetuning_rows() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    metrics = {
        "parsing": ("uas", "las"),
        "inference": ("accuracy",),
        "question_answering": ("exact_match", "f1"),
    }
    rows = [
        ("minilm", task, variant, seed, split, metric, 100 * generator.random(), 500)
        for task, names in metrics.items()
        for variant in ("full", "untuned", "keep-2")
        for seed in (1, 2, 3)
        for split in ("dev", "test")
        for metric in names
    ]
    return pd.DataFrame(rows, columns=FINETUNING)


def drawn_axes(plot, module, rows: pd.DataFrame, tmp_path: Path, monkeypatch) -> dict[str, Axes]:
    """Plot a table and give the visible panels by title."""
    figures = []
    monkeypatch.setattr(module, "save_figure", lambda figure, png, pdf: figures.append(figure))
    rows.to_csv(tmp_path / "table.csv", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot(tmp_path / "table.csv", tmp_path / "x.png", tmp_path / "x.pdf")
    return {axis.get_title(): axis for axis in figures[0].axes if axis.get_visible()}


def lines_of(axis: Axes, style: str, colour: str) -> list[np.ndarray]:
    return [
        line.get_ydata()
        for line in axis.get_lines()
        if line.get_linestyle() == style and to_hex(line.get_color()) == colour.lower()
    ]


def test_similarity_lines_and_bands_are_means_and_ranges_over_seeds(tmp_path, monkeypatch):
    rows = similarity_rows()
    axes = drawn_axes(plot_similarity, similarity, rows, tmp_path, monkeypatch)
    assert list(axes) == ["Harbour", "Village"]
    kept = rows[(rows["layer"] == rows["second_layer"]) & rows["variant"].isin(["full", ""])]
    for stimuli, axis in zip(("harbour", "village"), axes.values(), strict=True):
        of = kept[kept["stimuli"] == stimuli]
        for number, (task, colour) in enumerate(Palette.of(TASKS).colours.items()):
            values = of[of["task"] == task].groupby(["comparison", "layer"])["value"]
            np.testing.assert_allclose(lines_of(axis, "-", colour), [values.mean()["tuned"]])
            np.testing.assert_allclose(lines_of(axis, "--", colour), [values.mean()["ceiling"]])
            corners = axis.collections[number].get_paths()[0].vertices
            for layer in LAYERS:
                edges = corners[corners[:, 0] == layer, 1]
                assert edges.min() == pytest.approx(values.min()["tuned"][layer])
                assert edges.max() == pytest.approx(values.max()["tuned"][layer])
        floor = of[of["comparison"] == "floor"]["value"]
        np.testing.assert_allclose(lines_of(axis, ":", similarity.GREY), [floor])


def test_the_legend_names_only_what_is_drawn(tmp_path, monkeypatch):
    def names(rows: pd.DataFrame) -> list[str]:
        axes = drawn_axes(plot_similarity, similarity, rows, tmp_path, monkeypatch)
        legend = next(iter(axes.values())).get_figure().legends[0]
        return [text.get_text() for text in legend.get_texts()]

    tasks = ["Parsing", "Inference", "Question answering"]
    ceiling, floor = "Ceiling: two seeds of one task", "Floor: random encoder"
    assert names(similarity_rows()) == [*tasks, "Range over seeds", ceiling, floor]
    assert names(similarity_rows(seeds=(1,))) == [*tasks, floor]


def test_finetuning_draws_each_seed_and_the_mean_of_the_main_metric(tmp_path, monkeypatch):
    rows = finetuning_rows()
    axes = drawn_axes(plot_finetuning, finetuning, rows, tmp_path, monkeypatch)
    titles = {
        "Parsing: LAS": "las",
        "Inference: Accuracy": "accuracy",
        "Question answering: F1": "f1",
    }
    assert list(axes) == list(titles)
    for (title, metric), task in zip(titles.items(), TASKS, strict=True):
        chosen = rows[
            (rows["task"] == task) & (rows["metric"] == metric) & (rows["split"] == "test")
        ].groupby("variant")["value"]
        for place, variant in enumerate(("untuned", "full")):
            values = chosen.get_group(variant)
            dots = axes[title].collections[place].get_offsets()[:, 1]
            assert sorted(dots) == pytest.approx(sorted(values))
            assert axes[title].get_lines()[place].get_ydata() == pytest.approx([values.mean()] * 2)
            assert axes[title].texts[place].get_text() == f"{values.mean():.1f}"


@pytest.mark.parametrize(
    ("plot", "rows"), [(plot_similarity, similarity_rows), (plot_finetuning, finetuning_rows)]
)
def test_the_same_table_gives_the_same_bytes(plot, rows, tmp_path):
    rows().to_csv(tmp_path / "table.csv", index=False)
    for name in ("one", "two"):
        plot(tmp_path / "table.csv", tmp_path / f"{name}.png", tmp_path / f"{name}.pdf")
    for kind in ("png", "pdf"):
        first, second = ((tmp_path / f"{name}.{kind}").read_bytes() for name in ("one", "two"))
        assert first == second
    assert b"CreationDate" not in first
    with Image.open(tmp_path / "one.png") as image:
        assert image.info["dpi"] == pytest.approx((200, 200), abs=0.1)


def test_nothing_is_drawn_outside_the_image(tmp_path):
    """The outermost pixels stay white, with one panel as with many tall legends."""
    rows = similarity_rows()
    rows[rows["stimuli"] == "harbour"].to_csv(tmp_path / "table.csv", index=False)
    plot_similarity(tmp_path / "table.csv", tmp_path / "x.png", tmp_path / "x.pdf")
    with Image.open(tmp_path / "x.png") as image:
        pixels = np.asarray(image.convert("L"))
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 255).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.drop(columns="seed"), r"table\.csv.*no column 'seed'"),
        (lambda rows: rows.iloc[:0], "no row"),
        (lambda rows: rows.assign(metric="cka"), r"table\.csv.*rsa_"),
        (lambda rows: rows.assign(task=[f"t{n % 7}" for n in range(len(rows))]), "up to 6"),
    ],
)
def test_tables_that_cannot_be_drawn_are_refused(change, message, tmp_path):
    change(similarity_rows()).to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(InputError, match=message):
        plot_similarity(tmp_path / "table.csv", tmp_path / "x.png", tmp_path / "x.pdf")
    assert not (tmp_path / "x.png").exists()


def test_a_task_without_a_main_metric_is_refused(tmp_path):
    rows = finetuning_rows()
    rows[rows["metric"] != "accuracy"].to_csv(tmp_path / "table.csv", index=False)
    plot_finetuning(tmp_path / "table.csv", tmp_path / "x.png", tmp_path / "x.pdf")
    rows.replace({"metric": {"accuracy": "other"}}).to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(InputError, match="task inference without a main metric"):
        plot_finetuning(tmp_path / "table.csv", tmp_path / "x.png", tmp_path / "x.pdf")


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_scores_are_collected_digit_for_digit(tmp_path):
    scores = write(
        tmp_path / "a.csv", "split,metric,value,n\ndev,las,0.1,7\ntest,las,85.29999999999999716,8\n"
    )
    runs = [{"encoder": "e", "task": "t", "variant": "full", "seed": seed} for seed in (2, 1)]
    collect_finetuning([(run, scores) for run in runs], tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == (
        "encoder,task,variant,seed,split,metric,value,n\n"
        "e,t,full,2,dev,las,0.1,7\ne,t,full,2,test,las,85.29999999999999716,8\n"
        "e,t,full,1,dev,las,0.1,7\ne,t,full,1,test,las,85.29999999999999716,8\n"
    )


def test_comparisons_are_collected_with_their_wildcards(tmp_path):
    file = write(
        tmp_path / "a.csv",
        "tokens,layer_first,layer_second,metric,value,n\n"
        "all,0,1,rsa_pearson,0.30000000000000004,9\n",
    )
    shared = {"encoder": "e", "stimuli": "s", "form": "own"}
    floor = {**shared, "comparison": "floor", "model": "x", "reference": "e"}
    ceiling = {**floor, "comparison": "ceiling", "domain": "other", "task": "t"}
    ceiling |= {"variant": "full", "seed": 1, "second_seed": 2}
    collect_similarity([(floor, file), (ceiling, file)], tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text().splitlines() == [
        ",".join(SIMILARITY),
        "e,s,own,,floor,,,,,all,0,1,rsa_pearson,0.30000000000000004,9",
        "e,s,own,other,ceiling,t,full,1,2,all,0,1,rsa_pearson,0.30000000000000004,9",
    ]


def test_every_measure_and_text_has_a_panel_with_its_null(tmp_path, monkeypatch):
    rows = similarity_rows()
    null = rows[rows["comparison"] == "floor"].assign(comparison="permuted", value=-0.01)
    both = pd.concat([rows, null])
    both = pd.concat([both, both.assign(metric="cka", value=both["value"] / 2)])
    both.to_csv(tmp_path / "table.csv", index=False)
    figures = []
    monkeypatch.setattr(measures, "save_figure", lambda figure, png, pdf: figures.append(figure))
    measures.plot_measures(tmp_path / "table.csv", tmp_path / "figure.png", tmp_path / "figure.pdf")
    axes = figures[0].axes
    assert [axis.get_title() for axis in axes] == ["RSA", "CKA", "", ""]
    assert [axis.get_ylabel() for axis in axes] == ["Harbour", "", "Village", ""]
    for axis, share in zip(axes, (1, 0.5, 1, 0.5), strict=True):
        lines = [line.get_ydata() for line in axis.lines]
        assert any(len(line) == 4 and np.allclose(line, -0.01 * share) for line in lines)


def domain_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two tasks, with their text in one form and in two; one neutral text."""
    generator = np.random.default_rng(0)
    texts = {
        "parsing": [("trees", "own", "own"), ("pairs", "own", "other"), ("wiki", "own", "neutral")],
        "inference": [("pairs", "own", "own"), ("cut", "single", "own"), ("trees", "own", "other")],
    }
    summary, differences = [], []
    for task, of_task in texts.items():
        for layer in LAYERS:
            for stimuli, form, domain in of_task:
                value, width = generator.random(2)
                place = {"encoder": "e", "task": task, "layer": layer, "metric": "rsa_pearson"}
                of = {**place, "domain": domain, "form": form}
                of |= {"low": value - width, "high": value + width}
                row = {**of, "stimuli": stimuli, "comparison": "tuned", "similarity": value}
                summary.append(row)
                if stimuli != of_task[0][0]:
                    contrast = "form" if form == "single" else "domain"
                    row = {**of, "contrast": contrast, "stimuli": of_task[0][0]}
                    differences.append({**row, "other_stimuli": stimuli, "difference": value})
    floor = {"encoder": "e", "stimuli": "trees", "comparison": "floor", "layer": 0}
    other_task = {**differences[0], "contrast": "task", "difference": -7.0}
    return (
        pd.DataFrame([*summary, floor]).reindex(columns=SIMILARITY_SUMMARY),
        pd.DataFrame([*differences, other_task]).reindex(columns=DOMAIN_COLUMNS),
    )


def plot_tables(tables, tmp_path, monkeypatch) -> list[Axes]:
    figures = []
    monkeypatch.setattr(domains, "save_figure", lambda figure, png, pdf: figures.append(figure))
    paths = [tmp_path / name for name in ("summary.csv", "domains.csv", "x.png", "x.pdf")]
    for table, path in zip(tables, paths, strict=False):
        table.to_csv(path, index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        domains.plot_domains(*paths)
    return figures[0].axes


def test_domains_draw_each_text_and_its_difference_with_their_intervals(tmp_path, monkeypatch):
    tables = domain_tables()
    axes = plot_tables(tables, tmp_path, monkeypatch)
    assert [axis.get_title() for axis in axes] == ["Parsing", "Inference", "", ""]
    for axis, table, task, value in (
        (axes[0], tables[0], "parsing", "similarity"),
        (axes[1], tables[0], "inference", "similarity"),
        (axes[2], tables[1][tables[1]["contrast"] != "task"], "parsing", "difference"),
        (axes[3], tables[1], "inference", "difference"),
    ):
        of_task = table[table["task"] == task]
        drawn = 0
        lines = [line for line in axis.lines if len(line.get_ydata()) == len(LAYERS)]
        for number, domain in enumerate(("own", "other", "neutral")):
            for style, form in (("-", "own"), ("--", "single")):
                of = of_task[(of_task["domain"] == domain) & (of_task["form"] == form)]
                found = lines_of(axis, style, domains.COLOURS[number])
                if not of.empty:
                    np.testing.assert_allclose(found, [of[value]])
                    drawn += 1
        assert len(lines) == drawn == (3 if value == "similarity" else 2)
        edges = [band.get_paths()[0].vertices[:, 1] for band in axis.collections]
        assert sorted(edge.min() for edge in edges) == pytest.approx(
            sorted(of_task.groupby(["domain", "form"])["low"].min())
        )
        assert sorted(edge.max() for edge in edges) == pytest.approx(
            sorted(of_task.groupby(["domain", "form"])["high"].max())
        )


def test_domains_of_several_encoders_have_their_own_lines_of_panels(tmp_path, monkeypatch):
    tables = [pd.concat([table, table.assign(encoder="f")]) for table in domain_tables()]
    axes = plot_tables(tables, tmp_path, monkeypatch)
    titles = [axis.get_title() for axis in axes]
    assert titles == ["E: Parsing", "E: Inference", "", "", "F: Parsing", "F: Inference", "", ""]
    for upper, lower in ((0, 4), (1, 5), (2, 6), (3, 7)):
        for one, other in zip(axes[upper].lines, axes[lower].lines, strict=True):
            np.testing.assert_array_equal(one.get_ydata(), other.get_ydata())


def test_domains_without_a_difference_are_drawn_and_without_a_tuned_encoder_refused(
    tmp_path, monkeypatch
):
    summary, differences = domain_tables()
    axes = plot_tables((summary, differences.iloc[:0]), tmp_path, monkeypatch)
    assert len(axes[0].lines) == 3
    assert len(axes[2].lines) == 1
    with pytest.raises(InputError, match=r"summary\.csv: found no tuned encoder"):
        plot_tables((summary.tail(1), differences), tmp_path, monkeypatch)


def class_rows() -> pd.DataFrame:
    rows = similarity_rows()
    names = ("content_words", "names", "first_token")
    tagged = [
        rows[rows["stimuli"] == "village"].assign(tokens=name, value=rows["value"] / number)
        for number, name in enumerate(names, start=2)
    ]
    tagged[2].loc[tagged[2]["layer"] == 1, "value"] = np.nan  # where the first token does not vary
    first = rows[rows["stimuli"] == "harbour"].assign(tokens="first_token")
    return pd.concat([rows, first, *tagged])


def test_token_classes_are_means_over_seeds_on_texts_with_parts_of_speech(tmp_path, monkeypatch):
    rows = class_rows()
    axes = drawn_axes(token_classes.plot_token_classes, token_classes, rows, tmp_path, monkeypatch)
    assert list(axes) == ["Parsing", "Inference", "Question answering"]
    assert axes["Parsing"].get_ylabel() == "Village"
    kept = rows[(rows["layer"] == rows["second_layer"]) & (rows["variant"] == "full")]
    kept = kept[(kept["comparison"] == "tuned") & (kept["stimuli"] == "village")]
    for title, task in zip(axes, TASKS, strict=True):
        means = kept[kept["task"] == task].groupby(["tokens", "layer"])["value"].mean()
        for name, colour in zip(token_classes.CLASSES, token_classes.COLOURS, strict=True):
            found = [line for line in lines_of(axes[title], "-", colour) if len(line)]
            expected = [means[name]] if name in means else []
            np.testing.assert_allclose(found, expected)
    legend = axes["Parsing"].get_figure().legends[0]
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["All tokens", "Content words", "Names", "First token ([CLS])"]


def test_token_classes_of_several_encoders_and_of_no_text(tmp_path, monkeypatch):
    rows = class_rows()
    both = pd.concat([rows, rows.assign(encoder="other")])
    figures = []
    monkeypatch.setattr(
        token_classes, "save_figure", lambda figure, png, pdf: figures.append(figure)
    )
    both.to_csv(tmp_path / "table.csv", index=False)
    paths = tmp_path / "table.csv", tmp_path / "x.png", tmp_path / "x.pdf"
    token_classes.plot_token_classes(*paths)
    labels = [axis.get_ylabel() for axis in figures[0].axes]
    assert labels == ["Minilm: Village", "", "", "Other: Village", "", ""]
    similarity_rows().to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(InputError, match=r"table\.csv: found no RSA of a class of words"):
        token_classes.plot_token_classes(*paths)


def test_results_that_cannot_be_collected_are_refused(tmp_path):
    file = write(tmp_path / "a.csv", "split,metric,n\ntest,las,3\n")
    with pytest.raises(InputError, match=r"a\.csv.*'value'"):
        collect_finetuning([({}, file)], tmp_path / "out.csv")
    with pytest.raises(InputError, match="no result"):
        collect_similarity([], tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_weights_are_mean_percentages_by_layer_and_kind(tmp_path, monkeypatch):
    def cell(comparison, task, seed, layer, kind):
        value = layer / 8 + seed / 64 + 2 * (task == "b") + (kind == "all") / 4
        return ("e", comparison, task, "full", seed, "", layer, kind, "weight_change", value, 9)

    kinds = [(0, "all"), *((1, kind) for kind in weights.KINDS)]
    rows = [cell("tuned", task, seed, *k) for task in "ab" for seed in (1, 3) for k in kinds]
    rows += [cell("ceiling", task, 5, *k) for task in "ab" for k in kinds]
    rows += [cell("floor", "", 9, *k) for k in kinds]
    pd.DataFrame(rows, columns=WEIGHTS).to_csv(tmp_path / "table.csv", index=False)
    figures = []
    monkeypatch.setattr(weights, "save_figure", lambda figure, png, pdf: figures.append(figure))
    weights.plot_weights(tmp_path / "table.csv", tmp_path / "figure.png", tmp_path / "figure.pdf")
    panels = figures[0].axes[:4]
    assert [axis.get_title() for axis in panels] == ["A", "B", "", ""]
    for axis, shift in zip(panels, (2 / 64, 2 + 2 / 64, 5 / 64, 2 + 5 / 64), strict=True):
        written = {text.get_position(): text.get_text() for text in axis.texts}
        expected = {
            (0.5 + list(weights.KINDS).index(kind), 0.5 + layer): 100
            * (layer / 8 + shift + (kind == "all") / 4)
            for layer, kind in kinds
        }
        assert written == {place: weights.three_digits(x) for place, x in expected.items()}
