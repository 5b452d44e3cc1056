"""`pipelines plan`: what changes of files come to in Airflow, against a git revision; no Airflow is needed for it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pipelines.commands.conftest import Run

ORDERS = """\
orders:
  schedule: "@daily"
  start_date: "2026-01-01"
  default_args: {owner: shop, retries: 2, execution_timeout: 30m}
  tasks:
    load: {operator: DownloadData, source: sample://wine}
    judge: {operator: ValidateData, dependencies: [load], data: load, rows: {min: 100}, duplicates: {fail: 1%}}
    split: {operator: PreprocessData, dependencies: [judge], data: judge, target: target}
"""
AFTER = ("--after", "2026-03-01T12:00")


def git(*arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True)
    return done.stdout


Edit = Callable[[str, str], None]


@pytest.fixture
def orders(folder: Path) -> Path:
    """A committed file with a pipeline."""
    path = folder / "orders.yaml"
    path.write_text(ORDERS)
    git("init", "--quiet", "--initial-branch", "main", ".")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    return path


def edit(path: Path, *pairs: tuple[str, str]) -> None:
    text = path.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def body(text: str) -> str:
    """Leave out the commit, which differs in each run."""
    return text.replace(git("rev-parse", "HEAD")[:10], "COMMIT")


def test_every_change_is_told_with_its_line(run: Run, orders: Path) -> None:
    edit(
        orders,
        ('"@daily"', '"0 6 * * 1-5"'),
        ("retries: 2", "retries: 3"),
        ("rows: {min: 100}", "rows: {min: 150}"),
        ("dependencies: [judge], data: judge", "dependencies: [judge, load], data: judge, drop: [hue]"),
    )
    done = run("plan", *AFTER)
    assert done.code == 0
    assert (
        body(done.out)
        == """\
plan against HEAD (COMMIT): 1 changed

~ orders is changed  pipelines/orders.yaml:1
    ~ schedule  @daily → 0 6 * * 1-5  \
(next run Mon 2026-03-02 06:00 UTC, was Mon 2026-03-02 00:00 UTC)  pipelines/orders.yaml:2
    ~ default_args.retries  2 → 3  (3 tasks)  pipelines/orders.yaml:4
    ~ task judge
        ~ rows.min  100 → 150  pipelines/orders.yaml:7
    ~ task split
        + drop  [hue]  pipelines/orders.yaml:8
    + edge load → split  pipelines/orders.yaml:8
"""
    )


REWRITTEN = """\
# the same pipeline, written by somebody else
default:
  default_args: {execution_timeout: 1800s, owner: shop}
orders:
  start_date: "2026-01-01T00:00:00+00:00"   # midnight
  schedule: '@daily'
  default_args: {retries: 2}
  tasks:
    - {task_id: split, target: target, data: judge, operator: PreprocessData, dependencies: [judge]}
    - {task_id: load, operator: DownloadData, source: "sample://wine", trigger_rule: all_success}
    - task_id: judge
      operator: ValidateData
      dependencies: ["load"]
      data: load
      on_bad_rows: quarantine
      rows:
        min: 100
      duplicates: {fail: 1%}
"""


def test_what_is_only_written_differently_is_no_change(run: Run, orders: Path) -> None:
    orders.write_text(REWRITTEN)
    assert run("check").code == 0
    assert (
        body(run("plan").out)
        == """\
plan against HEAD (COMMIT): no change in Airflow

= orders: no change in Airflow  pipelines/orders.yaml:4
"""
    )
    assert run("plan", "--exit-code").code == 0


def test_nothing_is_said_of_what_was_not_touched(run: Run, orders: Path) -> None:
    assert body(run("plan").out) == "plan against HEAD (COMMIT): no change in Airflow\n"


def test_a_text_that_an_operator_reads_itself_gives_a_new_version_to_the_same_effect(run: Run, orders: Path) -> None:
    edit(orders, ("1%", "0.01"))
    done = run("plan", "--exit-code")
    assert done.code == 0
    assert (
        body(done.out)
        == """\
plan against HEAD (COMMIT): no change in Airflow; 1 written differently, to the same effect

≈ orders: written differently, to the same effect; Airflow keeps a new version  pipelines/orders.yaml:1
    ~ task judge
        ≈ duplicates.fail  1% → 0.01  (the same)  pipelines/orders.yaml:7
"""
    )


def test_what_the_docs_of_the_dag_quote_gives_a_new_version_to_the_same_effect(run: Run, orders: Path) -> None:
    edit(orders, ('"@daily"', '"0 0 * * *"'))
    assert "≈ schedule  @daily → 0 0 * * *  (the same)  pipelines/orders.yaml:2" in run("plan").out
    orders.write_text(ORDERS)
    orders.rename(orders.with_name("sales.yaml"))
    assert (
        body(run("plan").out)
        == """\
plan against HEAD (COMMIT): no change in Airflow; 1 written differently, to the same effect

≈ orders: written differently, to the same effect; Airflow keeps a new version  pipelines/sales.yaml:1
    ≈ file  pipelines/orders.yaml → pipelines/sales.yaml  (the same)
"""
    )


def test_pipelines_come_go_and_get_new_names(run: Run, orders: Path) -> None:
    other = orders.with_name("other.yaml")
    other.write_text("bills:\n  tasks: {load: {operator: DownloadData, source: sample://iris}}\n")
    git("add", ".")
    git("commit", "--quiet", "--message", "second")
    edit(orders, ("orders:", "sales:"), ("retries: 2", "retries: 1"))
    other.unlink()
    text = (
        'wine:\n  schedule: "@weekly"\n  start_date: "2026-01-01"\n  default_args: {owner: a, execution_timeout: 1h}\n'
    )
    (orders.parent / "wine.yaml").write_text(text + "  tasks: {get: {operator: DownloadData, source: sample://wine}}\n")
    assert (
        body(run("plan", *AFTER).out)
        == """\
plan against HEAD (COMMIT): 1 added, 1 removed, 1 renamed

~ orders is renamed to sales: a new pipeline to Airflow, the runs stay with the old id  pipelines/orders.yaml:1
    ~ default_args.retries  2 → 1  (3 tasks)  pipelines/orders.yaml:4

+ wine is added  pipelines/wine.yaml:1
    1 task, schedule @weekly, next run Sun 2026-03-08 00:00 UTC

- bills is removed  pipelines/other.yaml:1
    1 task, schedule none
"""
    )


def test_tasks_come_go_and_get_new_names(run: Run, orders: Path) -> None:
    edit(
        orders,
        ("judge:", "check:"),
        ("[judge], data: judge", "[check], data: check"),
        ("    load:", "    wait: {operator: airflow.providers.standard.operators.empty.EmptyOperator}\n    load:"),
    )
    assert (
        body(run("plan").out).partition("\n\n")[2]
        == """\
~ orders is changed  pipelines/orders.yaml:1
    ~ task judge  → check  pipelines/orders.yaml:8
    + task wait  airflow.providers.standard.operators.empty.EmptyOperator  pipelines/orders.yaml:6
"""
    )


def test_a_file_that_breaks_takes_its_pipelines_out_of_airflow(run: Run, orders: Path) -> None:
    edit(orders, ("retries", "retrys"))
    done = run("plan", "--exit-code")
    assert done.code == 1
    assert (
        body(done.out)
        == """\
plan against HEAD (COMMIT): 1 broken

! orders leaves Airflow: 1 error, see `pipelines check`  pipelines/orders.yaml:1
"""
    )
    orders.write_text("orders: {")
    assert "! orders leaves Airflow: 1 error" in run("plan").out


def test_a_file_that_is_repaired_brings_its_pipelines_to_airflow(run: Run, orders: Path) -> None:
    for broken in (ORDERS.replace("retries", "retrys"), "orders: {"):
        orders.write_text(broken)
        git("commit", "--quiet", "--all", "--message", "broken")
        orders.write_text(ORDERS)
        assert "+ orders is repaired and comes to Airflow  pipelines/orders.yaml:1\n    3 tasks" in run("plan").out


def test_what_is_broken_on_both_sides_is_said_and_is_no_change(run: Run, orders: Path) -> None:
    edit(orders, ("retries", "retrys"))
    git("commit", "--quiet", "--all", "--message", "broken")
    done = run("plan", "--exit-code")
    assert done.code == 0
    assert "! orders is not in Airflow, before or after: 1 error" in done.out


def test_a_secret_is_told_of_and_not_shown(run: Run, orders: Path) -> None:
    # pipelines: ignore=P721 silences the rule, and not the mask
    def with_token(token: str) -> str:
        bash = "airflow.providers.standard.operators.bash.BashOperator"
        lines = f"    ask:\n      operator: {bash}\n      bash_command: x\n      # pipelines: ignore=P721 a test\n"
        return f"{ORDERS}{lines}      env: {{TOKEN: {token}}}\n"

    orders.write_text(with_token("hunter2hunter2"))
    git("commit", "--quiet", "--all", "--message", "token")
    orders.write_text(with_token("other3other3"))
    for form in ("text", "json", "markdown"):
        done = run("plan", "--format", form)
        assert "hunter2" not in done.out
        assert "other3" not in done.out
    assert "env.TOKEN  *** → ***  (another value, which is not shown)" in run("plan").out


def test_json_has_all_of_it(run: Run, orders: Path) -> None:
    edit(orders, ("min: 100", "min: 150"))
    document = run("plan", "--json", *AFTER).document
    assert (document["version"], document["against"], document["changed"], document["unchanged"]) == (
        1,
        "HEAD",
        True,
        0,
    )
    assert document["commit"] == git("rev-parse", "HEAD").strip()
    (pipeline,) = document["pipelines"]
    assert (pipeline["dag_id"], pipeline["status"]) == ("orders", "changed")
    assert pipeline["after"]["next_run"] == "2026-03-02T00:00:00+00:00"
    assert pipeline["changes"] == [
        {
            "kind": "changed",
            "task": "judge",
            "what": "rows.min",
            "before": "100",
            "after": "150",
            "before_at": {"file": "pipelines/orders.yaml", "line": 7},
            "after_at": {"file": "pipelines/orders.yaml", "line": 7},
            "note": "",
        }
    ]


def test_markdown_for_a_review(run: Run, orders: Path) -> None:
    edit(orders, ("min: 100", "min: 150"), ("shop", "'@team `x` <b> *a*'"))
    assert (
        body(run("plan", "--format", "markdown").out)
        == """\
**pipelines plan** against HEAD (COMMIT): 1 changed

- `~` **orders is changed** `pipelines/orders.yaml:1`
  - `~` default\\_args.owner `shop` → `` @team `x` <b> *a* `` (3 tasks) `pipelines/orders.yaml:4`
  - `~` judge: rows.min `100` → `150` `pipelines/orders.yaml:7`
"""
    )


def test_markdown_is_never_longer_than_a_comment_may_be(run: Run, orders: Path) -> None:
    for number in range(900):
        lines = "".join(f"    task_{n}: {{operator: DownloadData, source: sample://wine}}\n" for n in range(3))
        (orders.parent / f"more_{number}.yaml").write_text(f"pipeline_{number}:\n  tasks:\n{lines}")
    text = run("plan", "--format", "markdown").out
    assert 60_000 < len(text) <= 65_536
    left = text.splitlines()[-1]
    assert left.startswith("… and ")
    assert left.endswith(" more lines; `pipelines plan` shows them.")


def test_exit_code_tells_of_changes_only_if_asked(run: Run, orders: Path) -> None:
    edit(orders, ("retries: 2", "retries: 3"))
    assert (run("plan").code, run("plan", "--exit-code").code) == (0, 1)


def test_against_a_branch_and_an_older_commit(run: Run, orders: Path) -> None:
    edit(orders, ("retries: 2", "retries: 3"))
    git("commit", "--quiet", "--all", "--message", "second")
    assert "no change" in run("plan").out
    assert "default_args.retries  2 → 3" in run("plan", "--against", "HEAD~1").out
    git("checkout", "--quiet", "-b", "topic", "HEAD~1")
    assert "default_args.retries  3 → 2" in run("plan", "--against", "main").out


def test_the_checkout_and_the_index_stay_as_they_are(run: Run, orders: Path) -> None:
    edit(orders, ("retries: 2", "retries: 3"))
    git("add", ".")
    edit(orders, ("retries: 3", "retries: 4"))
    before = git("status", "--porcelain"), git("diff"), git("stash", "list"), git("worktree", "list")
    assert "2 → 4" in run("plan").out
    assert (git("status", "--porcelain"), git("diff"), git("stash", "list"), git("worktree", "list")) == before


def test_from_a_folder_below_the_root(run: Run, orders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(orders, ("retries: 2", "retries: 3"))
    monkeypatch.chdir(orders.parent)
    assert "default_args.retries  2 → 3  (3 tasks)  orders.yaml:4" in run("plan", ".").out
    assert "default_args.retries  2 → 3  (3 tasks)  orders.yaml:4" in run("plan", "orders.yaml").out


def test_a_folder_that_is_gone_or_new_is_empty_on_the_other_side(run: Run, orders: Path) -> None:
    other = orders.parent.parent / "other"
    other.mkdir()
    orders.rename(other / "orders.yaml")
    text = run("plan", "pipelines", "other").out
    assert "no change in Airflow" in text
    assert "- orders is removed" in run("plan", "pipelines/orders.yaml").out
    assert "+ orders is added" in run("plan", "other").out


def test_names_of_files_with_any_characters(run: Run, orders: Path) -> None:
    name = "ü 'quoted' \"x\".yaml"
    orders.rename(orders.with_name(name))
    git("add", "--all")
    git("commit", "--quiet", "--message", "renamed")
    edit(orders.with_name(name), ("retries: 2", "retries: 3"))
    assert f"pipelines/{name}:4" in run("plan").out


def test_a_link_out_of_the_repository_is_not_followed_in_a_revision(
    run: Run, orders: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "other.yaml"
    outside.write_text("other:\n  tasks: {load: {operator: DownloadData, source: sample://iris}}\n")
    for name, aim in (("link.yaml", outside), ("inside.yaml", "z.yaml")):
        orders.with_name(name).symlink_to(aim)
    orders.rename(orders.with_name("z.yaml"))
    git("add", "--all")
    git("commit", "--quiet", "--message", "links")
    orders.with_name("link.yaml").unlink()
    assert run("plan", "--json").document["pipelines"] == []
    orders.with_name("inside.yaml").unlink()
    (moved,) = run("plan", "--json").document["pipelines"]
    assert (moved["before"]["file"], moved["after"]["file"]) == ("pipelines/inside.yaml", "pipelines/z.yaml")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--against", "nowhere"], 'there is no revision "nowhere" in this repository'),
        (["--against=--help"], 'there is no revision "--help" in this repository'),
        (["nothing.yaml"], "nothing.yaml: no such file or folder, neither here nor in HEAD"),
        (["/etc"], "/etc is not in the repository"),
        (["--after", "soon"], '--after: "soon" is not a moment; write 2026-03-01 or 2026-03-01T06:00'),
    ],
)
def test_bad_usage_is_one_line(
    run: Run, orders: Path, capsys: pytest.CaptureFixture[str], argv: list[str], message: str
) -> None:
    assert run("plan", *argv).code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"pipelines: {message}")
    assert error.count("\n") == 1


def test_without_a_repository(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "orders.yaml").write_text(ORDERS)
    assert run("plan").code == 2
    assert "is not in a git repository" in capsys.readouterr().err


def test_a_new_repository_without_commits(run: Run, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "orders.yaml").write_text(ORDERS)
    git("init", "--quiet", ".")
    assert run("plan").code == 2
    assert 'there is no revision "HEAD"' in capsys.readouterr().err


def test_nothing_is_left_in_the_temporary_folder(
    run: Run, orders: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    run("plan")
    assert list((tmp_path / "temporary").iterdir()) == []


TEMPLATE = """\
parameters:
  table: {type: string, description: where the table is}
  rows: {type: integer, default: 100, description: how many there must be}
pipeline:
  tasks:
    load: {operator: DownloadData, source: "sample://${{ parameters.table }}"}
    judge: {operator: ValidateData, dependencies: [load], data: load, rows: {min: "${{ parameters.rows }}"}}
"""


@pytest.fixture
def layered(orders: Path) -> Path:
    """Two pipelines of a template, with defaults and an environment."""
    folder = orders.parent
    orders.unlink()
    (folder / ".airflowignore").touch()
    (folder / "defaults.yaml").write_text("default_args: {owner: shop, retries: 2, execution_timeout: 30m}\n")
    (folder / "environments").mkdir()
    (folder / "environments" / "prod.yaml").write_text("red:\n  tasks:\n    judge: {rows: {max: 5000}}\n")
    (folder / "templates").mkdir()
    (folder / "templates" / "train.yaml").write_text(TEMPLATE)
    (folder / "wines.yaml").write_text(
        "red:\n  template: train\n  parameters: {table: wine}\n"
        "white:\n  template: train\n  parameters:\n    table: wine\n    rows: 150\n"
    )
    git("add", "--all")
    git("commit", "--quiet", "--message", "layers")
    return folder


def changed_lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.startswith("    ")]


def test_a_change_of_the_defaults_is_told_for_every_pipeline_that_takes_it(run: Run, layered: Path) -> None:
    edit(layered / "defaults.yaml", ("retries: 2", "retries: 3"))
    text = run("plan").out
    assert "2 changed" in text
    assert changed_lines(text) == ["~ default_args.retries  2 → 3  (2 tasks)  pipelines/defaults.yaml:1"] * 2


def test_a_change_of_a_template_is_told_at_its_line(run: Run, layered: Path) -> None:
    edit(layered / "templates" / "train.yaml", ("data: load,", "data: load, duplicates: {fail: 1%},"))
    assert changed_lines(run("plan").out) == [
        "~ task judge",
        "+ duplicates  {fail: 1%}  pipelines/templates/train.yaml:7",
    ] * 2  # fmt: skip


def test_a_change_of_a_parameter_is_told_where_the_value_is_written(run: Run, layered: Path) -> None:
    edit(layered / "wines.yaml", ("rows: 150", "rows: 175"))
    text = run("plan").out
    assert changed_lines(text) == ["~ task judge", "~ rows.min  150 → 175  pipelines/wines.yaml:8"]


def test_a_change_of_an_environment_shows_in_that_environment_only(run: Run, layered: Path) -> None:
    edit(layered / "environments" / "prod.yaml", ("max: 5000", "max: 6000"))
    assert "no change in Airflow" in run("plan").out
    assert changed_lines(run("plan", "--environment", "prod").out) == [
        "~ task judge",
        "~ rows.max  5000 → 6000  pipelines/environments/prod.yaml:3",
    ]


def test_what_a_pipeline_takes_of_a_template_is_no_change_if_it_says_it_itself(run: Run, layered: Path) -> None:
    (layered / "wines.yaml").write_text(
        "red:\n  tasks:\n    judge: {operator: ValidateData, dependencies: [load], data: load, rows: {min: 100}}\n"
        "    load: {operator: DownloadData, source: sample://wine}\n"
        "white:\n  template: train\n  parameters: {table: wine, rows: 150}\n"
    )
    assert "no change in Airflow\n" in run("plan").out
