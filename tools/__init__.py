"""Tools for agents, with one module per domain. Each tool is defined as a value."""
