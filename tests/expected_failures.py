"""The standard checks that an estimator may fail, each with its reason: at most three for a class."""

EXPECTED_FAILED_CHECKS = {}

# Estimators that the checks cannot feed, since they take no rows of numbers: with what they take, and the file where
# each goes through the same checks behind a door that turns rows into that.
CHECKED_BEHIND_A_DOOR = {
    "ArithmeticSeq2Seq": ("strings or sequences of pictures on either side", "sequence/test_check_estimator.py"),
    "PictureReader": ("sequences of pictures, and strings that they spell", "sequence/test_check_estimator.py"),
}
