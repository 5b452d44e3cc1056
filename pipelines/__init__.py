"""The YAML pipelines, and the few modules that turn them into DAGs."""

PIPELINE_FILE = "pipeline_file"
"""The attribute in which the build leaves the path of a DAG's YAML, for the policy.

It stands here because importing the policy before Airflow would register it half-loaded.
"""
