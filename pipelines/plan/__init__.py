"""What a change of the YAML changes in Airflow: two states of the files compared by what would be built. No Airflow."""
