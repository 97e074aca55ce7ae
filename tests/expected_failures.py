"""The standard checks that an estimator may fail, each with its reason: at most three for a class."""

EXPECTED_FAILED_CHECKS = {}
