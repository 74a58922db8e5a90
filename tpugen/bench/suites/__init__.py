"""The benchmark's problems, as data."""
