"""The reading of bookings: from bytes to text and structure, and from these to days, activities, stays, transport, costs.

Nothing here knows the database, and nothing is invented: a value that a document doesn't state stays None.
"""
