"""The program: command line, protocol and settings."""
