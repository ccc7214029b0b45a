"""Names of the tool groups, in a separate module because the tools are slow to import."""

from __future__ import annotations

GROUPS = frozenset({"trips", "clients", "workflow", "facts", "documents", "pictures", "proposals", "maintenance"})

DEFAULT_GROUPS = ("trips", "clients", "workflow", "facts", "documents", "pictures", "proposals")
