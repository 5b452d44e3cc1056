"""The YAML pipelines, and the few modules that turn them into DAGs."""
