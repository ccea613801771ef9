"""A report of the library for its owner: one page of HTML that needs no network."""
