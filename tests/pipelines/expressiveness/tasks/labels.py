from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Label, TaskGroup

with DAG("orders") as dag:
    check = EmptyOperator(task_id="check")
    repair = EmptyOperator(task_id="repair")
    with TaskGroup("reports") as reports:
        EmptyOperator(task_id="daily")
        weekly = EmptyOperator(task_id="weekly")
    check >> Label("broken") >> repair
    # repair >> Label("late") >> weekly would let the whole group wait
    weekly.set_upstream(repair, edge_modifier=Label("late"))
    check >> Label("sound") >> reports
