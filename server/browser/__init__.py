"""The desk page: the pictures in a browser, read only."""
