"""Writes down the columns and classes of the bundled tables, for the checker, which has no scikit-learn.

``python -m operators.data.sample_catalogue > schemas/rules/samples.json``; a test fails when that file is old.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from operators.data.samples import SAMPLES, load_sample


def sample_catalogue() -> dict[str, dict[str, Any]]:
    """Describe every table behind ``sample://``.

    :returns: name -> ``columns``, and ``classes`` of the target, null where it is a quantity
    """
    return {name: _describe(name) for name in SAMPLES}


def _describe(name: str) -> dict[str, Any]:
    frame = load_sample(name)
    is_quantity = frame["target"].dtype.kind == "f"
    classes = None if is_quantity else sorted(map(str, frame["target"].unique()))
    return {"columns": [str(column) for column in frame.columns], "classes": classes}


if __name__ == "__main__":
    json.dump(sample_catalogue(), sys.stdout, indent=1)
    sys.stdout.write("\n")
