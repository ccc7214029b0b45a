"""Shapes, bounds and words of answers and errors."""
