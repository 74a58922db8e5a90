"""Memories: capacity, bandwidth, energy, and the time that compute waits for them."""
