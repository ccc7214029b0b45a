"""Resolve the trip or client that a call refers to."""
