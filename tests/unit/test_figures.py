"""Tables keep every digit; figures draw what the tables say, the same bytes each time."""

import warnings
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex, to_rgb
from PIL import Image

from bertology.errors import InputError
from bertology.figures import domains, finetuning, measures, similarity, token_classes, weights
from bertology.figures.finetuning import plot_finetuning
from bertology.figures.similarity import plot_similarity
from bertology.figures.style import COLOURS, MARKERS, FigureSettings, Palette
from bertology.tables import (
    ABLATIONS,
    FINETUNING,
    SIMILARITY,
    SIMILARITY_SUMMARY,
    WEIGHTS,
    collect_results,
)
from bertology.tables import DOMAINS as DOMAIN_COLUMNS
from figure_files import files_in

TASKS = ("parsing", "inference", "question_answering")
LAYERS = range(4)
DOMAINS = {"harbour": "own", "village": "neutral"}


def similarity_rows(seeds: tuple[int, ...] = (1, 2, 3)) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    rows = []

    def add(stimuli: str, layers: tuple[int, int], *model: object) -> None:
        """Add a row; model: domain, comparison, task, variant, seed, second seed."""
        place = ("all", *layers, "rsa_pearson", generator.random(), 500)
        rows.append(("minilm", stimuli, "own", *model, *place))

    for stimuli, first, second in product(DOMAINS, LAYERS, LAYERS):
        layers, domain = (first, second), DOMAINS[stimuli]
        add(stimuli, layers, "", "floor", "", "", "", "")
        for task, variant in product(TASKS, ("full", "freeze-2")):
            for seed in seeds:
                add(stimuli, layers, domain, "tuned", task, variant, seed, "")
            for seed in seeds[1:]:
                add(stimuli, layers, domain, "ceiling", task, variant, seeds[0], seed)
    return pd.DataFrame(rows, columns=SIMILARITY)


def summary_rows(seeds: tuple[int, ...] = (1, 2, 3)) -> pd.DataFrame:
    """The same comparisons, averaged, with intervals (of one seed: no ceiling)."""
    rows = similarity_rows(seeds)
    same = rows[(rows["layer"] == rows["second_layer"]) & (rows["variant"] != "freeze-2")]
    by = ["encoder", "stimuli", "form", "domain", "comparison", "task", "layer", "metric"]
    means = same.groupby(by, sort=False)["value"].agg(seeds="count", similarity="mean")
    means = means.reset_index().assign(n=500)
    means = means.assign(low=means["similarity"] - 0.1, high=means["similarity"] + 0.2)
    null = means[means["comparison"] == "floor"].assign(comparison="permuted", similarity=0.0)
    tuned = means[means["comparison"] == "tuned"]
    noisy = tuned.assign(similarity=tuned["similarity"] / 2, low=0.1, high=0.3)
    own_change = tuned.assign(comparison="own_change", similarity=0.99, low=0.98, high=1.0)
    added = [null, noisy.assign(comparison="perturbed"), own_change]
    return pd.concat([means, *added])[list(SIMILARITY_SUMMARY)]


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


def capture(module, monkeypatch) -> list:
    """Keep the figures and points that a module would save."""
    saved: list = []
    monkeypatch.setattr(
        module, "save_figure", lambda figure, points, files: saved.append((figure, points))
    )
    return saved


def drawn_axes(plot, module, rows: pd.DataFrame, tmp_path: Path, monkeypatch) -> dict[str, Axes]:
    """Plot a table and give the visible panels by title."""
    saved = capture(module, monkeypatch)
    rows.to_csv(tmp_path / "table.csv", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot(tmp_path / "table.csv", files_in(tmp_path))
    return {axis.get_title(): axis for axis in saved[0][0].axes if axis.get_visible()}


def lines_of(axis: Axes, style: str, colour: str) -> list[np.ndarray]:
    return [
        line.get_ydata()
        for line in axis.get_lines()
        if line.get_linestyle() == style and to_hex(line.get_color()) == colour.lower()
    ]


def drawn_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """What of a summary is drawn, with intervals cut where no correlation is."""
    rows = rows[~rows["comparison"].isin(["permuted", "own_change"])]
    return rows.assign(high=rows["high"].clip(upper=1))


def similarity_panels(rows: pd.DataFrame, tmp_path: Path, monkeypatch, *settings) -> np.ndarray:
    """Draw similarity, with warnings as errors, and give the panels: (texts, tasks)."""
    saved = capture(similarity, monkeypatch)
    rows.to_csv(tmp_path / "table.csv", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot_similarity(tmp_path / "table.csv", files_in(tmp_path), *settings)
    axes = saved[0][0].axes
    return np.array(axes).reshape(-1, max(rows["task"].nunique() - 1, 1))


@pytest.mark.parametrize("tasks", [TASKS, TASKS[:1]])
def test_similarity_lines_and_bands_are_what_the_table_says(tasks, tmp_path, monkeypatch):
    rows = summary_rows()
    rows = rows[rows["task"].isin(["", *tasks])]
    panels = similarity_panels(rows, tmp_path, monkeypatch)
    assert panels.shape == (2, len(tasks))
    for (stimuli, task), axis in zip(product(DOMAINS, tasks), panels.flat, strict=True):
        of = drawn_rows(rows[(rows["stimuli"] == stimuli) & rows["task"].isin(["", task])])
        colour = Palette.of(tasks).colours[task]
        for comparison, style, hue in (
            ("tuned", "-", colour),
            ("ceiling", "--", colour),
            ("perturbed", "--", "#000000"),
            ("floor", ":", similarity.GREY),
        ):
            line = of[of["comparison"] == comparison]
            np.testing.assert_allclose(lines_of(axis, style, hue), [line["similarity"]])
        bands = [band.get_paths()[0].vertices for band in axis.collections]
        drawn = of.groupby(["comparison", "task"])
        assert sorted(band[:, 1].min() for band in bands) == pytest.approx(
            sorted(drawn["low"].min())
        )
        assert sorted(band[:, 1].max() for band in bands) == pytest.approx(
            sorted(drawn["high"].max())
        )


def test_nothing_of_a_correlation_is_drawn_above_1(tmp_path, monkeypatch):
    rows = summary_rows()
    assert rows["high"].max() > 1.1
    for axis in similarity_panels(rows, tmp_path, monkeypatch).flat:
        bands = [band.get_paths()[0].vertices[:, 1].max() for band in axis.collections]
        assert max([*bands, *(line.get_ydata().max() for line in axis.lines)]) <= 1
        bottom, top = axis.get_ylim()
        assert 1 < top < 1.1
        assert bottom < rows["low"].min()
    for axis in plot_tables(domain_tables(), tmp_path, monkeypatch)[:2]:
        assert max(band.get_paths()[0].vertices[:, 1].max() for band in axis.collections) <= 1


def test_panels_say_whose_text_they_show_by_their_titles(tmp_path, monkeypatch):
    settings = FigureSettings(
        {"tasks": {"parsing": "Trees for $5"}, "stimuli": {"harbour": "The harbour, $2"}}
    )
    rows = summary_rows()
    other = (rows["stimuli"] == "harbour") & (rows["task"] == "inference")
    rows.loc[other, "domain"] = "other"
    panels = similarity_panels(rows, tmp_path, monkeypatch, settings)
    assert [axis.get_title() for axis in panels[0]] == [
        *("Trees for $5", "Inference", "Question answering")
    ]
    labels = [axis.get_ylabel() for axis in panels[:, 0]]
    assert labels == ["The harbour, $2", "Village\nno task's text"]
    written = [[text.get_text() for text in axis.texts] for axis in panels.flat]
    assert written == [["own text"], [], ["own text"], [], [], []]
    axes = plot_tables(domain_tables(), tmp_path, monkeypatch, settings)
    assert axes[0].get_title() == "Trees for $5\n(own text: Trees)"


def test_the_legend_names_only_what_is_drawn(tmp_path, monkeypatch):
    def names(rows: pd.DataFrame) -> list[str]:
        panels = similarity_panels(rows, tmp_path, monkeypatch)
        legend = panels.flat[0].get_figure().legends[0]
        return [text.get_text() for text in legend.get_texts()]

    ceiling, floor = "Ceiling: two seeds of one task", "Floor: random encoder"
    noise = "As much change by random noise"
    assert names(summary_rows()) == ["Fine-tuned", "Confidence interval", ceiling, noise, floor]
    one_seed = summary_rows(seeds=(1,)).assign(low=np.nan, high=np.nan)
    without = one_seed[~one_seed["comparison"].isin(["perturbed", "own_change"])]
    assert names(without) == ["Fine-tuned", floor]


def ablation_rows() -> pd.DataFrame:
    """The means of finetuning_rows in each task's main metric, with intervals."""
    rows = finetuning_rows()
    main = {"parsing": "las", "inference": "accuracy", "question_answering": "f1"}
    rows = rows[(rows["split"] == "test") & (rows["metric"] == rows["task"].map(main))]
    by = ["encoder", "task", "variant", "metric"]
    means = rows.groupby(by, sort=False)["value"].agg(seeds="count", score="mean").reset_index()
    means = means.assign(low=means["score"] - 3, high=means["score"] + 2)
    return means.reindex(columns=ABLATIONS)


def plot_scores(rows: pd.DataFrame, means: pd.DataFrame, folder: Path, name: str = "x") -> None:
    for table, file in ((rows, "scores.csv"), (means, "means.csv")):
        table.to_csv(folder / file, index=False)
    plot_finetuning(folder / "scores.csv", folder / "means.csv", files_in(folder, name))


def test_finetuning_draws_each_seed_and_the_mean_with_its_interval(tmp_path, monkeypatch):
    rows, means = finetuning_rows(), ablation_rows()
    saved = capture(finetuning, monkeypatch)
    plot_scores(rows, means, tmp_path)
    axes = {axis.get_title(): axis for axis in saved[0][0].axes}
    titles = ["Parsing: LAS", "Inference: Accuracy", "Question answering: F1"]
    assert list(axes) == titles
    of_tasks = means.set_index(["task", "variant"])
    for title, task in zip(titles, TASKS, strict=True):
        drawn = axes[title].collections
        bars = [each for each in drawn if isinstance(each, LineCollection)]
        dots = [each for each in drawn if each not in bars]
        ends = [each.get_segments()[0][:, 1] for each in bars]
        for place, variant in enumerate(("untuned", "full")):
            mean = of_tasks.loc[(task, variant)]
            of = rows[(rows["task"] == task) & (rows["metric"] == mean["metric"])]
            values = of[(of["variant"] == variant) & (of["split"] == "test")]["value"]
            assert sorted(dots[place].get_offsets()[:, 1]) == pytest.approx(sorted(values))
            assert axes[title].texts[place].get_text() == f"{values.mean():.1f}"
            assert sorted(ends[place]) == pytest.approx([mean["low"], mean["high"]])


def test_a_task_without_test_scores_is_refused(tmp_path):
    rows = finetuning_rows()
    with pytest.raises(InputError, match=r"scores\.csv: found no test score of inference"):
        plot_scores(rows[rows["task"] != "inference"], ablation_rows(), tmp_path)


def draw_similarity(folder: Path, name: str) -> None:
    summary_rows().to_csv(folder / "table.csv", index=False)
    plot_similarity(folder / "table.csv", files_in(folder, name))


def draw_scores(folder: Path, name: str) -> None:
    plot_scores(finetuning_rows(), ablation_rows(), folder, name)


@pytest.mark.parametrize("draw", [draw_similarity, draw_scores])
def test_the_same_table_gives_the_same_bytes(draw, tmp_path):
    for name in ("one", "two"):
        draw(tmp_path, name)
    for kind in ("png", "csv", "pdf"):
        first, second = ((tmp_path / f"{name}.{kind}").read_bytes() for name in ("one", "two"))
        assert first == second
    assert b"CreationDate" not in first
    with Image.open(tmp_path / "one.png") as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_the_numbers_beside_a_figure_are_those_that_it_draws(tmp_path):
    draw_similarity(tmp_path, "x")
    table, points = summary_rows(), pd.read_csv(tmp_path / "x.csv", keep_default_na=False)
    drawn = drawn_rows(table)
    by = ["stimuli", "comparison", "task", "layer"]
    shared = ["similarity", "low", "high", "seeds"]
    pd.testing.assert_frame_equal(
        points.sort_values(by)[shared].reset_index(drop=True),
        drawn.sort_values(by)[shared].reset_index(drop=True),
    )


def test_tasks_are_told_apart_without_colour():
    """By markers; and neighbours' colours differ in grey too."""
    tasks = [f"task{number}" for number in range(len(COLOURS))]
    assert len(set(Palette.of(tasks).markers.values())) == len(tasks)
    lightness = [np.dot((0.299, 0.587, 0.114), to_rgb(colour)) for colour in COLOURS[:3]]
    assert np.abs(np.diff(lightness)).min() > 0.1
    assert abs(lightness[0] - lightness[2]) > 0.1
    assert len(MARKERS) >= len(COLOURS)


def test_nothing_is_drawn_outside_the_image(tmp_path):
    """The outermost pixels stay white, with one panel as with many tall legends."""
    rows = summary_rows()
    rows[rows["stimuli"] == "harbour"].to_csv(tmp_path / "table.csv", index=False)
    plot_similarity(tmp_path / "table.csv", files_in(tmp_path))
    with Image.open(tmp_path / "x.png") as image:
        pixels = np.asarray(image.convert("L"))
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 255).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.drop(columns="seeds"), r"table\.csv.*no column 'seeds'"),
        (lambda rows: rows.iloc[:0], "no row"),
        (lambda rows: rows.assign(metric="cka"), r"table\.csv.*rsa_"),
        (lambda rows: rows.assign(task=[f"t{n % 7}" for n in range(len(rows))]), "up to 6"),
    ],
)
def test_tables_that_cannot_be_drawn_are_refused(change, message, tmp_path):
    change(summary_rows()).to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(InputError, match=message):
        plot_similarity(tmp_path / "table.csv", files_in(tmp_path))
    assert not (tmp_path / "x.png").exists()


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_scores_are_collected_digit_for_digit(tmp_path):
    scores = write(
        tmp_path / "a.csv", "split,metric,value,n\ndev,las,0.1,7\ntest,las,85.29999999999999716,8\n"
    )
    runs = [{"encoder": "e", "task": "t", "variant": "full", "seed": seed} for seed in (2, 1)]
    collect_results("finetuning", [(run, scores) for run in runs], tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == (
        "encoder,task,variant,seed,split,metric,value,n\n"
        "e,t,full,2,dev,las,0.1,7\ne,t,full,2,test,las,85.29999999999999716,8\n"
        "e,t,full,1,dev,las,0.1,7\ne,t,full,1,test,las,85.29999999999999716,8\n"
    )


def test_comparisons_are_collected_with_their_wildcards(tmp_path):
    file = write(
        tmp_path / "a.csv",
        "reference,tokens,layer_first,layer_second,metric,value,n\n"
        "e,all,0,1,rsa_pearson,0.30000000000000004,9\n"
        "seed-2,all,0,1,rsa_pearson,0.40000000000000002,9\n",
    )
    shared = {"encoder": "e", "stimuli": "s", "form": "own"}
    floor = {**shared, "comparison": "floor", "model": "x", "reference": "e"}
    ceiling = {**floor, "comparison": "ceiling", "domain": "other", "task": "t"}
    ceiling |= {"variant": "full", "seed": 1, "second_seed": 2, "reference": "seed-2"}
    collect_results("similarity", [(floor, file), (ceiling, file)], tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text().splitlines() == [
        ",".join(SIMILARITY),
        "e,s,own,,floor,,,,,all,0,1,rsa_pearson,0.30000000000000004,9",
        "e,s,own,other,ceiling,t,full,1,2,all,0,1,rsa_pearson,0.40000000000000002,9",
    ]
    with pytest.raises(InputError, match=r"a\.csv: found no comparison with seed-3"):
        missing = {**ceiling, "reference": "seed-3"}
        collect_results("similarity", [(missing, file)], tmp_path / "out.csv")


def test_every_measure_and_text_has_a_panel_with_its_null(tmp_path, monkeypatch):
    rows = similarity_rows()
    null = rows[rows["comparison"] == "floor"].assign(comparison="permuted", value=-0.01)
    both = pd.concat([rows, null])
    both = pd.concat([both, both.assign(metric="cka", value=both["value"] / 2)])
    both.to_csv(tmp_path / "table.csv", index=False)
    saved = capture(measures, monkeypatch)
    measures.plot_measures(tmp_path / "table.csv", files_in(tmp_path))
    axes = saved[0][0].axes
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


def plot_tables(tables, tmp_path, monkeypatch, *settings) -> list[Axes]:
    saved = capture(domains, monkeypatch)
    paths = [tmp_path / name for name in ("summary.csv", "domains.csv")]
    for table, path in zip(tables, paths, strict=True):
        table.to_csv(path, index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        domains.plot_domains(*paths, files_in(tmp_path), *settings)
    return saved[0][0].axes


def test_domains_draw_each_text_and_its_difference_with_their_intervals(tmp_path, monkeypatch):
    tables = domain_tables()
    axes = plot_tables(tables, tmp_path, monkeypatch)
    titles = [axis.get_title() for axis in axes]
    assert titles == ["Parsing\n(own text: Trees)", "Inference\n(own text: Pairs)", "", ""]
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
        highest = of_task.groupby(["domain", "form"])["high"].max()
        highest = highest.clip(upper=1) if value == "similarity" else highest
        assert sorted(edge.max() for edge in edges) == pytest.approx(sorted(highest))


TITLES = (
    ("E: Parsing", "E: Inference", "F: Parsing", "F: Inference"),
    ("Trees", "Pairs", "Trees", "Pairs"),
)


def test_domains_of_several_encoders_have_their_own_lines_of_panels(tmp_path, monkeypatch):
    tables = [pd.concat([table, table.assign(encoder="f")]) for table in domain_tables()]
    axes = plot_tables(tables, tmp_path, monkeypatch)
    titles = [axis.get_title() for axis in axes]
    names = [f"{title}\n(own text: {text})" for title, text in zip(*TITLES, strict=True)]
    assert titles == [*names[:2], "", "", *names[2:], "", ""]
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
    assert names == [
        "All tokens",
        "Content words",
        "Names",
        "First token ([CLS])",
        "Range over seeds",
    ]


def test_token_classes_of_several_encoders_and_of_no_text(tmp_path, monkeypatch):
    rows = class_rows()
    both = pd.concat([rows, rows.assign(encoder="other")])
    saved = capture(token_classes, monkeypatch)
    both.to_csv(tmp_path / "table.csv", index=False)
    paths = tmp_path / "table.csv", files_in(tmp_path)
    token_classes.plot_token_classes(*paths)
    labels = [axis.get_ylabel() for axis in saved[0][0].axes]
    assert labels == ["Minilm: Village", "", "", "Other: Village", "", ""]
    similarity_rows().to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(InputError, match=r"table\.csv: found no RSA of a class of words"):
        token_classes.plot_token_classes(*paths)


def test_results_that_cannot_be_collected_are_refused(tmp_path):
    file = write(tmp_path / "a.csv", "split,metric,n\ntest,las,3\n")
    with pytest.raises(InputError, match=r"a\.csv.*'value'"):
        collect_results("finetuning", [({}, file)], tmp_path / "out.csv")
    with pytest.raises(InputError, match="no result"):
        collect_results("similarity", [], tmp_path / "out.csv")
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
    saved = capture(weights, monkeypatch)
    weights.plot_weights(tmp_path / "table.csv", files_in(tmp_path))
    panels = saved[0][0].axes[:4]
    assert [axis.get_title() for axis in panels] == ["A", "B", "", ""]
    for axis, shift in zip(panels, (2 / 64, 2 + 2 / 64, 5 / 64, 2 + 5 / 64), strict=True):
        written = {text.get_position(): text.get_text() for text in axis.texts}
        expected = {
            (0.5 + list(weights.KINDS).index(kind), 0.5 + layer): 100
            * (layer / 8 + shift + (kind == "all") / 4)
            for layer, kind in kinds
        }
        assert written == {place: weights.three_digits(x) for place, x in expected.items()}
