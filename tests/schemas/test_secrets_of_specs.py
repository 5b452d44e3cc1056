"""What a spec knows of the secrets in its file, so that nothing shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.checker import check_source
from schemas.diagnostic import Finding, Place
from schemas.masking import read_secrets
from schemas.source import parse_source

BASH = "airflow.providers.standard.operators.bash.BashOperator"


@pytest.mark.parametrize(
    ("written", "secrets"),
    [
        ("hunter2-and-more", ("hunter2-and-more",)),
        ('"a\\"quote-and-more"', ('"a\\"quote-and-more"', 'a\\"quote-and-more', 'a"quote-and-more')),
        ("'it''s-a-secret'", ("it''s-a-secret", "it's-a-secret")),
        # too short to be looked for elsewhere: it would be found in any word
        ("horse", ()),
        ("${TOKEN}", ()),
        ("'{{ var.value.token }}'", ()),
    ],
)
def test_a_secret_is_known_as_it_is_written_and_as_it_is_read(written: str, secrets: tuple[str, ...]) -> None:
    task = f"      operator: {BASH}\n      bash_command: x\n      env:\n        TOKEN: {written}\n"
    text = f"a:\n  tasks:\n    b:\n{task}"
    [pipeline] = check_source(parse_source(Path("a.yaml"), text), shown_as="a.yaml").pipelines
    assert pipeline.secrets == secrets


def test_secrets_of_other_files_are_read_there() -> None:
    finding = Finding("P721", Place(2, 4, 2, 12, file="defaults.yaml"), "")
    texts = {"": "", "defaults.yaml": "x\nk: abcdefgh\n"}
    assert read_secrets(texts, [finding], ["P721"]) == ("abcdefgh",)
