"""The tools: one module per domain, each tool a value."""
