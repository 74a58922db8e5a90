"""Analog crossbars: latency, energy and area of products with weights that stay."""
