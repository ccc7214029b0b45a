"""The commands of the command line, grouped by module. Each imports what it needs when it runs."""
