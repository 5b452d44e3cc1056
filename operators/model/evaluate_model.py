"""EvaluateModel: the quality gates; judges a model on rows it has never seen, and stops the run before deployment."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseOperator

from operators.artifacts import Artifact, ArtifactWriter, Reference
from operators.kept_state import KeptState
from operators.mistakes import DataMistakeError, check_choice, mistakes_fail_the_task
from operators.model.evaluation import (
    Evaluation,
    Plan,
    Rival,
    compare,
    judge_slices,
    metric_table,
    slice_table,
    to_plain,
    why_not_comparable,
)
from operators.model.figures import make_figures
from operators.model.gate_history import count_consecutive_failures
from operators.model.gates import check_measurable, read_comparisons, read_gates, read_slices
from operators.model.metrics import Predictions, predict
from operators.model.model_file import Model, load_champion, load_model, open_model
from operators.model.model_stats import emit_evaluation, gates_of
from operators.model.training_data import target_values
from operators.parameters import Comparisons, Gates, Slices, TaskResult, Text
from operators.verdict import Judgement, Outcome, Verdict, record_judgement

if TYPE_CHECKING:
    import pandas as pd
    from airflow.sdk import Context

log = logging.getLogger("airflow.task")

TEST_ROWS = "test_raw.parquet"


class EvaluateModelOperator(BaseOperator):
    """Judge a model on the test rows: absolute gates, gates against the current champion, gates for slices.

    Every gate must hold. A gate that fails fails the task without a retry, after the verdicts were published.

    .. code-block:: yaml

        evaluate_model:
          operator: EvaluateModel
          dependencies: [train_model]
          model: train_model
          data: preprocess_data
          positive_class: malignant
          gates:
            roc_auc: {min: 0.97}
            log_loss: {max: 0.25, warn: 0.2}
          versus_champion:
            roc_auc: {not_worse_than: 0.01}

    :param model: result of a TrainModel task (templated)
    :param data: result of the PreprocessData task whose test rows are used (templated)
    :param gates: metric to threshold, at least one (templated)
    :param positive_class: the class that is looked for; needed for two classes, else left out (templated)
    :param versus_champion: metric to ``not_worse_than`` or ``better_by`` and an optional stricter ``warn``; a margin
        is a difference (0.01) or a share of the champion's value (1%); better is up or down as the metric has it
    :param no_champion: verdict where no champion exists yet: pass, warn or fail
    :param registered_model: name in the registry, the DAG's id if not given (templated)
    :param alias: which version is the champion (templated)
    :param slices: ``by`` columns, ``min_rows`` below which a slice is only reported, ``gates`` for each slice
    :param on_inconclusive: fail or warn, for a gate that could not be measured
    """

    template_fields: Sequence[str] = ("model", "data", "positive_class", "gates", "registered_model", "alias")

    def __init__(  # noqa: PLR0913 (each is a key of the YAML)
        self,
        *,
        model: TaskResult,
        data: TaskResult,
        gates: Gates,
        positive_class: str | float | bool | None = None,
        versus_champion: Comparisons | None = None,
        no_champion: Literal["pass", "warn", "fail"] = "pass",
        registered_model: Text | None = None,
        alias: Text = "champion",
        slices: Slices | None = None,
        on_inconclusive: Literal["fail", "warn"] = "fail",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.model = model
        self.data = data
        self.positive_class = positive_class
        self.gates = gates
        self.versus_champion = versus_champion
        self.no_champion = no_champion
        self.registered_model = registered_model
        self.alias = alias
        self.slices = slices
        self.on_inconclusive = on_inconclusive

    def execute(self, context: Context) -> dict[str, Any]:
        """Judge and publish.

        :returns: the reference of an artefact of kind ``evaluation``
        :raises AirflowFailException: if a gate fails, or the YAML asks for something that cannot be judged
        """
        from airflow.sdk.exceptions import AirflowFailException

        with mistakes_fail_the_task(self.task_id):
            evaluation = self._evaluate(context)
        failures = self._count_failures(context, evaluation)
        judgement = self._judge(context, evaluation, failures)
        reference = self._publish(context, evaluation, judgement, failures)
        if judgement.stops_the_run:
            raise AirflowFailException(judgement.failure_message())
        return reference.to_xcom()

    def _evaluate(self, context: Context) -> Evaluation:
        check_choice(self.no_champion, ("pass", "warn", "fail"), where="no_champion")
        check_choice(self.on_inconclusive, ("fail", "warn"), where="on_inconclusive")
        artifact = open_model(self.model)
        task = artifact.facts["task"]
        plan = Plan(
            read_gates(self.gates, task), read_comparisons(self.versus_champion, task), read_slices(self.slices, task)
        )
        if not plan.gates:
            raise DataMistakeError("gates: at least one is needed; without any, every model would pass")
        model = load_model(artifact)
        rows = self._read_rows(model)
        truth = target_values(rows, model.facts["target"], task)
        own = predict(model.pipeline, rows[model.facts["features"]], truth, positive_class=self.positive_class)
        check_measurable(plan.metrics(), own)
        rival = self._ask_champion(context, model, rows, truth)
        slices = tuple(judge_slices(plan.slices, rows, own))
        verdicts = (
            *(gate.judge(gate.metric.measure(own)) for gate in plan.gates),
            *self._compare(plan, own, rival),
            *(verdict for result in slices for verdict in result.verdicts),
        )
        return Evaluation(model, own, rival, verdicts, slices)

    def _read_rows(self, model: Model) -> pd.DataFrame:
        reference = Reference.from_xcom(self.data, where="data")
        if reference.kind != "split":
            raise DataMistakeError(f"data: needs the result of a PreprocessData task; found kind {reference.kind!r}")
        if reference.sha256 != model.facts["split"]["sha256"]:
            log.warning(
                "the model was trained on another split (%s) than the one it is judged on (%s); "
                "make sure that none of these rows was trained on",
                model.facts["split"]["uri"],
                reference.uri,
            )
        rows = Artifact(reference).read_frame(TEST_ROWS)
        if rows.empty:
            raise DataMistakeError(f"data: {reference.uri} has no test rows")
        return rows

    def _ask_champion(self, context: Context, model: Model, rows: pd.DataFrame, truth: Any) -> Rival:
        champion = load_champion(self._registered_model(context), self.alias)
        if champion is None:
            return Rival()
        problem = why_not_comparable(champion, model, rows)
        predictions = None
        if not problem:
            asked = rows[champion.model.facts["features"]]
            try:
                predictions = predict(champion.model.pipeline, asked, truth, positive_class=self.positive_class)
            except (ValueError, TypeError) as error:
                problem = f"the champion (version {champion.entry.version}) cannot predict these rows: {error}"
        trained_at = champion.model.facts.get("trained_at", "")
        return Rival(champion.entry.version, champion.entry.generation, predictions, problem, trained_at)

    def _compare(self, plan: Plan, own: Predictions, rival: Rival) -> Iterator[Verdict]:
        if rival.version is not None:
            yield from compare(plan.comparisons, own, rival)
        elif plan.comparisons:
            yield Verdict(
                name="champion",
                outcome=Outcome(self.no_champion),
                observed="none yet",
                threshold=f"no champion: {self.no_champion}",
                message=f"no version is called {self.alias!r}, so there is nothing to compare with",
            )

    def _registered_model(self, context: Context) -> str:
        return self.registered_model or context["ti"].dag_id

    def _count_failures(self, context: Context, evaluation: Evaluation) -> dict[str, int]:
        ti = context["ti"]
        is_mapped = ti.map_index is not None and ti.map_index >= 0
        state = KeptState(ti.dag_id, f"{ti.task_id}[{ti.map_index}]" if is_mapped else ti.task_id)
        outcomes = {gate: verdict.outcome for gate, verdict in gates_of(evaluation).items()}
        return count_consecutive_failures(state, outcomes, run_id=ti.run_id)

    def _judge(self, context: Context, evaluation: Evaluation, failures: Mapping[str, int]) -> Judgement:
        facts: dict[str, Any] = {
            "registered_model": self._registered_model(context),
            "estimator": evaluation.model.facts["estimator"],
            "training_rows": evaluation.model.facts["training_rows"],
            "test_rows": len(evaluation.own.truth),
            "champion": f"version {evaluation.rival.version}" if evaluation.rival.version else "none yet",
        }
        too_small = [f"{result.name} ({result.rows} rows)" for result in evaluation.slices if not result.verdicts]
        if too_small:
            facts["slices_too_small_to_judge"] = ", ".join(too_small)
        again = [f"{gate} ({runs} runs)" for gate, runs in failures.items() if runs > 1]
        if again:
            facts["failed_in_a_row"] = ", ".join(again)
        return Judgement(
            title="Quality gates",
            verdicts=evaluation.verdicts,
            facts=facts,
            evidence={"model": evaluation.model.sha256, "data": self.data["sha256"]},
            inconclusive_fails=self.on_inconclusive == "fail",
        )

    def _publish(
        self, context: Context, evaluation: Evaluation, judgement: Judgement, failures: Mapping[str, int]
    ) -> Reference:
        artifact = ArtifactWriter(context)
        measured = evaluation.measure_all()
        ti, model = context["ti"], self._registered_model(context)
        tags = {"dag_id": ti.dag_id, "task_id": ti.task_id, "model": model, "alias": self.alias}
        emit_evaluation(evaluation, measured, **tags, failures=failures)
        sections = (
            metric_table(evaluation, measured),
            *make_figures(evaluation.own, evaluation.rival.predictions),
            *slice_table(evaluation.slices),
        )
        record_judgement(context, artifact, judgement, sections=sections)
        artifact.write_json("metrics.json", to_plain(measured, evaluation.slices))
        facts = {
            "verdict": str(judgement.outcome),
            "passed": not judgement.stops_the_run,
            "model_sha256": evaluation.model.sha256,
            "data_sha256": self.data["sha256"],
            "registered_model": self._registered_model(context),
            "alias": self.alias,
            "champion_version": evaluation.rival.version,
            "champion_generation": evaluation.rival.generation,
        }
        return artifact.publish("evaluation", rows=len(evaluation.own.truth), facts=facts)
