"""The program: command line, protocol, settings."""
