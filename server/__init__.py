"""The voygen program: command line, protocol and settings."""
