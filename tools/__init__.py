"""What an agent can do: one module a domain, each tool a value."""
