"""The embedded default behind ``make run``: installs the project, runs a local Airflow, shows what it does."""
