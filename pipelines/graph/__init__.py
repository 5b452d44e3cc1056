"""A pipeline's graph as pictures: lines in a terminal, Mermaid, SVG. Needs no Airflow."""
