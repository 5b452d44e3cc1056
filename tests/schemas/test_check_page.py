"""docs/check.md names what the command has."""

from __future__ import annotations

import re
from pathlib import Path

from pipelines.commands.outcome import Exit
from schemas.checker import check_files
from schemas.formats import FORMATS


def test_the_page_lists_every_format_and_exit_code(repository: Path) -> None:
    text = (repository / "docs" / "check.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, flags=re.M) == list(FORMATS)
    assert re.findall(r"^\| (\d+) \|", text, flags=re.M) == [str(int(code)) for code in Exit]


def test_the_ignores_of_the_page_work(repository: Path, tmp_path: Path) -> None:
    text = (repository / "docs" / "check.md").read_text(encoding="utf-8")
    example = text.rpartition("```yaml\n")[2].partition("```")[0]
    path = tmp_path / "a.yaml"
    path.write_text("orders:\n" + re.sub(r"^", "  ", example, flags=re.M), encoding="utf-8")
    assert check_files([path]).diagnostics == ()
    path.write_text(re.sub(r"# pipelines: .*", "", path.read_text(encoding="utf-8")), encoding="utf-8")
    assert [d.code for d in check_files([path]).diagnostics] == ["P403", "P403"]
