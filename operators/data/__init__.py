"""Operators that fetch, judge and prepare data."""
