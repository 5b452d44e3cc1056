"""Model files: a published or registered model, loaded only after its sha256 and its types were checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from operators.artifacts import Artifact, Reference, artifact_root
from operators.mistakes import DataMistakeError
from operators.model.registry import AliasEntry, Registry
from operators.trusted_types import load_or_fail

MODEL = "model.skops"


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted pipeline that takes raw rows, and what is known of it."""

    pipeline: Any
    sha256: str
    """Of its skops file."""
    facts: dict[str, Any]
    """What its training said: target, task, classes, features, estimator …"""


@dataclass(frozen=True, slots=True)
class Champion:
    """The model that an alias points to."""

    model: Model
    entry: AliasEntry


def open_model(value: Any) -> Artifact:
    """Open the artefact of a TrainModel task.

    :param value: the rendered ``model`` parameter
    :raises DataMistakeError: if it is the artefact of another kind of task
    """
    reference = Reference.from_xcom(value, where="model")
    if reference.kind != "model":
        raise DataMistakeError(f"model: needs the result of a TrainModel task; found one of kind {reference.kind!r}")
    return Artifact(reference)


def load_model(artifact: Artifact) -> Model:
    """Load the model of a TrainModel task.

    :raises AirflowFailException: if it holds a type that is not trusted
    """
    data = artifact.read_bytes(MODEL)
    return Model(
        load_or_fail(data, name=artifact.uri_of(MODEL)), str(artifact.files[MODEL]["sha256"]), dict(artifact.facts)
    )


def load_champion(registered_model: str, alias: str) -> Champion | None:
    """Load the model that an alias points to; None if the alias was never set.

    :raises AirflowFailException: if it holds a type that is not trusted
    """
    registry = Registry(artifact_root(), registered_model)
    entry = registry.alias(alias)
    if entry is None:
        return None
    version = registry.version(entry.version)
    data = registry.read_model(version)
    model = Model(load_or_fail(data, name=registry.model_uri(version)), version.sha256, dict(version.facts))
    return Champion(model, entry)
