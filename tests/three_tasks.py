"""The design that simulated studies share: three tasks, their own texts, and one of no task."""

from bertology.claims.paper import Margins
from bertology.claims.verdict import Rules

MARGINS = Margins(
    change_rsa=0.02,
    layer_rsa=0.05,
    catastrophic_points=5.0,
    loss_points=2.0,
    recovered_percent=95.0,
)
RULES = Rules(level=0.95, least_seeds=2)
TASKS = {"parsing": "parsing", "inference": "inference", "questions": "question_answering"}
OWN = {task: f"text-{task}" for task in TASKS}
NEUTRAL = "text-elsewhere"
TEXTS = [*OWN.values(), NEUTRAL]
LAYERS = 6
CONTRASTS = [
    {"contrast": "domain", "task": task, "stimuli": OWN[task], "form": form}
    | {"other_task": task, "other_stimuli": text}
    for task in TASKS
    for form in ("own", "single")
    for text in TEXTS
    if text != OWN[task]
]
