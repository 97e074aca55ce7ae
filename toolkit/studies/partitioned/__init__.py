"""Audits of sets larger than memory, a part at a time, on one machine or on many."""
