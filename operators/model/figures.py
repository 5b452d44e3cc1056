"""Figures of an evaluation as inline SVG: they show the same rows and values that the gates judge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from operators.report import Figure, Section, Table, figure_to_svg

if TYPE_CHECKING:
    from operators.model.metrics import Predictions

# Colours that can be told apart on white and on black, and by people who do not see red and green.
_MODEL, _CHAMPION, _OTHER = "#3b82f6", "#f59e0b", "#94a3b8"
_SIZE = (5.2, 3.4)
_BINS = 20
_CALIBRATION_BINS = 10


def make_figures(own: Predictions, champion: Predictions | None) -> tuple[Section, ...]:
    """Draw what fits the task: curves for two classes, a confusion table for any classes, residuals for numbers.

    :param own: the model's predictions
    :param champion: the champion's on the same rows, if there is one
    """
    if not own.classes:
        return (_predicted_against_true(own), _residuals(own))
    return (*_curves(own, champion), confusion_table(own))


def confusion_table(predictions: Predictions) -> Table:
    """Count true against predicted classes."""
    from sklearn.metrics import confusion_matrix

    counts = confusion_matrix(predictions.truth, predictions.predicted, labels=list(predictions.classes))
    names = [str(cls) for cls in predictions.classes]
    rows = tuple((name, *(int(n) for n in row)) for name, row in zip(names, counts, strict=True))
    return Table("Confusion matrix", ("truth", *(f"predicted {name}" for name in names)), rows)


def _curves(own: Predictions, champion: Predictions | None) -> Iterator[Section]:
    if own.positive_class is None or own.scores is None or len(set(own.truth.tolist())) != len(own.classes):
        return
    yield _roc(own, champion)
    if own.probabilities is not None:
        yield _calibration(own, champion)
    yield _score_histogram(own)


def _roc(own: Predictions, champion: Predictions | None) -> Figure:
    from sklearn.metrics import roc_curve

    axes, figure = _axes("false positive rate", "true positive rate")
    for name, colour, predictions in _named(own, champion):
        if predictions.scores is not None:
            false, true, _ = roc_curve(predictions.is_positive, predictions.scores)
            axes.plot(false, true, color=colour, label=name, linewidth=1.8)
    axes.plot([0, 1], [0, 1], color=_OTHER, linewidth=1, linestyle=":")
    return _finish(figure, axes, "ROC curve", f"Positive class: {own.positive_class}. Dotted: a coin.")


def _calibration(own: Predictions, champion: Predictions | None) -> Figure:
    axes, figure = _axes("predicted probability", "share that is positive")
    for name, colour, predictions in _named(own, champion):
        if predictions.positive_probability is not None:
            predicted, actual = _calibration_points(predictions.is_positive, predictions.positive_probability)
            axes.plot(predicted, actual, color=colour, label=name, marker="o", markersize=4, linewidth=1.4)
    axes.plot([0, 1], [0, 1], color=_OTHER, linewidth=1, linestyle=":")
    return _finish(figure, axes, "Calibration", f"{_CALIBRATION_BINS} groups of equal size. Dotted: perfect.")


def _calibration_points(positive: Any, probability: Any) -> tuple[list[float], list[float]]:
    import numpy as np

    groups = np.array_split(np.argsort(probability, kind="stable"), min(_CALIBRATION_BINS, len(probability)))
    return [float(probability[g].mean()) for g in groups], [float(positive[g].mean()) for g in groups]


def _score_histogram(own: Predictions) -> Figure:
    import numpy as np

    scores = np.asarray(own.scores)
    axes, figure = _axes("score", "rows")
    edges = np.histogram_bin_edges(scores, bins=_BINS)
    others = [cls for cls in own.classes if cls != own.positive_class]
    for name, colour, mask in (
        (str(own.positive_class), _MODEL, own.is_positive),
        (str(others[0]), _CHAMPION, ~own.is_positive),
    ):
        axes.hist(scores[mask], bins=list(edges), color=colour, alpha=0.6, label=name)
    return _finish(figure, axes, "Scores by true class", "The less the two overlap, the better the model separates.")


def _predicted_against_true(own: Predictions) -> Figure:
    axes, figure = _axes("truth", "predicted")
    axes.scatter(own.truth, own.predicted, s=8, color=_MODEL, alpha=0.5, rasterized=len(own.truth) > 5_000)  # noqa: PLR2004
    low, high = float(own.truth.min()), float(own.truth.max())
    axes.plot([low, high], [low, high], color=_OTHER, linewidth=1, linestyle=":")
    return _finish(figure, axes, "Predicted against true", "Dotted: perfect.")


def _residuals(own: Predictions) -> Figure:
    axes, figure = _axes("predicted minus true", "rows")
    axes.hist(own.predicted - own.truth, bins=_BINS, color=_MODEL, alpha=0.8)
    return _finish(figure, axes, "Errors")


def _named(own: Predictions, champion: Predictions | None) -> Iterator[tuple[str, str, Predictions]]:
    yield "model", _MODEL, own
    if champion is not None:
        yield "champion", _CHAMPION, champion


def _axes(x: str, y: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure as MatplotlibFigure

    figure = MatplotlibFigure(figsize=_SIZE)
    axes = figure.subplots()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return axes, figure


def _finish(figure: Any, axes: Any, title: str, caption: str = "") -> Figure:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False)
    return Figure(title, figure_to_svg(figure), caption)
