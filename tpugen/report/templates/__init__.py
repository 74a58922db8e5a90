"""Templates of the HTML report (files, not code)."""
