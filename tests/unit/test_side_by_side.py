"""Training side by side: who trains in which epoch, at which rate, and what is kept, by hand."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import bertology
from bertology.probing.side_by_side import (
    Plateau,
    Progress,
    SideBySide,
    StackedProbes,
    stacked_weights,
    train_until_finished,
)
from bertology.probing.structural import LEARNING_RATE, REGIMENS

NAN = float("nan")


class Marked(StackedProbes):
    """Probes of named inputs, of one weight each."""

    def __init__(self, names):
        super().__init__()
        self.names = list(names)
        self.weight = torch.nn.Parameter(torch.zeros(len(self.names), 1))

    def selected(self, numbers):
        chosen = Marked(self.names[number] for number in numbers)
        chosen.weight = torch.nn.Parameter(self.weight.detach()[list(numbers)].clone())
        return chosen


def train(planted, plateau, most_epochs=50, first_rate=1.0):
    """Train on planted scores; a weight is the last epoch that trained it.

    Gives each probe's progress, and the rates at which it was trained, epoch by epoch.
    """
    rates = {name: [] for name in planted}

    def train_and_score(running, epoch):
        for name, rate in zip(running.probes.names, running.optimizer.rates, strict=True):
            rates[name].append(rate)
        with torch.no_grad():
            running.probes.weight.fill_(epoch)
        return np.array([planted[name][epoch - 1] for name in running.probes.names])

    progress = {name: Progress(first_rate, plateau) for name in planted}
    running = SideBySide.start(Marked(planted), first_rate)
    train_until_finished(running, progress.values(), train_and_score, most_epochs)
    return progress, rates


def test_each_probe_ends_by_itself_and_keeps_its_best_weights():
    planted = {
        "late": [1, 2, 1, 1, 3, 3, 3, 3],
        "early": [5, 4, 4, 4],
        "middle": [0, -1, 7, 6, 6, 6],
    }
    progress, rates = train(planted, Plateau(until_lower=2, divisor=10.0, until_stop=3))
    assert rates == {
        "late": pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1 * 0.1]),
        "early": pytest.approx([1, 1, 1, 0.1]),
        "middle": pytest.approx([1, 1, 1, 1, 1, 0.1]),
    }
    found = {
        name: (each.epochs, each.best_epoch, each.best, each.best_weights["weight"].item())
        for name, each in progress.items()
    }
    assert found == {"late": (8, 5, 3, 5), "early": (4, 1, 5, 1), "middle": (6, 3, 7, 3)}
    together = stacked_weights([each.best_weights for each in progress.values()])
    assert together["weight"].tolist() == [[5], [1], [3]]


@pytest.mark.parametrize(
    ("regimen", "rates"),
    [
        ("published", [1e-3, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7]),
        ("patient", [1e-3] * 4 + [1e-4] * 3 + [1e-5] * 3),
    ],
)
def test_the_regimens_of_structural_probes_as_methods_say(regimen, rates):
    """The first epoch is the best: the rate falls after 1 (3) more, the end is after 5 (9)."""
    plateau = REGIMENS[regimen].plateau
    progress, found = train({"only": [1] + [0] * 49}, plateau, first_rate=LEARNING_RATE)
    assert found["only"] == pytest.approx(rates)
    assert progress["only"].best_epoch == 1


def test_a_patient_probe_ends_below_the_rate_at_which_it_still_learns():
    """Tiny gains at tiny rates do not keep it in training."""
    scores = [1] + [0] * 3 + [2] + [0] * 3 + [3] + [0] * 3 + [4] * 38
    plateau = REGIMENS["patient"].plateau
    progress, found = train({"only": scores}, plateau, first_rate=LEARNING_RATE)
    assert found["only"] == pytest.approx([1e-3] * 4 + [1e-4] * 4 + [1e-5] * 4)
    assert progress["only"].best_epoch == 9


def test_a_probe_stops_below_the_lowest_rate():
    plateau = Plateau(until_lower=1, divisor=2.0, until_stop=20, lowest_rate=0.25)
    progress, rates = train({"only": [1] * 50}, plateau)
    assert rates["only"] == [1, 1, 0.5, 0.25]
    assert progress["only"].best_epoch == 1


def test_no_probe_trains_longer_than_the_most_epochs():
    gaining, lost = list(range(10)), [0.0] * 10
    progress, _ = train({"gaining": gaining, "lost": lost}, Plateau(1, 1.0, 2), most_epochs=5)
    assert {name: each.epochs for name, each in progress.items()} == {"gaining": 5, "lost": 3}


def test_a_probe_without_any_score_is_no_probe():
    progress, _ = train({"good": [1] * 9, "bad": [NAN] * 9}, Plateau(1, 1.0, 2))
    assert progress["bad"].epochs == 2
    with pytest.raises(KeyError):
        stacked_weights([each.best_weights for each in progress.values()])


def test_what_goes_on_does_so_with_its_own_state_of_the_optimizer():
    """Adam's moments move along: torch's own Adam on each weight alone is the reference."""
    targets = torch.tensor([[1.0], [-2.0], [0.5]])
    one = SideBySide.start(Marked("abc"), 0.1)
    for _ in range(3):
        one.step((one.probes.weight - targets).square().sum(dim=1))
    one = one.selected([2, 0])
    one.optimizer.set_rates([0.02, 0.1])
    for _ in range(3):
        one.step((one.probes.weight - targets[[2, 0]]).square().sum(dim=1))
    for number, later in enumerate((0.02, 0.1)):
        weight = torch.nn.Parameter(torch.zeros(1))
        adam = torch.optim.Adam([weight], lr=0.1)
        for step in range(6):
            adam.param_groups[0]["lr"] = 0.1 if step < 3 else later
            adam.zero_grad()
            (weight - targets[[2, 0]][number]).square().sum().backward()
            adam.step()
        torch.testing.assert_close(one.probes.weight[number].detach(), weight.detach())


def test_a_step_loads_no_compiler():
    """It would take longer than many a probe."""
    code = """
import sys, torch
from bertology.probing.separate_adam import SeparateAdam

weights = torch.nn.Parameter(torch.ones(2, 3))
adam = SeparateAdam([weights], [0.1, 0.1], clip=1.0, amsgrad=True)
weights.sum().backward()
adam.step()
assert (weights < 1).all()
sys.exit("torch._dynamo" in sys.modules)
"""
    library = {"PYTHONPATH": str(Path(bertology.__file__).parents[1])}
    subprocess.run([sys.executable, "-c", code], env=library, check=True)
