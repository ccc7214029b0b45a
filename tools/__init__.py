"""The tools for agents: one module per domain, each tool a value."""
