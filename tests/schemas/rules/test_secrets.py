"""Secrets: what is one and what only stands for one, and that no output shows one."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import pytest

from pipelines.cli import main
from schemas.checker import check_file
from schemas.contract import load_contract
from schemas.outline import iter_outlines
from schemas.position import FileText
from schemas.rules.secrets import iter_secret_findings
from schemas.source import parse_source

SLACK = "hooks.slack.com/services/T0/B0/" + "x" * 24
BASH = "airflow.providers.standard.operators.bash.BashOperator"


def found(key: str, value: Any) -> list[tuple[str, str]]:
    """Give code and marked text of each finding on one parameter."""
    import yaml

    text = yaml.safe_dump({"orders": {"params": {key: value}, "tasks": {}}}, width=10_000)
    source = parse_source(Path("x.yaml"), text)
    (outline,) = iter_outlines(source.data, load_contract(), text)
    lines = FileText(text)
    return [
        (f.code, text[lines.offset(f.place.line, f.place.column) : lines.offset(f.place.end_line, f.place.end_column)])
        for f in iter_secret_findings(outline, source.tree)
    ]


@pytest.mark.parametrize(
    ("key", "value", "code", "marked"),
    [
        ("password", "hunter2", "P721", "hunter2"),
        ("passphrase", "correct horse battery", "P721", "correct horse battery"),
        ("SHOP_API_KEY", "abc", "P721", "abc"),
        ("client-secret", "x y".replace(" ", ""), "P721", "xy"),
        ("key", "c2VjcmV0c2VjcmV0MTIzNDU2Nzg5MA", "P721", "c2VjcmV0c2VjcmV0MTIzNDU2Nzg5MA"),
        ("command", "export PGPASSWORD=hunter2; psql", "P721", "hunter2"),
        ("command", "curl --token=abcdef x", "P721", "abcdef"),
        ("Authorization", "Bearer abcdefghijk", "P721", "abcdefghijk"),
        ("anything", "AKIAIOSFODNN7EXAMPLE", "P720", "AKIAIOSFODNN7EXAMPLE"),
        ("anything", "see ghp_" + "a1" * 18, "P720", "ghp_" + "a1" * 18),
        ("url", "postgres://shop:pw@db/orders", "P720", "pw"),
        ("url", "https://x.example.org/a?sig=abcdefgh&b=c", "P720", "abcdefgh"),
        (
            "hook",
            "https://hooks.slack.com/services/T0/B0/" + "x" * 24,
            "P720",
            "hooks.slack.com/services/T0/B0/" + "x" * 24,
        ),
        ("token", "xoxb-123456789012", "P720", "xoxb-123456789012"),
        ("jwt", f"eyJ{'a' * 20}.eyJ{'b' * 20}.{'c' * 20}", "P720", f"eyJ{'a' * 20}.eyJ{'b' * 20}.{'c' * 20}"),
    ],
)
def test_a_secret_is_marked_to_the_character(key: str, value: str, code: str, marked: str) -> None:
    assert found(key, value) == [(code, marked)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("password", ""),
        ("password", "{{ conn.shop.password }}"),
        ("password", "$PASSWORD"),
        ("password", "<from the vault>"),
        ("password", "***"),
        ("password", None),
        ("token", "the one of the shop"),
        ("password", 5),
        ("password", True),
        ("max_tokens", "512"),
        ("tokenizer", "bert-base"),
        ("next_token", "abc"),
        ("token_url", "https://example.org/token"),
        ("secret_name", "orders"),
        ("sort_key", "customer_id_and_date_of_the_order"),
        ("partition_key", "2026"),
        ("sha256", "5f1a7c0cc2d9c1e3c6ac2b1c42dfd6b1fd4c1e54a1d0c5f6fb5a8a1e6f0e8d11"),
        ("command", "psql --password=$PGPASSWORD --token={{ var.value.token }}"),
        ("url", "https://{{ conn.a.login }}:{{ conn.a.password }}@example.org"),
        ("url", "https://example.org:8443/a@b"),
        ("url", "s3://shop_store@orders/2026.csv"),
        ("time", "12:30"),
        ("description", "set PASSWORD=foo before"),
    ],
)
def test_what_only_stands_for_a_secret_is_none(key: str, value: Any) -> None:
    assert found(key, value) == []


LEAKY = f"""\
default: {{params: {{db_password: hunter2hunter2}}}}
orders:
  params: {{api_token: 'to''ken-42-x', note: ok, pin_secret: ab}}
  tasks:
    a:
      operator: {BASH}
      bash_command: echo
      retries: &p "esc\\u0061ped-s3cret"
      password: *p
      env: [{{secret_key: in-a-l1st}}, 1]
      append_env: postgres://shop:pw-in-url@db  # pipelines: ignore=P103
      cwd: {{SHOP_PASSWORD: multi-
          line-t0ken}}
    b: {{operator: {BASH}, bash_command: "X_TOKEN=silenced-t0ken x", retires: 3}}  # pipelines: ignore=P721
"""
SECRETS = ["hunter2hunter2", "to''ken-42-x", "to'ken-42-x", "escaped-s3cret", "esc\\u0061ped", "in-a-l1st", "pw-in-url",
           "multi-", "line-t0ken", "silenced-t0ken"]  # fmt: skip


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "junit"])
def test_no_format_shows_a_secret_not_even_in_what_another_rule_says(form: str, tmp_path: Path) -> None:
    path = tmp_path / "leaky.yaml"
    path.write_text(LEAKY)
    out = io.StringIO()
    main(["check", "--format", form, str(path)], out)
    printed = out.getvalue()
    assert "P721" in printed
    assert "P103" in printed
    assert "P101" in printed
    assert [secret for secret in SECRETS if secret in printed] == []


def test_what_is_hidden_keeps_its_width_so_that_carets_stay_right(tmp_path: Path) -> None:
    path = tmp_path / "leaky.yaml"
    path.write_text(LEAKY)
    hidden = check_file(path).text
    assert [len(line) for line in hidden.split("\n")] == [len(line) for line in LEAKY.split("\n")]


def test_a_text_full_of_near_secrets_takes_no_time() -> None:
    texts = ["eyJ-" * 60_000, "://a:" * 50_000, "TOKEN=" * 40_000, "xox" * 80_000, "?sig=" * 50_000, "ghp_" * 60_000]
    for text in texts:
        source = parse_source(Path("x.yaml"), f"orders: {{params: {{command: '{text}'}}}}")
        (outline,) = iter_outlines(source.data, load_contract(), source.text)
        started = time.process_time()
        list(iter_secret_findings(outline, source.tree))
        assert time.process_time() - started < 5, text[:10]
