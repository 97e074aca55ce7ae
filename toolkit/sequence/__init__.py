"""Learning to calculate: an LSTM encoder-decoder from queries to answers, as text or as pictures.

``45+23`` to ``68``, learnt from examples. Data come from :func:`toolkit.datasets.make_arithmetic` and
:func:`toolkit.datasets.render_queries`.
"""

from toolkit.sequence._picture_reader import PictureReader
from toolkit.sequence._seq2seq import ArithmeticSeq2Seq

__all__ = ["ArithmeticSeq2Seq", "PictureReader"]
