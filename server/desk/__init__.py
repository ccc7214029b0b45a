"""The tools, resources and prompts over MCP, whatever the transport."""
