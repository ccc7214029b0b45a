"""Puts voygen into the settings of MCP clients, and takes it out again."""
