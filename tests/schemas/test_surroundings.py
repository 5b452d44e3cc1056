"""The files around a pipeline file: which count, what a check depends on, and that it is told in the right file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from schemas.checker import CheckedFile, Report, Scope, check_file, check_files, iter_pipeline_files, iter_yaml_files
from schemas.formats import FORMATS
from schemas.formats.display import Display
from schemas.surroundings import Kind, Surroundings

EMPTY = "airflow.providers.standard.operators.empty.EmptyOperator"
ORDERS = f"orders:\n  tasks:\n    a: {{operator: {EMPTY}}}\n"
EVERYTHING = Scope(every_environment=True)


def write(folder: Path, **texts: str) -> Path:
    """Write files; two underscores in a name stand for a folder."""
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def check(folder: Path, *names: str, scope: Scope = EVERYTHING) -> list[str]:
    paths = [folder / name for name in names] or list(iter_yaml_files(folder))
    return [str(diagnostic) for diagnostic in check_files(paths, relative_to=folder, scope=scope).diagnostics]


def catchup_of(path: Path) -> object:
    (pipeline,) = check_file(path).pipelines
    return pipeline.config.get("catchup")


class TestWhichFolders:
    """From the folder of the DAGs down to that of the file."""

    def test_without_a_mark_only_the_folder_of_the_file(self, tmp_path: Path) -> None:
        write(tmp_path, defaults="catchup: true", dags__orders=ORDERS)
        assert catchup_of(tmp_path / "dags" / "orders.yaml") is None

    def test_from_the_topmost_folder_with_an_airflowignore(self, tmp_path: Path) -> None:
        write(tmp_path, defaults="catchup: true", dags__defaults="{}", dags__team__orders=ORDERS)
        for name in ("dags/team/.airflowignore", "dags/.airflowignore"):
            (tmp_path / name).touch()
        assert catchup_of(tmp_path / "dags" / "team" / "orders.yaml") is None
        write(tmp_path, dags__defaults="catchup: false")
        assert catchup_of(tmp_path / "dags" / "team" / "orders.yaml") is False

    def test_else_from_the_folder_in_the_repository(self, tmp_path: Path) -> None:
        """What lies beside it may be of other programs: Helm has templates/, Terraform environments/."""
        (tmp_path / ".git").mkdir()
        write(tmp_path, defaults="catchup: true", dags__defaults="catchup: false", dags__team__orders=ORDERS)
        assert catchup_of(tmp_path / "dags" / "team" / "orders.yaml") is False

    def test_pipelines_in_the_repository_itself_take_what_lies_there(self, tmp_path: Path) -> None:
        (tmp_path / ".git").write_text("gitdir: elsewhere")
        assert catchup_of(write(tmp_path, defaults="catchup: true", orders=ORDERS) / "orders.yaml") is True

    def test_a_folder_of_dags_may_be_called_templates(self, tmp_path: Path) -> None:
        folder = write(tmp_path / "templates", orders=ORDERS)
        (folder / ".airflowignore").touch()
        assert [p.dag_id for p in check_files(iter_pipeline_files(folder)).pipelines] == ["orders"]

    def test_the_nearest_template_of_a_name_counts(self, tmp_path: Path) -> None:
        (tmp_path / ".airflowignore").touch()
        for folder, flag in (("", "true"), ("team__", "false")):
            text = f"pipeline:\n  catchup: {flag}\n  tasks: {{a: {{operator: {EMPTY}}}}}\n"
            write(tmp_path, **{f"{folder}templates__t": text, f"{folder}made": "made: {template: t}\n"})
        assert catchup_of(tmp_path / "made.yaml") is True
        assert catchup_of(tmp_path / "team" / "made.yaml") is False


def test_files_are_told_by_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / ".airflowignore").touch()
    names = ["orders.yaml", "defaults.yml", "team/defaults.yaml", "environments/prod.yaml", "templates/a.yml",
             "environments/defaults.yaml", "team/templates/defaults.yaml", "templates/old/b.yaml"]  # fmt: skip
    kinds = [Surroundings().kind_of(tmp_path / name) for name in names]
    assert kinds == [None, Kind.DEFAULTS, Kind.DEFAULTS, Kind.ENVIRONMENT, Kind.TEMPLATE,
                     Kind.ENVIRONMENT, Kind.TEMPLATE, Kind.TEMPLATE]  # fmt: skip


class TestWhatACheckDependsOn:
    """What is kept of a check must be done anew when one of these files changes, appears or goes."""

    def names(self, checked: CheckedFile, folder: Path) -> list[str]:
        return [path.relative_to(folder).as_posix() for path in checked.depends_on]

    def test_defaults_also_where_there_are_none_yet(self, tmp_path: Path) -> None:
        (tmp_path / ".airflowignore").touch()
        folder = write(tmp_path, defaults="{}", team__orders=ORDERS)
        assert self.names(check_file(folder / "team" / "orders.yaml"), folder) == [
            "team/defaults.yaml",
            "team/defaults.yml",
            "defaults.yaml",
            "defaults.yml",
        ]

    def test_the_chosen_environment_and_the_templates(self, tmp_path: Path) -> None:
        folder = write(tmp_path, environments__prod="{}", made="made: {template: none}\n")
        checked = check_file(folder / "made.yaml", scope=Scope("prod"))
        assert self.names(checked, folder)[2:] == [
            "environments/prod.yaml",
            "environments/prod.yml",
            "templates/none.yaml",
            "templates/none.yml",
        ]


class TestWhereItIsSaid:
    """A mistake is told in the file that has it, once."""

    def test_in_every_format(self, tmp_path: Path) -> None:
        folder = write(tmp_path, defaults="default_args: {retrys: 1}\n", one=ORDERS, two=ORDERS.replace("orders", "x"))
        report = check_files(iter_yaml_files(folder), relative_to=folder, scope=EVERYTHING)
        printed = {name: render(report, Display()) for name, render in FORMATS.items()}
        assert printed["text"].splitlines()[0].startswith("defaults.yaml:1:16: P101 ")
        assert printed["text"].splitlines()[2] == "  1 | default_args: {retrys: 1}"
        (diagnostic,) = json.loads(printed["json"])["diagnostics"]
        assert (diagnostic["path"], diagnostic["line"]) == ("defaults.yaml", 1)
        (result,) = json.loads(printed["sarif"])["runs"][0]["results"]
        location = result["locations"][0]["physicalLocation"]
        assert (location["artifactLocation"]["uri"], location["region"]["startColumn"]) == ("defaults.yaml", 16)
        assert printed["github"].startswith("::error file=defaults.yaml,line=1,endLine=1,col=16,")
        assert printed["junit"].count("<failure") == printed["junit"].count('name="defaults.yaml"') == 1

    def test_also_when_only_a_pipeline_is_checked(self, tmp_path: Path) -> None:
        folder = write(tmp_path, defaults="default_args: {retrys: 1}\n", one=ORDERS)
        report = check_files([folder / "one.yaml"], relative_to=folder)
        assert [d.path for d in report.diagnostics] == ["defaults.yaml"]
        assert report.pipelines == ()
        junit = FORMATS["junit"](report, Display())
        assert '<testcase classname="pipelines" name="defaults.yaml"' in junit
        assert "retrys: 1" in junit

    def test_a_secret_in_another_file_is_shown_nowhere(self, tmp_path: Path) -> None:
        secret = "".join(["hunter", "2", "hunter", "2"])
        folder = write(
            tmp_path,
            defaults=f"default_args: {{owner: 'https://me:{secret}@x', retries: https://me:{secret}@x}}\n",
            one=ORDERS,
        )
        for paths in (list(iter_yaml_files(folder)), [folder / "one.yaml"]):
            report = check_files(paths, relative_to=folder, scope=EVERYTHING)
            assert {d.code for d in report.diagnostics} == {"P103", "P720"}
            for render in FORMATS.values():
                assert secret not in render(report, Display(color=True, summary=True))
            assert secret not in json.dumps([dict(report.texts), [d.to_json() for d in report.diagnostics]])

    def test_a_value_that_a_template_makes_a_secret_of_is_hidden_where_it_is_written(self, tmp_path: Path) -> None:
        secret = "correct-horse-battery"
        folder = write(
            tmp_path,
            templates__t=f"""\
parameters: {{word: {{type: string}}}}
pipeline:
  tasks: {{a: {{operator: {EMPTY}, retries: "https://me:${{{{ parameters.word }}}}@x"}}}}
""",
            made=f"made: {{template: t, parameters: {{word: {secret}}}}}\n",
        )
        report = check_files(iter_yaml_files(folder), relative_to=folder)
        assert [(d.path, d.code) for d in report.diagnostics] == [
            ("made.yaml", "P720"),
            ("templates/t.yaml", "P103"),
            ("templates/t.yaml", "P720"),
        ]
        assert secret not in FORMATS["text"](report, Display())


class TestWhatIsChecked:
    """``pipelines check`` of a folder, of one file, of a file that is no pipeline."""

    def test_with_a_template_its_instances_are_checked(self, tmp_path: Path) -> None:
        text = f"pipeline:\n  tasks:\n    a: {{dependencies: [b], operator: {EMPTY}}}\n"
        folder = write(tmp_path, templates__t=text, made="made: {template: t}\n", other=ORDERS.replace("tasks", "task"))
        lines = check(folder, "templates/t.yaml")
        assert [line.partition(" ")[0] for line in lines] == ["other.yaml:2:3:", "templates/t.yaml:3:24:"]

    def test_an_environment_alone_is_not_said_to_name_pipelines_that_are_elsewhere(self, tmp_path: Path) -> None:
        folder = write(tmp_path, environments__prod="orders: {catchup: true}\n", orders=ORDERS)
        assert check(folder, "environments/prod.yaml") == []

    def test_every_environment_is_checked_unless_one_is_chosen(self, tmp_path: Path) -> None:
        folder = write(
            tmp_path,
            environments__prod="orders: {catchup: 1}\n",
            environments__dev="orders: {catchup: 2}\n",
            orders=ORDERS,
        )
        assert [line.partition(":")[0] for line in check(folder)] == ["environments/dev.yaml", "environments/prod.yaml"]
        assert [line.partition(":")[0] for line in check(folder, scope=Scope("dev"))] == ["environments/dev.yaml"]

    def test_what_an_environment_leaves_as_it_is_is_said_once_and_without_it(self, tmp_path: Path) -> None:
        folder = write(
            tmp_path, environments__prod="default: {catchup: true}\n", orders=ORDERS.replace("Empty", "Emty")
        )
        report = check_files(iter_yaml_files(folder), scope=EVERYTHING)
        (diagnostic,) = report.diagnostics
        assert "environment" not in diagnostic.hint

    def test_each_environment_may_have_as_many_values_as_a_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        text = f"pipeline: {{tasks: {{a: {{operator: {EMPTY}}}}}}}\n"
        folder = write(tmp_path, templates__t=text, made="one: {template: t}\ntwo: {template: t}\n")
        for name in ("dev", "test", "prod"):
            write(folder, **{f"environments__{name}": "default: {catchup: true}\n"})
        values = 2 * 4  # each pipeline, its tasks, the task, and its operator
        monkeypatch.setattr("schemas.instances.MAX_PUT_IN", values)
        assert check(folder) == []
        monkeypatch.setattr("schemas.instances.MAX_PUT_IN", values - 1)
        assert [line.partition(" pipelines")[0] for line in check(folder)] == ["made.yaml:2:1: P817 the"]

    def test_what_an_unreadable_file_declares_is_not_missed(self, tmp_path: Path) -> None:
        folder = write(tmp_path, environments__prod="orders: {catchup: true}\n", orders="orders: [\n")
        assert [line.partition(": ")[2][:4] for line in check(folder)] == ["P003"]

    def test_a_comment_silences_a_rule_in_the_file_that_has_the_place(self, tmp_path: Path) -> None:
        asks = "operator: airflow.providers.ssh.operators.ssh.SSHOperator"
        text = f"pipeline:\n  tasks:\n    a: {{{asks}}}  # pipelines: ignore=P403\n"
        folder = write(tmp_path, templates__t=text, made="made: {template: t}\nmore: {template: t}\n")
        assert check(folder) == check(folder, "made.yaml") == []
        # the other file has no comment in this line
        assert check(write(folder, made=f"{ORDERS}    b: {{{asks}}}\n"), "made.yaml") != []


@pytest.mark.parametrize("scope", [Scope(), Scope("prod"), EVERYTHING, Scope(dag_id="orders")], ids=str)
def test_without_other_files_nothing_is_different(tmp_path: Path, scope: Scope) -> None:
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments" / "prod.yaml").touch()
    path = tmp_path / "orders.yaml"
    path.write_text(ORDERS)
    checked = check_file(path, scope=scope)
    assert (checked.diagnostics, [p.dag_id for p in checked.pipelines]) == ((), ["orders"])
    assert Report((checked,)).texts == {str(path): ORDERS}
