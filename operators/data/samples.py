"""The real tables that scikit-learn brings along, for ``sample://`` sources: data without a network."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from operators.mistakes import check_choice

if TYPE_CHECKING:
    import pandas as pd

SAMPLES = ("breast_cancer", "diabetes", "digits", "iris", "wine")
"""The names after ``sample://``."""


def load_sample(name: str) -> pd.DataFrame:
    """Load a bundled table.

    :param name: one of :data:`SAMPLES`
    :returns: snake_case columns; the last one, ``target``, holds class names (numbers for diabetes)
    :raises DataMistakeError: if there is no such table
    """
    from sklearn import datasets

    check_choice(name, SAMPLES, where="source")
    load: Callable[..., Any] = getattr(datasets, f"load_{name}")
    bunch = load(as_frame=True)
    frame: pd.DataFrame = bunch.data.rename(columns=_snake_case)
    names = getattr(bunch, "target_names", None)
    frame["target"] = bunch.target if names is None else [str(names[code]) for code in bunch.target]
    return frame


def _snake_case(name: str) -> str:
    return re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_")
