"""One trip: its JSON columns and the operations on it."""
