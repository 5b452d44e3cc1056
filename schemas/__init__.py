"""The contract of the YAML: JSON Schemas and the checker that applies them. Never imports Airflow."""
