"""The alerts that follow from the YAML: a pipeline that goes too long without a success, a deadline that is missed."""
