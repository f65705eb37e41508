"""The experiment: a tiny network on points of the plane, trained again and again on nnc or on TensorFlow."""

from nnc.experiment.comparison import PUBLISHED, VARIANTS, Comparison, compare, entrants
from nnc.experiment.names import edit_distance, resolve
from nnc.experiment.network import build
from nnc.experiment.points import Points, draw
from nnc.experiment.results import results_page
from nnc.experiment.runs import MODES, SETS, Repeat, Result, engine, run, train_once
from nnc.experiment.settings import Settings, parse_widths
from nnc.experiment.statistics import Summary, summarize

__all__ = [
    "MODES",
    "PUBLISHED",
    "SETS",
    "VARIANTS",
    "Comparison",
    "Points",
    "Repeat",
    "Result",
    "Settings",
    "Summary",
    "build",
    "compare",
    "draw",
    "edit_distance",
    "engine",
    "entrants",
    "parse_widths",
    "resolve",
    "results_page",
    "run",
    "summarize",
    "train_once",
]
