"""Whatever happens to the files, a load with a cache gives what a load without one gives."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from pipelines.load import file_states
from pipelines.load.spec_cache import SpecCache, cache_file
from pipelines.loader import InvalidPipelineError, load, raise_problems
from schemas.checker import check_files, iter_pipeline_files
from tests.pipelines.load.conftest import BASH, text_of

pytestmark = pytest.mark.airflow

NAMES = ["a.yaml", "b.yaml", "c.yml", "sub/d.yaml"]
PYTHON = "airflow.providers.nowhere.PythonOperator"
# of the same length where they can be, so that only the content tells them apart
TEXTS = [
    text_of("one", "aaa"),
    text_of("one", "bbb"),
    text_of("two", "aaa"),
    text_of("one", "aaa") + text_of("two", "bbb"),
    text_of("one", "aaa").replace("tasks", "taskz"),
    text_of("one").replace(BASH, PYTHON),
    "{"
    + text_of("two").replace("\n", " ").replace("tasks: ", "tasks: {").rstrip().replace(": tasks", ": {tasks")
    + "}}}",
    "one: [\n",
    "",
]
DEFAULTS = ["default_args: {retries: 3}", "default_args: {retries: 4}", "default_args: {retrys: 5}", "["]
FILES = st.sampled_from(NAMES)


def commands(dags: dict[str, Any]) -> dict[str, tuple[str, int]]:
    """What the file says of each DAG, and what the defaults say."""
    return {dag_id: (dag.get_task("a").bash_command, dag.get_task("a").retries) for dag_id, dag in dags.items()}


class Folder(RuleBasedStateMachine):
    """Files are written, moved, touched and removed in any order, with loads of every kind between."""

    @initialize(rests=st.booleans())
    def make(self, rests: bool) -> None:
        self.root = Path(tempfile.mkdtemp())
        self.folder = self.root / "pipelines"
        (self.folder / "sub").mkdir(parents=True)
        (self.folder / ".airflowignore").touch()
        self.rests = rests
        self.moved = False
        # a tick of the clock is enough where each change is a tick away from the load before
        file_states.SETTLED_AFTER = 0.001 if rests else 10.0

    def teardown(self) -> None:
        file_states.SETTLED_AFTER = 10.0
        cache_file(self.folder).unlink(missing_ok=True)
        shutil.rmtree(self.root)

    def change(self) -> None:
        self.moved = True
        if self.rests:
            time.sleep(0.012)

    @rule(name=FILES, text=st.sampled_from(TEXTS))
    def write(self, name: str, text: str) -> None:
        self.change()
        (self.folder / name).write_text(text)

    @rule(name=FILES, text=st.sampled_from(TEXTS))
    def replace_and_put_the_time_back(self, name: str, text: str) -> None:
        self.change()
        path = self.folder / name
        if path.exists():
            times = path.stat().st_atime_ns, path.stat().st_mtime_ns
            other = self.root / "new"
            other.write_text(text)
            os.utime(other, ns=times)
            other.replace(path)

    @rule(place=st.sampled_from([".", "sub"]), text=st.sampled_from(DEFAULTS))
    def write_defaults(self, place: str, text: str) -> None:
        self.change()
        (self.folder / place / "defaults.yaml").write_text(text)

    @rule(place=st.sampled_from([".", "sub"]))
    def remove_defaults(self, place: str) -> None:
        self.change()
        (self.folder / place / "defaults.yaml").unlink(missing_ok=True)

    @rule(name=FILES)
    def touch(self, name: str) -> None:
        self.change()
        if (self.folder / name).exists():
            (self.folder / name).touch()

    @rule(name=FILES)
    def remove(self, name: str) -> None:
        self.change()
        (self.folder / name).unlink(missing_ok=True)

    @rule(name=FILES, other=FILES)
    def swap(self, name: str, other: str) -> None:
        self.change()
        path, target = self.folder / name, self.folder / other
        if path.exists():
            path.rename(self.root / "moving")
            if target.exists():
                target.rename(path)
            (self.root / "moving").rename(target)

    @rule()
    def load_all(self) -> None:
        loaded = load(self.folder)
        dags, errors = self.truth()
        assert commands(loaded.dags) == dags
        assert [str(diagnostic) for diagnostic in loaded.diagnostics] == errors
        self.moved = False

    @rule(dag_id=st.sampled_from(["one", "two", "three"]))
    def load_one(self, dag_id: str) -> None:
        dags, _ = self.truth()
        right = [{k: v for k, v in dags.items() if k == dag_id}]
        # of a DAG defined twice, a task goes by the file that was parsed before the other one came
        if self.moved:
            right += self.definitions(dag_id)
        assert commands(load(self.folder, dag_id=dag_id).dags) in right

    @rule(number=st.integers(2, 3))
    def load_shares(self, number: int) -> None:
        loaders = [self.folder / name for name in ("dags.py", "dags_2.py", "dags_3.py")[:number]]
        for loader in loaders:
            loader.touch()
        shares = [commands(load(self.folder, loader=loader).dags) for loader in loaders]
        for loader in loaders:
            loader.unlink()
        dags, _ = self.truth()
        assert {dag_id: command for share in shares for dag_id, command in share.items()} == dags
        assert all(share.items() <= dags.items() for share in shares)

    @rule()
    def find_problems(self) -> None:
        _, errors = self.truth()
        if not errors:
            raise_problems(self.folder)
            return
        with pytest.raises(InvalidPipelineError) as caught:
            raise_problems(self.folder)
        assert [str(diagnostic) for diagnostic in caught.value.diagnostics] == errors

    def definitions(self, dag_id: str) -> list[dict[str, tuple[str, int]]]:
        """What each file makes of a DAG, as if it were the only file."""
        found = []
        for path in iter_pipeline_files(self.folder):
            for pipeline in check_files([path], relative_to=self.root).pipelines:
                if pipeline.dag_id == dag_id:
                    config = pipeline.tasks[0].config
                    built = {dag_id: (config["bash_command"], _retries(pipeline.config))}
                    found.append(built if config["operator"] != PYTHON else {})
        return found

    def truth(self) -> tuple[dict[str, tuple[str, int]], list[str]]:
        """Check everything anew."""
        report = check_files(iter_pipeline_files(self.folder), relative_to=self.root)
        errors = [str(d) for d in report.diagnostics if d.severity == "error"]
        good = [p for p in report.pipelines if p.tasks[0].config["operator"] != PYTHON]
        for pipeline in (p for p in report.pipelines if p not in good):
            shown = pipeline.path.relative_to(self.root).as_posix()
            place = pipeline.tasks[0].place
            errors.append(
                f'{shown}:{place.line}:{place.column}: P900 pipeline "{pipeline.dag_id}" cannot be built: task "a": '
                "ModuleNotFoundError: No module named 'airflow.providers.nowhere' [cannot-be-built]"
            )
        dags = {p.dag_id: (p.tasks[0].config["bash_command"], _retries(p.config)) for p in good}
        return dags, sorted(errors)


def _retries(config: Any) -> int:
    return int(config.get("default_args", {}).get("retries", 0))


Folder.TestCase.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
test_a_load_with_a_cache_gives_what_one_without_gives = pytest.mark.filterwarnings("default")(Folder.TestCase)


def test_the_truth_is_that_of_a_load_without_a_cache(tmp_path: Path) -> None:
    """So that what is compared with is not only a check, but a build as well."""
    folder = tmp_path / "pipelines"
    folder.mkdir()
    (folder / "a.yaml").write_text(TEXTS[3])
    nowhere = SpecCache(tmp_path / "nowhere" / "cache", folder)
    assert nowhere.read([folder / "a.yaml"]) == {}
    assert commands(load(folder).dags) == {"one": ("aaa", 0), "two": ("bbb", 0)}
