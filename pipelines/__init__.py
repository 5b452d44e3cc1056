"""The YAML pipelines, and the few modules that turn them into DAGs."""

PIPELINE_FILE = "pipeline_file"
"""The attribute of a DAG with the path of the text that the Code tab shows, for the policy.

It stands here because importing the policy before Airflow would register it half-loaded.
"""
