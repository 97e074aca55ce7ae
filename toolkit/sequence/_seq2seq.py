"""ArithmeticSeq2Seq: learns to calculate from examples, with text or pictures on either side."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.random import as_generator, spawn_seeds
from toolkit._core.types import PathLike, RandomState
from toolkit.callbacks import CallbackSupport, followed_by_callbacks
from toolkit.sequence._answers import AnswersMixin
from toolkit.sequence._characters import as_strings, decode
from toolkit.sequence._checks import check_parameters
from toolkit.sequence._encoding import EncodingMixin
from toolkit.sequence._pictures import unit_of
from toolkit.sequence._style_mixture import fit_style_mixtures

if TYPE_CHECKING:
    from toolkit.nn import Checkpoint

__all__ = ["ArithmeticSeq2Seq"]

_LATENT_SYMBOLS = 32  # classes of a reader, and inputs of a blurred writer, where no characters are given


@usual_floating_point
class ArithmeticSeq2Seq(CallbackSupport, AnswersMixin, EncodingMixin, BaseEstimator):
    """An LSTM encoder-decoder from a query to its answer, as strings or as sequences of pictures.

    Parameters
    ----------
    source, target : {"text", "image"}, default="text"
        What goes in and what comes out: strings such as ``"45+23"``, or one picture a character.
    hidden_size : int, default=128
        Units of each LSTM layer; even if ``bidirectional``.
    n_layers : int, default=1
        Layers of the encoder and of the decoder.
    attention : bool, default=True
        The decoder looks back at all steps of the encoder; it helps most where queries are few.
    bidirectional : bool, default=False
        The encoder reads in both directions.
    reverse_source : bool, default=False
        Read the query from its end.
    reverse_target : bool, default=True
        Write the answer from its end: units first, as carries go. Nothing else helps as much.
    teacher_forcing : bool, default=False
        True: each step of the decoder is given the character before (in training the true one). False: each step is
        given the encoder's summary (a repeat vector).
    writer : {"varied", "blurred"}, default="varied"
        For ``target="image"``. ``"varied"`` draws each character in a style of its own from a conditional variational
        autoencoder. ``"blurred"`` is the baseline: one picture a state of the decoder, learnt by the error of its
        pixels, which comes out as the mean of all styles.
    variety : float, default=0.6
        Spread of the varied writer about the components of its style mixture; 1 is as wide as the pictures in ``fit``.
    dropout : float in [0, 1), default=0.0
    weight_decay : float, default=0.1
        Of the encoder-decoder, decoupled (AdamW). Small sets need more: .3 for two thousand queries.
    learning_rate : float, default=0.01
        Of the encoder-decoder at its peak; one cycle up and down.
    picture_learning_rate : float, default=0.003
        Of the reader and the writer of pictures, at its peak.
    picture_rows : int, default=24
        Rows of a batch whose pictures are used, where their characters are known too.
    augment : float, default=1.0
        Strength of small turns, slants and shifts of the pictures that are read in training; 0 for none.
    steps : int, default=10_000
        Steps of the optimiser. Accuracy jumps late: short trainings mislead.
    batch_size : int, default=64
        Clipped to the number of rows.
    device : str, default="auto"
    n_threads : int, default=1
    random_state : int, RandomState instance or None, default=None
    verbose : bool, default=False

    Attributes
    ----------
    network_ : torch.nn.Module
    reader_, writer_ : torch.nn.Module or None
        For pictures on either side.
    source_characters_, target_characters_ : str or None
        The alphabets, blank first; None where only pictures are known.
    source_length_, target_length_ : int
        Characters a row.
    source_shape_, target_shape_ : tuple of int or None
        Shape of a picture.
    history_ : list of dict
        One entry an epoch: mean losses.
    batch_size_ : int

    See Also
    --------
    toolkit.datasets.make_arithmetic, toolkit.datasets.render_queries : Data.
    PictureReader : Reads answers that are pictures.

    Notes
    -----
    With ``source_text`` in ``fit`` the reader learns characters and the arithmetic is learnt from true characters; it
    calculates with the most probable ones, each picture being read five times, a pixel apart. Without it everything is
    learnt from the answers alone, which takes far more data, and what passes between pictures and arithmetic are
    probabilities of symbols that have no names.

    References
    ----------
    Sutskever, Vinyals and Le (2014), "Sequence to sequence learning with neural networks", NeurIPS 27.

    Examples
    --------
    >>> from toolkit.datasets import make_arithmetic
    >>> from toolkit.sequence import ArithmeticSeq2Seq
    >>> X, y = make_arithmetic("+", n_digits=1, train_share=0.9, random_state=0).part("train")
    >>> model = ArithmeticSeq2Seq(hidden_size=32, steps=300, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.8
    True
    """

    def __init__(
        self,
        source: str = "text",
        *,
        target: str = "text",
        hidden_size: int = 128,
        n_layers: int = 1,
        attention: bool = True,
        bidirectional: bool = False,
        reverse_source: bool = False,
        reverse_target: bool = True,
        teacher_forcing: bool = False,
        writer: str = "varied",
        variety: float = 0.6,
        dropout: float = 0.0,
        weight_decay: float = 0.1,
        learning_rate: float = 0.01,
        picture_learning_rate: float = 0.003,
        picture_rows: int = 24,
        augment: float = 1.0,
        steps: int = 10_000,
        batch_size: int = 64,
        device: str = "auto",
        n_threads: int = 1,
        random_state: RandomState = None,
        verbose: bool = False,
    ):
        self.source = source
        self.target = target
        self.hidden_size = hidden_size
        self.n_layers = n_layers
        self.attention = attention
        self.bidirectional = bidirectional
        self.reverse_source = reverse_source
        self.reverse_target = reverse_target
        self.teacher_forcing = teacher_forcing
        self.writer = writer
        self.variety = variety
        self.dropout = dropout
        self.weight_decay = weight_decay
        self.learning_rate = learning_rate
        self.picture_learning_rate = picture_learning_rate
        self.picture_rows = picture_rows
        self.augment = augment
        self.steps = steps
        self.batch_size = batch_size
        self.device = device
        self.n_threads = n_threads
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        source_text: ArrayLike | None = None,
        target_text: ArrayLike | None = None,
        hooks: Sequence[Callable] = (),
        checkpoint: "Checkpoint | PathLike | None" = None,
        resume: bool | PathLike = False,
    ) -> Self:
        """Learn from queries and their answers.

        Parameters
        ----------
        X : array-like of str of shape (n_samples,), or of shape (n_samples, source_length, height, width)
        y : array-like of str of shape (n_samples,), or of shape (n_samples, target_length, height, width)
        source_text : array-like of str of shape (n_samples,), optional
            What the pictures of ``X`` say.
        target_text : array-like of str of shape (n_samples,), optional
            What the pictures of ``y`` say; ``writer="varied"`` needs it.
        hooks : sequence of callable, default=()
        checkpoint : toolkit.nn.Checkpoint or path-like, optional
        resume : bool or path-like, default=False
            These three as in :func:`toolkit.nn.fit_loop`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            A parameter out of range, strings or pictures of the wrong kind, lengths that do not agree.
        """
        check_parameters(self)
        fields = self._source_fields(X, source_text) | self._target_fields(y, target_text)
        lengths = {name: len(values) for name, values in fields.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"X, y and their texts must be equally long, got {lengths}.")

        from toolkit.nn import fit_loop, limit_threads, resolve_device, torch_generator

        weight_seed, noise_seed, order_seed, mixture_seed, self._style_seed = spawn_seeds(self.random_state, 5)
        self.batch_size_ = min(self.batch_size, len(next(iter(fields.values()))))
        device = resolve_device(self.device)
        with limit_threads(self.n_threads):
            network, reader, writer = self._networks(torch_generator(weight_seed), device)
            trainer = self._trainer(network, reader, writer, fields, torch_generator(noise_seed, device))
            epoch_steps = -(-len(next(iter(fields.values()))) // self.batch_size_)
            with followed_by_callbacks(self, X=X, steps=self.steps, epoch_steps=epoch_steps) as followers:
                self.history_ = fit_loop(
                    trainer,
                    tuple(fields.values()),
                    batch_size=self.batch_size_,
                    steps=self.steps,
                    generator=as_generator(order_seed),
                    hooks=(*hooks, *followers),
                    checkpoint=checkpoint,
                    resume=resume,
                    parameters={
                        **self.get_params(deep=False),
                        "source_characters": self.source_characters_,
                        "target_characters": self.target_characters_,
                    },
                    verbose=self.verbose,
                    desc=type(self).__name__,
                )
        network.dropout.generator = None
        self.network_, self.reader_, self.writer_ = (
            None if part is None else part.eval().cpu() for part in (network, reader, writer)
        )
        if writer is not None and self.writer == "varied":
            pictures, characters = fields["target_pictures"], fields["target"]
            with limit_threads(self.n_threads):
                fit_style_mixtures(
                    self.writer_,
                    pictures.reshape(-1, *self.target_shape_),
                    characters.ravel(),
                    unit_of(self.target_scale_),
                    mixture_seed,
                )
        return self

    def predict(self, X: ArrayLike, *, random_state: RandomState = None) -> NDArray:
        """Answers.

        Parameters
        ----------
        X : as in ``fit``
        random_state : int, RandomState instance or None, default=None
            Chooses the styles of the varied writer; None takes those fixed in ``fit``, the same at each call.

        Returns
        -------
        ndarray
            Strings of shape (n_samples,), or pictures of shape (n_samples, target_length, height, width) in the dtype
            and range of those in ``fit``, the answer first and empty pictures after it.
        """
        logits, _ = self._answer(X)
        if self.target == "text":
            return self._written(logits.argmax(axis=2))
        return self._draw(logits, random_state)

    def predict_text(self, X: ArrayLike) -> NDArray:
        """Answers as strings, before they are drawn where the target is pictures.

        Returns
        -------
        ndarray of str of shape (n_samples,)
        """
        self._check_text("predict_text")
        return self._written(self._answer(X)[0].argmax(axis=2))

    def predict_proba(self, X: ArrayLike) -> NDArray:
        """Probabilities of the characters of the answers.

        Returns
        -------
        ndarray of shape (n_samples, target_length, n_characters)
            In the order in which the answer is read, over ``target_characters_``. With ``reverse_target`` blanks come
            first. With ``teacher_forcing`` each character is conditioned on the most probable one before it.
        """
        self._check_text("predict_proba")
        logits = self._answer(X)[0].astype(np.float64)
        logits -= logits.max(axis=2, keepdims=True)
        shares = np.exp(logits)
        shares /= shares.sum(axis=2, keepdims=True)
        return shares[:, ::-1].copy() if self.reverse_target else shares

    def answer_probability(self, X: ArrayLike) -> NDArray:
        """Probability that the model gives to each of its answers: how sure it is, not how right.

        Returns
        -------
        ndarray of shape (n_samples,)
            Product over the characters of the answer, each with its most probable value.
        """
        return self.predict_proba(X).max(axis=2).prod(axis=1)

    def attention_weights(self, X: ArrayLike) -> NDArray:
        """Where the decoder looks in the query as it writes each character.

        Returns
        -------
        ndarray of shape (n_samples, target_length, source_length)
            Rows in the order in which the answer is read, columns in that of the query; each row sums to 1.
        """
        check_is_fitted(self)
        if not self.attention:
            raise ValueError("attention_weights needs a model with attention=True, got attention=False.")
        weights = self._answer(X)[1]
        weights = weights[:, ::-1] if self.reverse_target else weights
        return (weights[:, :, ::-1] if self.reverse_source else weights).copy()

    def read_source(self, X: ArrayLike) -> NDArray:
        """What the model's own reader makes of picture queries.

        Returns
        -------
        ndarray of str of shape (n_samples,)
        """
        check_is_fitted(self)
        if self.source != "image" or self.source_characters_ is None:
            raise ValueError("read_source needs source='image' and source_text in fit.")
        return decode(self._source_shares(X).argmax(axis=2), self.source_characters_)

    def score(self, X: ArrayLike, y: ArrayLike, *, reader: object = None) -> float:
        """Share of the answers that are right to the last character.

        Parameters
        ----------
        X : as in ``fit``
        y : array-like of str of shape (n_samples,)
            The true answers.
        reader : object with ``read`` or callable, optional
            For picture answers: pictures (n_samples, target_length, height, width) to strings. It must not be part
            of the model. See :class:`PictureReader`.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        truth = as_strings(y, "y")
        answers = self.predict(X) if self.target == "text" else self._read_by(reader, X)
        if len(truth) != len(answers):
            raise ValueError(f"X and y must be equally long, got {len(answers)} and {len(truth)}.")
        return float((answers == truth).mean())

    def _read_by(self, reader, X):
        read = getattr(reader, "read", reader)
        if not callable(read):
            raise ValueError(
                "reader must be given for answers that are pictures: an object with read(pictures) -> strings, "
                f"such as PictureReader, got {reader!r}."
            )
        return as_strings(read(self.predict(X)), "what reader gives")

    def _networks(self, generator, device):
        """Encoder-decoder, reader and writer with fresh weights; the last two are None for text."""
        from toolkit.nn import build
        from toolkit.sequence._network import SequenceNetwork
        from toolkit.sequence._picture_networks import BlurredWriter, CharacterReader, VariedWriter, check_picture_shape

        for shape in (self.source_shape_, self.target_shape_):
            if shape is not None:
                check_picture_shape(shape)
        n_source, n_target = (
            len(alphabet) if alphabet is not None else _LATENT_SYMBOLS
            for alphabet in (self.source_characters_, self.target_characters_)
        )
        network = build(
            lambda: SequenceNetwork(
                n_source,
                n_target,
                self.target_length_,
                hidden_size=int(self.hidden_size),
                n_layers=int(self.n_layers),
                attention=bool(self.attention),
                bidirectional=bool(self.bidirectional),
                teacher_forcing=bool(self.teacher_forcing),
                dropout=float(self.dropout),
            ),
            generator,
        ).start(generator)
        reader = writer = None
        if self.source == "image":
            reader = build(lambda: CharacterReader(self.source_shape_, n_source), generator)
        if self.target == "image":
            kind = VariedWriter if self.writer == "varied" else BlurredWriter
            writer = build(lambda: kind(self.target_shape_, n_target), generator)
            if self.writer == "varied":
                writer.start()
        return tuple(None if part is None else part.to(device) for part in (network, reader, writer))

    def _trainer(self, network, reader, writer, fields, generator):
        from toolkit.sequence._trainer import SequenceTrainer

        return SequenceTrainer(
            network,
            reader,
            writer,
            tuple(fields),
            self.steps,
            generator,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            picture_learning_rate=self.picture_learning_rate,
            picture_rows=self.picture_rows,
            augment=self.augment,
            to_unit=unit_of(self.source_scale_) if reader is not None else None,
            target_to_unit=unit_of(self.target_scale_) if writer is not None else None,
        )

    def _check_text(self, method):
        check_is_fitted(self)
        if self.target_characters_ is None:
            raise ValueError(f"{method} needs answers in characters; writer='blurred' knows pictures only.")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.no_validation = True
        # Strings and sequences of pictures are no rows of numbers.
        tags.input_tags.one_d_array = tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.target_tags.required = True
        return tags
