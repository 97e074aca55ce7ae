"""Everyday faults of photographs, scans and screenshots: statistics of one image at its original size."""
