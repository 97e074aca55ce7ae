"""Events of a training for those who keep them elsewhere: a CSV file, TensorBoard, a tracker, scikit-learn's callbacks.

Each is a hook: give it to ``fit(..., hooks=[...])`` of any model that trains here.
"""

from toolkit.callbacks._csv import CSVLogger
from toolkit.callbacks._events import TrainingLogger
from toolkit.callbacks._scikit_learn import CallbackSupport, followed_by_callbacks
from toolkit.callbacks._tensorboard import TensorBoardLogger
from toolkit.callbacks._tracker import TrackerLogger

__all__ = [
    "CSVLogger",
    "CallbackSupport",
    "TensorBoardLogger",
    "TrackerLogger",
    "TrainingLogger",
    "followed_by_callbacks",
]
