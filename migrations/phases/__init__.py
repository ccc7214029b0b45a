"""Migration phases, and the transitions between them."""
