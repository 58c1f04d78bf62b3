"""Training side by side: who trains in which epoch, at which rate, and what is kept, by hand."""

import numpy as np
import pytest
import torch

from bertology.probing.side_by_side import (
    Plateau,
    Progress,
    SideBySide,
    StackedProbes,
    stacked_weights,
    train_until_finished,
)
from bertology.probing.structural import REGIMENS

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


def train(planted, plateau, most_epochs=50):
    """Train on planted scores; a weight is the last epoch that trained it.

    Gives each probe's progress, and the rates at which it was trained, epoch by epoch.
    """
    rates = {name: [] for name in planted}

    def train_and_score(running, epoch):
        groups = running.optimizer.optimizer.param_groups
        for name, group in zip(running.probes.names, groups, strict=True):
            rates[name].append(group["lr"])
        with torch.no_grad():
            running.probes.weight.fill_(epoch)
        return np.array([planted[name][epoch - 1] for name in running.probes.names])

    progress = {name: Progress(1.0, plateau) for name in planted}
    running = SideBySide.start(Marked(planted), 1.0)
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
        ("published", [1, 1, 0.1, 0.01, 0.001, 0.0001]),
        ("patient", [1] * 4 + [0.1] * 3 + [0.01] * 3 + [0.001]),
    ],
)
def test_the_regimens_of_structural_probes_as_methods_say(regimen, rates):
    """The first epoch is the best: the rate falls after 1 (3) more, the end is after 5 (10)."""
    progress, found = train({"only": [1] + [0] * 49}, REGIMENS[regimen].plateau)
    assert found["only"] == pytest.approx(rates)
    assert progress["only"].best_epoch == 1


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
