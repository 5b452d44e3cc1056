from datetime import timedelta
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from jinja2 import ChainableUndefined

from operators.functions import as_percent, quarter

with DAG(
    "orders",
    template_searchpath=[str(Path(__file__).parent / "sql"), "/opt/templates"],
    template_undefined=ChainableUndefined,
    render_template_as_native_obj=True,
    jinja_environment_kwargs={
        "keep_trailing_newline": True,
        "extensions": ["jinja2.ext.do", "jinja2.ext.loopcontrols"],
    },
    user_defined_macros={
        "quarter": quarter,
        "shop": {"name": "ACME", "regions": ["eu", "us"]},
        "digits": 2,
    },
    user_defined_filters={"percent": as_percent},
    default_args={"owner": "shop-team", "execution_timeout": timedelta(minutes=10)},
) as dag:
    BashOperator(
        task_id="count",
        bash_command="echo {{ quarter(logical_date) }} {{ shop.name }} {{ 0.5 | percent(digits) }}",
    )
