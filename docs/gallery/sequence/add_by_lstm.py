"""
Can an LSTM learn to add?
=========================

From examples alone, ``"45+23"`` to ``"68"``: an encoder reads the query, and a decoder writes the answer, its
units first.
"""

import pandas as pd

from toolkit.comparison import count_carries
from toolkit.datasets import make_arithmetic
from toolkit.plots import QueryPageDisplay
from toolkit.sequence import ArithmeticSeq2Seq

sums = make_arithmetic("+", n_digits=2, train_share=0.5, random_state=0)
model = ArithmeticSeq2Seq(hidden_size=64, steps=700, random_state=0).fit(*sums.part("train"))

queries, answers = sums.part("test")
print(f"{model.score(queries[:1000], answers[:1000]):.0%} of sums that were not in the training set are right")

# %%
# Queries and answers, mistakes in orange:

predicted = model.predict(queries[:24])
QueryPageDisplay.from_predictions(queries[:24], predicted, answers[:24]).plot()

# %%
# Where do the mistakes lie? For each number of carries, how many sums there are and which share of them is right.
# Accuracy jumps late in a training, and the default length (``steps=10_000``) leaves next to no mistakes.

predicted = model.predict(queries)
table = pd.DataFrame({"carries": count_carries(queries), "right": predicted == answers})
table.groupby("carries").agg(["size", "mean"]).round(3)
