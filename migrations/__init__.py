"""Schema migrations as numbered SQL files, and the tools that apply, check and repair them."""
