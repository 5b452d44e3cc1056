"""Operators that tell people and systems what happened."""
