"""Estimates of how well detectors do on a set whose truth nobody knows."""
