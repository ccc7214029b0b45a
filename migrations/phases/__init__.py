"""The phases of the migration, and the moves between them."""
