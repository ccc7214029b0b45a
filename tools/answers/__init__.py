"""Answers and errors: models, size limits and wording."""
