"""
Which of my digits are upside down?
===================================

Some images of a set were turned on their heads. No labels are needed to find them, and nobody has to say how an upright
digit looks: most of the set shows it.
"""

from toolkit.corruption import Corruptor
from toolkit.datasets import load_digits
from toolkit.diagnostics import CorruptionIdentifier
from toolkit.plots import CorruptionGalleryDisplay

images = load_digits().images[:1000]
given, truth = Corruptor(["rotate_180"], fraction=0.1, random_state=0).corrupt(images)

# %%
# :class:`~toolkit.diagnostics.CorruptionIdentifier` turns images of the set itself, learns to tell them from the
# others, and then names what was done to each image, with a probability.

identifier = CorruptionIdentifier(["rotate_180"], random_state=0).fit(given)
found = identifier.identify(given)
found[found["kind"] != "clean"].sort_values("probability", ascending=False).head()

# %%
# The images that are called upside down, the surest first:

CorruptionGalleryDisplay.from_predictions(
    given, found["kind"], confidence=found["probability"], n_per_kind=8, order=["rotate_180", "clean"]
).plot()

# %%
# The truth was planted, so the answer can be checked. A zero, an eight, or a one that is a mere stroke looks the
# same upside down: such images cannot be found by anybody.

turned, called = truth == "rotate_180", (found["kind"] == "rotate_180").to_numpy()
print(f"{turned.sum()} were turned; {called.sum()} are called so, and {(turned & called).sum()} of these rightly")
