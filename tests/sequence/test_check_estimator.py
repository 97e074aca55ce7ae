"""scikit-learn's checks for the models of sequences, which take strings and pictures where the checks hand out rows.

Each model stands behind a door that turns rows of numbers into what it reads, and goes through all of the checks.
"""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from toolkit.sequence import ArithmeticSeq2Seq, PictureReader

_SIDE, _LETTERS = 8, np.array(list("abcdefghij"))


def as_letters(y):
    """A letter for each label: of at most ten that occur."""
    return _LETTERS[np.unique(y, return_inverse=True)[1] % len(_LETTERS)]


def row_tags(model):
    """The tags of an estimator that takes rows and needs labels."""
    tags = BaseEstimator.__sklearn_tags__(model)
    tags.target_tags.required = True
    return tags


class ReaderOfRows(PictureReader):
    """Rows are pictures of one character, which their labels name."""

    def fit(self, X, y):
        X, y = validate_data(self, X, y, ensure_min_samples=2)
        return super().fit(self._pictures(X), as_letters(y))

    def predict(self, X):
        check_is_fitted(self)
        read = self.read(self._pictures(validate_data(self, X, reset=False)))
        return np.array([ord(letter or " ") for letter in read])

    def _pictures(self, X):
        pictures = np.zeros((len(X), 1, _SIDE, _SIDE), dtype=np.float32)
        pictures.reshape(len(X), -1)[:, : X.shape[1]] = X
        return pictures

    def __sklearn_tags__(self):
        return row_tags(self)


class CalculatorOfRows(ArithmeticSeq2Seq):
    """Rows are words of one character a feature."""

    def fit(self, X, y):
        X, y = validate_data(self, X, y, ensure_min_samples=2)
        return super().fit(self._words(X), as_letters(y))

    def predict(self, X):
        check_is_fitted(self)
        answers = super().predict(self._words(validate_data(self, X, reset=False)))
        return np.array([ord(letter or " ") for letter in answers])

    def predict_proba(self, X):
        check_is_fitted(self)
        return super().predict_proba(self._words(validate_data(self, X, reset=False)))

    def score(self, X, y):
        return float((self.predict(X) == [ord(letter) for letter in as_letters(y)]).mean())

    def _words(self, X):
        # Every word ends in all digits, so that any of them is in the alphabet.
        digits = np.rint(np.abs(X) % 10).astype(int) % 10
        return np.array(["".join(map(str, row)) + "0123456789" for row in digits.tolist()])

    def __sklearn_tags__(self):
        return row_tags(self)


@parametrize_with_checks(
    [
        ReaderOfRows(steps=3, random_state=0),
        CalculatorOfRows(steps=3, hidden_size=8, random_state=0),
    ]
)
def test_scikit_learn(estimator, check):
    check(estimator)
