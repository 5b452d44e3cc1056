"""Operators that judge the health of the Airflow they run in."""
