"""Pages that draw the answers of tools, for hosts that show them in a conversation and for the desk page."""
