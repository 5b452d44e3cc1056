"""Operators that put a judged model into service."""
