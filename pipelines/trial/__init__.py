"""One run of a pipeline at the terminal: in a process of its own with Airflow's ``dag.test()``, without a scheduler."""
