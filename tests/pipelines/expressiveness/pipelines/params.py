from datetime import timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Param

with DAG(
    "orders",
    params={
        "region": "eu",
        "limit": 10,
        "day": Param(
            "2026-01-01",
            type="string",
            format="date",
            title="Day",
            description="The day whose orders are counted",
        ),
        "channel": Param("web", enum=["web", "shop", "phone"], values_display={"web": "Web shop"}),
        "share": Param(0.5, type=["number", "null"], minimum=0, maximum=1, section="Details"),
        "items": Param([1, 2], type="array", items={"type": "integer"}, minItems=1),
        "options": Param(
            {"dry": True},
            type="object",
            properties={"dry": {"type": "boolean"}},
            additionalProperties=False,
        ),
    },
    default_args={"owner": "shop-team", "execution_timeout": timedelta(minutes=10)},
) as dag:
    BashOperator(task_id="count", bash_command="echo")
