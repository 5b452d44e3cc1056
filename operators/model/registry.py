"""Registry: immutable model versions, and aliases that move by compare-and-swap, as files below the artefact root.

``<root>/registry/<name>/versions/<n>/{model.skops,manifest.json}`` and
``<root>/registry/<name>/aliases/<alias>/<generation>.json``. Nothing is ever changed or deleted: each of these files
is created only if it is absent, so that of two writers one wins and the other is told.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from operators.artifacts import open_location
from operators.created_files import create_file, numbers_in
from operators.mistakes import DataMistakeError

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,249}")
_MODEL = "model.skops"
_MANIFEST = "manifest.json"
_SEARCHED_VERSIONS = 100
"""How far back a model that is registered already is looked for; a retry's version is among the newest."""


class RegistryError(RuntimeError):
    """A registry file that is missing or altered; the message names it."""


class AliasMovedError(RegistryError):
    """Someone else moved the alias first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One registered model."""

    registered_model: str
    version: int
    sha256: str
    """Of ``model.skops``."""
    size: int
    """In bytes."""
    created_at: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What its training said of it, and the evidence of its evaluation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasEntry:
    """One generation of an alias."""

    alias: str
    generation: int
    """1 for the first; each move adds one."""
    version: int
    previous_version: int | None
    """Where a rollback goes."""
    reason: str
    """``deploy`` or ``rollback``."""
    set_by: Mapping[str, Any]
    """Which task or person moved it."""
    set_at: str


def check_name(name: str, *, where: str) -> str:
    """Give the name back if it can be a folder everywhere.

    :raises DataMistakeError: if it cannot
    """
    if not _NAME.fullmatch(name):
        raise DataMistakeError(f"{where}: {name!r} cannot be used; take up to 250 letters, digits, '_', '-' and '.'")
    return name


class Registry:
    """All versions and aliases of one registered model.

    :param root: the artefact root, any URI that Airflow's ObjectStoragePath takes
    :param name: the registered model
    """

    def __init__(self, root: str, name: str) -> None:
        self.name = check_name(name, where="registered_model")
        self._folder = open_location(f"{root.rstrip('/')}/registry/{name}")

    def register(self, model: bytes, facts: Mapping[str, Any]) -> Version:
        """Store a model under a new version number; the same bytes again give the version that has them.

        The number is claimed by creating ``model.skops`` in its folder. A writer that dies before its manifest leaves
        a number that is never used.

        :param model: content of the skops file
        :param facts: plain values to keep with it
        """
        sha256 = hashlib.sha256(model).hexdigest()
        known = self._find(sha256)
        if known is not None:
            return known
        number = self._claim(model)
        version = Version(
            registered_model=self.name,
            version=number,
            sha256=sha256,
            size=len(model),
            created_at=_now(),
            facts=dict(facts),
        )
        create_file(self._version_folder(number) / _MANIFEST, _to_bytes(asdict(version)))
        return version

    def version(self, number: int) -> Version:
        """Read one version's manifest.

        :raises RegistryError: if there is no such version
        """
        path = self._version_folder(number) / _MANIFEST
        try:
            return Version(**json.loads(path.read_bytes()))
        except FileNotFoundError:
            raise RegistryError(f"{self.name} has no version {number}: {path} does not exist") from None

    def read_model(self, version: Version) -> bytes:
        """Read a version's skops file, once its sha256 is what the manifest says.

        :raises RegistryError: if it is missing or altered
        """
        path = self._version_folder(version.version) / _MODEL
        try:
            data: bytes = path.read_bytes()
        except FileNotFoundError:
            raise RegistryError(f"{path} does not exist") from None
        actual = hashlib.sha256(data).hexdigest()
        if actual != version.sha256:
            raise RegistryError(f"{path} was altered: its sha256 is {actual}, it was registered with {version.sha256}")
        return data

    def model_uri(self, version: Version) -> str:
        """Give the URI of a version's skops file."""
        return str(self._version_folder(version.version) / _MODEL)

    def iter_versions(self) -> Iterator[Version]:
        """Give every complete version, the newest first."""
        for number in sorted(numbers_in(self._folder / "versions"), reverse=True):
            if (self._version_folder(number) / _MANIFEST).exists():
                yield self.version(number)

    def alias(self, alias: str) -> AliasEntry | None:
        """Read where an alias points; None if it was never set."""
        generations = numbers_in(self._alias_folder(alias))
        return self._entry(alias, max(generations)) if generations else None

    def history(self, alias: str) -> tuple[AliasEntry, ...]:
        """Give every generation of an alias, the first one first."""
        return tuple(self._entry(alias, number) for number in sorted(numbers_in(self._alias_folder(alias))))

    def move_alias(
        self, alias: str, version: int, *, expected_generation: int, set_by: Mapping[str, Any]
    ) -> AliasEntry:
        """Point an alias to a version, if nobody has moved it since it was read (compare-and-swap).

        :param alias: e.g. ``champion``
        :param version: a registered version
        :param expected_generation: the generation that was read; 0 for an alias that was never set
        :param set_by: which task or person moves it
        :raises AliasMovedError: if the alias has another generation by now
        :raises RegistryError: if there is no such version
        """
        current = self._expect(alias, expected_generation)
        self.version(version)
        return self._append(
            AliasEntry(
                alias=alias,
                generation=expected_generation + 1,
                version=version,
                previous_version=current.version if current else None,
                reason="deploy",
                set_by=dict(set_by),
                set_at=_now(),
            )
        )

    def roll_back(self, alias: str, *, expected_generation: int, set_by: Mapping[str, Any]) -> AliasEntry:
        """Point an alias to the version before; rolling back again goes one further back.

        :raises AliasMovedError: if the alias has another generation by now
        :raises RegistryError: if there is no version before
        """
        current = self._expect(alias, expected_generation)
        if current is None or current.previous_version is None:
            raise RegistryError(f"{self.name}: the alias {alias!r} has no version before this one to go back to")
        target = current.previous_version
        deploys = [e for e in self.history(alias) if e.version == target and e.reason == "deploy"]
        return self._append(
            AliasEntry(
                alias=alias,
                generation=expected_generation + 1,
                version=target,
                previous_version=deploys[-1].previous_version if deploys else None,
                reason="rollback",
                set_by=dict(set_by),
                set_at=_now(),
            )
        )

    def _expect(self, alias: str, generation: int) -> AliasEntry | None:
        current = self.alias(alias)
        if (current.generation if current else 0) != generation:
            raise self._moved(alias, generation)
        return current

    def _append(self, entry: AliasEntry) -> AliasEntry:
        try:
            create_file(self._alias_folder(entry.alias) / f"{entry.generation:08d}.json", _to_bytes(asdict(entry)))
        except FileExistsError:
            raise self._moved(entry.alias, entry.generation - 1) from None
        return entry

    def _moved(self, alias: str, expected: int) -> AliasMovedError:
        now = self.alias(alias)
        found = f"generation {now.generation}, version {now.version}" if now else "not set"
        return AliasMovedError(
            f"{self.name}: the alias {alias!r} was moved meanwhile; expected generation {expected}, it is {found}"
        )

    def _entry(self, alias: str, generation: int) -> AliasEntry:
        return AliasEntry(**json.loads((self._alias_folder(alias) / f"{generation:08d}.json").read_bytes()))

    def _find(self, sha256: str) -> Version | None:
        newest = zip(range(_SEARCHED_VERSIONS), self.iter_versions(), strict=False)
        return next((version for _, version in newest if version.sha256 == sha256), None)

    def _claim(self, model: bytes) -> int:
        number = max(numbers_in(self._folder / "versions"), default=0) + 1
        while True:
            try:
                create_file(self._version_folder(number) / _MODEL, model)
            except FileExistsError:
                number += 1
            else:
                return number

    def _version_folder(self, number: int) -> ObjectStoragePath:
        return self._folder / "versions" / str(number)

    def _alias_folder(self, alias: str) -> ObjectStoragePath:
        return self._folder / "aliases" / check_name(alias, where="alias")


def _to_bytes(value: Any) -> bytes:
    return json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False).encode()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
