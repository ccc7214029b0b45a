"""The schema's history as numbered SQL files, and the machinery that applies and proves it."""
