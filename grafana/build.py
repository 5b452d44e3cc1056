"""Write grafana/dashboards/*.json from grafana/boards: ``make dashboards``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TARGET = HERE / "dashboards"
sys.path.insert(0, str(HERE))
_ONLY_OF_INTERVALS = ("auto", "auto_count", "auto_min")
"""Keys that the SDK gives every variable, and that Grafana knows only of one kind, which is not used here."""


def build() -> dict[str, str]:
    """Give the text of each dashboard file, by its name."""
    from boards import BOARDS
    from boards.panel import build_board
    from grafana_foundation_sdk.cog.encoder import JSONEncoder

    encoder = JSONEncoder()
    return {f"{board.uid}.json": _text(json.loads(encoder.encode(build_board(board).build()))) for board in BOARDS}


def _text(dashboard: dict[str, Any]) -> str:
    for variable in dashboard["templating"]["list"]:
        for key in _ONLY_OF_INTERVALS:
            variable.pop(key, None)
    return json.dumps(dashboard, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write them, and remove what is no dashboard any more."""
    files = build()
    for path in TARGET.glob("*.json"):
        if path.name not in files:
            path.unlink()
    for name, text in files.items():
        (TARGET / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
