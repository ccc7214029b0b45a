"""The commands of the command line, a module a family; what a command needs is imported when it runs."""
