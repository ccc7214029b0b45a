"""One trip: its stored shapes, and the operations on it."""
