from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.io import attach
from fsspec.implementations.memory import MemoryFileSystem

from operators.artifacts import open_location
from operators.created_files import create_file
from operators.mistakes import DataMistakeError
from operators.model.registry import AliasMovedError, Registry, RegistryError


@pytest.fixture(params=["file", "memory"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A folder, and an object store that knows create-if-absent."""
    if request.param == "file":
        return f"file://{tmp_path}"
    attach("memory", fs=MemoryFileSystem())
    return f"memory://{tmp_path.name}"


@pytest.fixture
def registry(root: str) -> Registry:
    return Registry(root, "churn")


def deploy(registry: Registry, *models: bytes) -> None:
    for model in models:
        current = registry.alias("champion")
        version = registry.register(model, {})
        generation = current.generation if current else 0
        registry.move_alias("champion", version.version, expected_generation=generation, set_by={"run_id": "test"})


def test_a_new_registry_is_empty(registry: Registry) -> None:
    assert list(registry.iter_versions()) == []
    assert registry.alias("champion") is None
    assert registry.history("champion") == ()


def test_versions_count_up_and_keep_their_facts(registry: Registry) -> None:
    registry.register(b"first", {"estimator": "a"})
    second = registry.register(b"second", {"estimator": "b"})

    assert second.version == 2
    assert [version.version for version in registry.iter_versions()] == [2, 1]
    assert registry.version(1).facts == {"estimator": "a"}
    assert registry.read_model(registry.version(1)) == b"first"


def test_the_same_model_again_is_the_same_version(registry: Registry) -> None:
    first = registry.register(b"model", {"try": 1})
    registry.register(b"another", {})

    assert registry.register(b"model", {"try": 2}) == first


def test_a_writer_that_died_before_its_manifest_leaves_no_version(registry: Registry, root: str) -> None:
    create_file(open_location(f"{root}/registry/churn/versions/1/model.skops"), b"half")

    version = registry.register(b"whole", {})

    assert version.version == 2
    assert [v.version for v in registry.iter_versions()] == [2]


def test_an_altered_model_is_not_read(registry: Registry, root: str) -> None:
    version = registry.register(b"model", {})
    open_location(f"{root}/registry/churn/versions/1/model.skops").write_bytes(b"another")

    with pytest.raises(RegistryError, match="was altered: its sha256 is"):
        registry.read_model(version)


def test_a_version_that_does_not_exist_is_named(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="churn has no version 9"):
        registry.version(9)
    with pytest.raises(RegistryError, match="churn has no version 9"):
        registry.move_alias("champion", 9, expected_generation=0, set_by={})


def test_an_alias_moves_and_remembers(registry: Registry) -> None:
    deploy(registry, b"1", b"2", b"3")

    assert [(e.generation, e.version, e.previous_version) for e in registry.history("champion")] == [
        (1, 1, None),
        (2, 2, 1),
        (3, 3, 2),
    ]
    assert registry.alias("champion") == registry.history("champion")[-1]


def test_an_alias_that_moved_meanwhile_is_not_moved_again(registry: Registry) -> None:
    deploy(registry, b"1", b"2")

    with pytest.raises(AliasMovedError, match="expected generation 1, it is generation 2, version 2"):
        registry.move_alias("champion", 1, expected_generation=1, set_by={})

    assert registry.alias("champion").version == 2


def test_a_rollback_goes_one_version_back_each_time(registry: Registry) -> None:
    deploy(registry, b"1", b"2", b"3")

    first = registry.roll_back("champion", expected_generation=3, set_by={"person": "kim"})
    second = registry.roll_back("champion", expected_generation=4, set_by={"person": "kim"})

    assert [first.version, second.version] == [2, 1]
    assert [entry.reason for entry in registry.history("champion")] == ["deploy"] * 3 + ["rollback"] * 2
    with pytest.raises(RegistryError, match="has no version before this one"):
        registry.roll_back("champion", expected_generation=5, set_by={})


def test_aliases_are_independent(registry: Registry) -> None:
    deploy(registry, b"1", b"2")

    registry.move_alias("challenger", 1, expected_generation=0, set_by={})

    assert (registry.alias("champion").version, registry.alias("challenger").version) == (2, 1)


@pytest.mark.parametrize("name", ["", "../etc", "a/b", ".hidden", "a" * 251, "ü"])
def test_a_name_that_could_leave_the_registry_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataMistakeError, match="registered_model"):
        Registry(f"file://{tmp_path}", name)
    with pytest.raises(DataMistakeError, match="alias"):
        Registry(f"file://{tmp_path}", "churn").alias(name)


def test_an_empty_file_is_never_claimed(tmp_path: Path) -> None:
    """Object stores overwrite on an exclusive write of nothing."""
    with pytest.raises(ValueError, match="an empty file cannot be claimed"):
        create_file(open_location(f"file://{tmp_path}/claim"), b"")


def _register_and_deploy(root: str, worker: int, rounds: int, won: Any) -> None:
    registry = Registry(root, "churn")
    for number in range(rounds):
        version = registry.register(f"worker {worker} model {number}".encode(), {"worker": worker})
        while True:
            current = registry.alias("champion")
            try:
                entry = registry.move_alias(
                    "champion",
                    version.version,
                    expected_generation=current.generation if current else 0,
                    set_by={"worker": worker},
                )
            except AliasMovedError:
                continue
            won.append((entry.generation, entry.version))
            break


def _check_nothing_was_lost(registry: Registry, won: list[tuple[int, int]], expected: int) -> None:
    history = registry.history("champion")
    assert len(won) == len(history) == expected
    assert sorted(won) == [(entry.generation, entry.version) for entry in history]
    assert [entry.generation for entry in history] == list(range(1, expected + 1))
    assert [entry.previous_version for entry in history] == [None, *(entry.version for entry in history[:-1])]
    versions = list(registry.iter_versions())
    assert len({version.sha256 for version in versions}) == len(versions) == expected
    for version in versions:
        registry.read_model(version)


def _run_together(start: Callable[..., Any], arguments: list[tuple[Any, ...]]) -> None:
    workers = [start(target=_register_and_deploy, args=args) for args in arguments]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)


def test_processes_that_deploy_at_once_lose_no_update(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    root, workers, rounds = f"file://{tmp_path}", 4, 10
    with spawn.Manager() as manager:
        won = manager.list()
        _run_together(spawn.Process, [(root, worker, rounds, won) for worker in range(workers)])
        _check_nothing_was_lost(Registry(root, "churn"), list(won), workers * rounds)


def test_threads_that_deploy_at_once_lose_no_update(tmp_path: Path) -> None:
    root, workers, rounds, won = f"file://{tmp_path}", 8, 10, []

    _run_together(threading.Thread, [(root, worker, rounds, won) for worker in range(workers)])

    _check_nothing_was_lost(Registry(root, "churn"), won, workers * rounds)
