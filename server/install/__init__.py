"""Install voygen into the settings of MCP clients, and uninstall it."""
