"""What a folder of YAML files gives, without checking again what was checked before."""
