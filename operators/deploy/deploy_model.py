"""DeployModel: registers a judged model, tries it out as a server would, then moves the alias to it."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from operators import stats
from operators.artifacts import Artifact, ArtifactWriter, Reference, artifact_root
from operators.deploy.smoke_test import SmokeResult, answer, run_smoke_test
from operators.mistakes import DataMistakeError, check_keys, mistakes_fail_the_task
from operators.model.model_file import MODEL, load_model, open_model
from operators.model.model_stats import emit_alias, emit_latency
from operators.model.registry import AliasMovedError, Registry, Version
from operators.model.train_model import SAMPLE
from operators.parameters import SmokeTest, TaskResult, Text
from operators.thresholds import Threshold, parse_threshold
from operators.trusted_types import trusted_types
from operators.verdict import Judgement, Outcome, Verdict, record_judgement

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger("airflow.task")

_DEFAULT_ROWS = 25
_TOLERANCE = 1e-6
"""How far an answer of the fresh process may be from the one given here: rounding, not another model."""


@dataclass(frozen=True, slots=True)
class _SmokePlan:
    """What the YAML demands of the smoke test."""

    rows: int
    latency: Threshold | None


@dataclass(frozen=True, slots=True)
class _AliasMove:
    """Where the alias points now."""

    generation: int
    previous_version: int | None
    is_new: bool
    """Whether it pointed elsewhere before."""


class DeployModelOperator(BaseOperator):
    """Register the model that was judged and, if it works as a server would use it, move the alias to it.

    The model is refused if its sha256 is not the one that was judged, or if the judgement was not passed. Now the
    way of trying it out is a smoke test: the saved bytes are loaded in a fresh process, which answers real rows one
    by one. A canary on live traffic will be another way at the same place. A retry finds the version that the first
    try registered, and an alias that points to it already.

    .. code-block:: yaml

        deploy_model:
          operator: DeployModel
          dependencies: [evaluate_model]
          model: train_model
          evaluation: evaluate_model
          alias: champion
          smoke_test: {rows: 25, latency_ms: {max: 500}}

    :param model: result of a TrainModel task (templated)
    :param evaluation: result of the EvaluateModel task that judged it (templated)
    :param registered_model: name in the registry, the DAG's id if not given; the same as in the evaluation (templated)
    :param alias: which alias moves (templated)
    :param smoke_test: ``rows`` to answer, and ``latency_ms``, a threshold for the 95th percentile of one answer
    """

    template_fields: Sequence[str] = ("model", "evaluation", "registered_model", "alias")

    def __init__(
        self,
        *,
        model: TaskResult,
        evaluation: TaskResult,
        registered_model: Text | None = None,
        alias: Text = "champion",
        smoke_test: SmokeTest | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.model = model
        self.evaluation = evaluation
        self.registered_model = registered_model
        self.alias = alias
        self.smoke_test = smoke_test

    def execute(self, context: Context) -> dict[str, Any]:
        """Register, try out, move the alias, publish.

        :returns: the reference of an artefact of kind ``deployment``, with ``registered_model``, ``version``,
            ``alias``, ``previous_version`` and ``model_sha256``
        :raises AirflowFailException: if the model was not judged, does not work, or the alias was moved meanwhile
        """
        from airflow.sdk.exceptions import AirflowFailException

        name = self.registered_model or context["ti"].dag_id
        with mistakes_fail_the_task(self.task_id):
            plan = _read_smoke_plan(self.smoke_test)
            model, evaluation = open_model(self.model), self._open_evaluation()
            self._check_evidence(name, model, evaluation)
            registry = Registry(artifact_root(), name)
            facts = {**model.facts, "evaluation": evaluation.reference.to_xcom(), "source": model.reference.to_xcom()}
            version = registry.register(model.read_bytes(MODEL), facts)
            log.info("%s version %d is registered (%s)", name, version.version, registry.model_uri(version))
            verdicts = list(self._try_out(context, registry, version, model, plan))
        move = self._move_alias(context, registry, version, evaluation, verdicts)
        judgement = self._judgement(version, move, verdicts)
        self._emit(context, version, move)
        value = self._publish(context, version, move, judgement)
        if judgement.stops_the_run:
            raise AirflowFailException(judgement.failure_message())
        return value

    def _open_evaluation(self) -> Artifact:
        reference = Reference.from_xcom(self.evaluation, where="evaluation")
        if reference.kind != "evaluation":
            raise DataMistakeError(
                f"evaluation: needs the result of an EvaluateModel task; found one of kind {reference.kind!r}"
            )
        return Artifact(reference)

    def _check_evidence(self, name: str, model: Artifact, evaluation: Artifact) -> None:
        judged, given = evaluation.facts["model_sha256"], model.files[MODEL]["sha256"]
        if judged != given:
            raise DataMistakeError(
                f"evaluation: judged the model with sha256 {judged}, but {model.uri_of(MODEL)} has {given}; "
                "only the model that was judged is deployed"
            )
        if not evaluation.facts["passed"]:
            raise DataMistakeError(f"evaluation: the verdict was {evaluation.facts['verdict']!r}; it is not deployed")
        for key, own in (("registered_model", name), ("alias", self.alias)):
            if evaluation.facts[key] != own:
                raise DataMistakeError(
                    f"{key}: is {own!r} here, but the model was compared with the {key} {evaluation.facts[key]!r}; "
                    "write the same in both tasks"
                )

    def _try_out(
        self, context: Context, registry: Registry, version: Version, model: Artifact, plan: _SmokePlan
    ) -> Iterator[Verdict]:
        """Let the registered version prove itself before the alias moves: the place of every rollout strategy."""
        rows = model.read_frame(SAMPLE).head(plan.rows)
        saved = registry.read_model(version)
        result = run_smoke_test(saved, rows, trusted_types())
        emit_latency(result.latencies_ms, dag_id=context["ti"].dag_id, model=version.registered_model)
        log.info("smoke test: loaded in %.2f s, answered %d rows", result.load_seconds, len(result.answers))
        yield _judge_loading(result)
        if result.error:
            return
        expected = answer(load_model(model).pipeline, rows)
        yield _judge_answers(result, expected)
        yield _judge_agreement(result, expected)
        if plan.latency is not None:
            yield _judge_latency(result, plan.latency)

    def _move_alias(
        self, context: Context, registry: Registry, version: Version, evaluation: Artifact, verdicts: list[Verdict]
    ) -> _AliasMove | None:
        """Move the alias unless a verdict forbids it; that someone else moved it since the evaluation is a verdict."""
        if self._judgement(version, None, verdicts).stops_the_run:
            return None
        current = registry.alias(self.alias)
        if current is not None and current.version == version.version:
            log.info("%s %s is version %d already", version.registered_model, self.alias, version.version)
            return _AliasMove(current.generation, current.previous_version, is_new=False)
        ti = context["ti"]
        try:
            entry = registry.move_alias(
                self.alias,
                version.version,
                expected_generation=evaluation.facts["champion_generation"],
                set_by={"dag_id": ti.dag_id, "run_id": ti.run_id, "task_id": ti.task_id},
            )
        except AliasMovedError as error:
            threshold = f"{self.alias} as it was when the model was compared with it"
            message = f"{error}; run the evaluation again"
            verdicts.append(
                Verdict(
                    name="alias", outcome=Outcome.FAIL, observed="moved meanwhile", threshold=threshold, message=message
                )
            )
            return None
        log.info("%s %s: version %s -> %d", version.registered_model, self.alias, entry.previous_version, entry.version)
        return _AliasMove(entry.generation, entry.previous_version, is_new=True)

    def _emit(self, context: Context, version: Version, move: _AliasMove | None) -> None:
        outcome = "refused" if move is None else "deployed" if move.is_new else "unchanged"
        tags = {"dag_id": context["ti"].dag_id, "model": version.registered_model}
        stats.emit(stats.ML_DEPLOYMENTS, 1, **tags, outcome=outcome)
        if move is not None:
            emit_alias(version.version, version.facts.get("trained_at", ""), **tags, alias=self.alias)

    def _judgement(self, version: Version, move: _AliasMove | None, verdicts: Sequence[Verdict]) -> Judgement:
        facts = {"registered_model": version.registered_model, "version": version.version}
        if move is not None:
            facts |= {"alias": self.alias, "previous_version": move.previous_version or "none"}
        return Judgement(title="Deployment", verdicts=tuple(verdicts), facts=facts, evidence={"model": version.sha256})

    def _publish(
        self, context: Context, version: Version, move: _AliasMove | None, judgement: Judgement
    ) -> dict[str, Any]:
        artifact = ArtifactWriter(context)
        record_judgement(context, artifact, judgement)
        facts = {
            "registered_model": version.registered_model,
            "version": version.version,
            "alias": self.alias,
            "alias_moved": move is not None,
            "previous_version": move.previous_version if move else None,
            "model_sha256": version.sha256,
        }
        reference = artifact.publish("deployment", facts=facts)
        return {**reference.to_xcom(), **{key: value for key, value in facts.items() if key != "alias_moved"}}


def _read_smoke_plan(value: Mapping[str, Any] | None) -> _SmokePlan:
    given = value or {}
    check_keys(given, ("rows", "latency_ms"), where="smoke_test")
    rows = given.get("rows", _DEFAULT_ROWS)
    if not isinstance(rows, int) or isinstance(rows, bool) or rows < 1:
        raise DataMistakeError(f"smoke_test.rows: {rows!r} is not a number of rows; take 1 or more")
    latency = given.get("latency_ms")
    return _SmokePlan(rows, None if latency is None else parse_threshold(latency, where="smoke_test.latency_ms"))


def _judge_loading(result: SmokeResult) -> Verdict:
    return Verdict(
        name="loads",
        outcome=Outcome.FAIL if result.error else Outcome.PASS,
        observed=f"{result.load_seconds:.2f} s" if not result.error else "failed",
        threshold="the saved file works in a fresh process",
        message=result.error,
    )


def _judge_answers(result: SmokeResult, expected: list[list[float | str]]) -> Verdict:
    width = len(expected[0])
    good = sum(len(row) == width and all(_is_finite(value) for value in row) for row in result.answers)
    return Verdict(
        name="answers",
        outcome=Outcome.PASS if good == len(expected) == len(result.answers) else Outcome.FAIL,
        observed=f"{good} of {len(expected)}",
        threshold=f"{width} finite value{'s' if width > 1 else ''} for every row",
    )


def _judge_agreement(result: SmokeResult, expected: list[list[float | str]]) -> Verdict:
    pairs = zip(result.answers, expected, strict=False)
    agreeing = sum(len(a) == len(b) and all(map(_is_same, a, b)) for a, b in pairs)
    return Verdict(
        name="agreement",
        outcome=Outcome.PASS if agreeing == len(expected) else Outcome.FAIL,
        observed=f"{agreeing} of {len(expected)}",
        threshold="the same answers as in the process of the pipeline",
    )


def _judge_latency(result: SmokeResult, threshold: Threshold) -> Verdict:
    ordered = sorted(result.latencies_ms)
    p95 = ordered[math.ceil(0.95 * len(ordered)) - 1] if ordered else None
    median = ordered[len(ordered) // 2] if ordered else math.nan
    message = f"one row at a time, {len(ordered)} rows, median {median:.1f} ms"
    return threshold.judge("latency_ms_p95", None if p95 is None else round(p95, 3), message=message)


def _is_finite(value: float | str) -> bool:
    return isinstance(value, str) or math.isfinite(value)


def _is_same(one: float | str, other: float | str) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
