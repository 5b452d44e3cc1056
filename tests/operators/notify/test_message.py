from __future__ import annotations

from operators.notify.message import build_message
from operators.report import Table

TASKS = Table("Tasks", ("task", "state"), (("train_model", "success"), ("evaluate_model", "failed")))


def test_the_text_has_facts_and_tables_in_columns() -> None:
    message = build_message("ml_pipeline", "failed", {"run": "r1", "model_version": 3}, [TASKS])

    assert message.subject == "ml_pipeline: failed"
    assert message.text == (
        "ml_pipeline: failed\n"
        "\n"
        "run            r1\n"
        "model version  3\n"
        "\n"
        "Tasks\n"
        "task            state\n"
        "--------------  -------\n"
        "train_model     success\n"
        "evaluate_model  failed\n"
    )


def test_the_html_escapes_what_comes_from_data() -> None:
    sly = "<script>alert(1)</script>"

    message = build_message(sly, "failed", {"run": sly}, [Table(sly, ("task", "state"), ((sly, sly),))])

    assert "<script" not in message.html
    assert message.html.count("&lt;script&gt;") == 6


def test_the_html_links_addresses_of_the_web_only() -> None:
    facts = {"link": "https://airflow.example.com/dags/d", "report": "file:///tmp/x", "sly": "javascript:alert(1)"}

    message = build_message("s", "success", facts, [])

    assert message.html.count("<a href=") == 1
    assert '<a href="https://airflow.example.com/dags/d">' in message.html


def test_an_empty_table_is_left_out() -> None:
    message = build_message("s", "success", {}, [Table("Nothing", ("a",), ())])

    assert "Nothing" not in message.text + message.html


def test_programs_get_the_facts_or_what_is_made_for_them() -> None:
    assert build_message("s", "success", {"run": "r1"}, []).facts == {"state": "success", "run": "r1"}
    assert build_message("s", "success", {"run": "r1"}, [], {"rows": 3}).facts == {"state": "success", "rows": 3}


def test_a_subject_is_one_line() -> None:
    assert build_message("two\nlines", "failed", {}, []).subject == "two lines: failed"
