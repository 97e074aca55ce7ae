"""A training of a generator as a folder: what it holds, and how it is gone on with."""
