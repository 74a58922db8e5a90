"""Benches that run inside the simulator: they execute a plan and know nothing about the design but its plan."""
