"""Command-line commands, grouped by module. Each command imports what it needs when it runs."""
