"""
Can it calculate from handwriting?
==================================

The queries are pictures of handwritten characters, one after the other; the answers are text. The digits of the test
are not those of the training set.
"""

import numpy as np

from toolkit.datasets import load_digits, make_arithmetic, render_queries
from toolkit.plots import QueryPageDisplay
from toolkit.sequence import ArithmeticSeq2Seq

digits = load_digits()
ours, others = digits.subset(np.arange(0, 1200)), digits.subset(np.arange(1200, 1797))  # by other writers

sums = make_arithmetic("+", n_digits=1, train_share=0.8, random_state=0)
queries, answers = sums.part("train")
queries, answers = np.tile(queries, 20), np.tile(answers, 20)  # each sum in twenty hands
pictures = render_queries(queries, digits=ours, random_state=0)

model = ArithmeticSeq2Seq("image", hidden_size=64, steps=400, random_state=0)
model.fit(pictures, answers, source_text=queries)

# %%
# Sums of the training set and others, all written by hands that the model has not seen:

asked, truth = (np.concatenate(part) for part in zip(sums.part("train"), sums.part("test"), strict=True))
written = render_queries(asked, digits=others, length=pictures.shape[1], random_state=1)
read = model.predict(written)
print(f"{(read == truth).mean():.0%} of {len(asked)} handwritten sums are answered rightly")

# %%
# A page of them, mistakes in orange:

QueryPageDisplay.from_predictions(written[:24], read[:24], truth[:24]).plot()
