"""The groups that tools come in: apart from the tools, which take a while to import."""

from __future__ import annotations

GROUPS = frozenset({"trips", "clients", "workflow", "facts", "maintenance"})

# Those that are offered unless a person says otherwise.
DEFAULT_GROUPS = ("trips", "clients", "workflow", "facts")
