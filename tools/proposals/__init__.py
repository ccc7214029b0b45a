"""Proposals: a trip as a page that an agency sends to its clients."""
