"""Resolves the trip or client that a call names."""
