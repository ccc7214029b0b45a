"""The tools that import documents, such as confirmations, and put what they say into trips."""
