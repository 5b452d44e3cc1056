from datetime import UTC, datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Param

with DAG("orders", start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
    find = BashOperator(task_id="find", bash_command="echo")
    find >> BashOperator(
        task_id="load",
        bash_command="echo {{ params.table }}",
        task_display_name="Load the orders",
        doc_md="Loads **all** orders.",
        owner="shop-team",
        retries=5,
        retry_delay=timedelta(seconds=30),
        retry_exponential_backoff=2,
        max_retry_delay=timedelta(hours=1),
        execution_timeout=timedelta(minutes=10),
        start_date=datetime(2026, 2, 1, tzinfo=UTC),
        end_date=datetime(2026, 12, 31, tzinfo=UTC),
        depends_on_past=True,
        wait_for_downstream=True,
        ignore_first_depends_on_past=False,
        wait_for_past_depends_before_skipping=True,
        priority_weight=10,
        weight_rule="absolute",
        queue="large",
        pool="warehouse",
        pool_slots=2,
        executor="LocalExecutor",
        executor_config={"LocalExecutor": {"nice": 10}},
        max_active_tis_per_dag=4,
        max_active_tis_per_dagrun=2,
        run_as_user="airflow",
        do_xcom_push=False,
        multiple_outputs=False,
        params={"table": "orders", "limit": Param(10, type="integer", minimum=1)},
        logger_name="shop.orders",
        allow_nested_operators=False,
        render_template_as_native_obj=True,
        trigger_rule="none_failed",
    )
    EmptyOperator(task_id="notes", doc="Does nothing.")
    EmptyOperator(task_id="json_notes", doc_json='{"does": "nothing"}')
    EmptyOperator(task_id="yaml_notes", doc_yaml="does: nothing")
    EmptyOperator(task_id="rst_notes", doc_rst="Does *nothing*.")
