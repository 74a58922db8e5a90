"""Systolic arrays: cycles, utilisation and traffic of matrix products."""
