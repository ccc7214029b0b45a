"""Migration phases, and the moves between them."""
