"""Operators that train and judge models, and the model registry."""
