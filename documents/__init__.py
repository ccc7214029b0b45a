"""The reading of bookings: bytes become text and structure, and these become days, activities, stays, transport, costs.

Nothing here knows the database, and nothing is invented: a value that a document doesn't state stays None.
"""
