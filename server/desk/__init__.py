"""Tools, resources and prompts over MCP, independent of the transport."""
