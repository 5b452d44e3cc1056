"""What there is: the pipelines of files and folders, when they run next, and what they hold. Needs no Airflow."""
