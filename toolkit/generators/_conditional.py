"""The conditional GAN: a generator conditioned on a label."""

import numbers
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import iter_chunks, validate_images
from toolkit._core.parameters import check_int
from toolkit._core.random import as_generator, spawn_seeds
from toolkit._core.types import ImageShape, PathLike, RandomState
from toolkit.generators import _conditional_setup as labels
from toolkit.generators import _gan_setup as setup
from toolkit.generators._gan import GAN
from toolkit.generators._paths import latent_path

if TYPE_CHECKING:
    from toolkit.nn import Checkpoint

__all__ = ["ConditionalGAN"]

_CHUNK = 4096


_NOT_WITH_LABELS = (
    *("unrolled_steps", "feature_matching", "augmentation"),
    *("n_categories", "n_continuous", "information_weight"),
)


@usual_floating_point
class ConditionalGAN(GAN):
    """Learn labelled images, and draw new ones of the labels asked for.

    Both networks of a :class:`GAN` are conditioned on the label [1]_: the generator makes an image of a latent and a
    label, the discriminator judges whether an image is a real one of its label. Labels may be of any type; they are the
    one thing in this package that a model needs beside images.

    Parameters
    ----------
    architecture : {"mlp", "dcgan", "resnet"}, optional
    generator_conditioning : {"embedding", "batch_norm"}, default="embedding"
        ``"embedding"`` joins a learnt vector of the class to the latent [1]_. ``"batch_norm"`` gives each class its own
        gains and offsets of all norms [3]_.
    discriminator_conditioning : {"projection", "embedding"}, default="projection"
        ``"projection"`` adds the inner product of the image's features and a vector of the class to the logit [2]_.
        ``"embedding"`` shows a learnt vector of the class (one more channel, for convolutions) beside the image [1]_:
        at equal time it draws fewer hands of each class.
    embedding_dim : int, default=32
        Length of the vectors that are joined to the latent, and for ``"mlp"`` to the image.
    mismatch_weight : float, default=1.0
        Above zero, the discriminator is also given each real image with a wrong label, to be rejected like a fake
        [4]_, with this weight. Without it a discriminator that looks at the image alone has little reason
        to look at the label, and far less of what is drawn is what was asked for.
    preset, objective, latent_dim, latent_distribution, generator_widths, discriminator_widths, generator_norm, \
spectral_norm, minibatch_std, dropout, gradient_penalty, penalty_weight, penalty_interval, packing, label_smoothing, \
instance_noise, weight_averaging, epochs, max_steps, max_seconds, batch_size, learning_rate, \
discriminator_learning_rate, betas, discriminator_betas, lr_schedule, critic_steps, snapshot_epochs, \
n_snapshot_samples, precision, scaling, image_shape, device, n_threads, random_state, verbose
        As for :class:`GAN`, with the same defaults. Snapshots go round the classes. A pack is of rows with labels of
        their own. ``generator_norm`` has no meaning for ``generator_conditioning="batch_norm"``, which is one.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels seen, sorted.
    class_shares_ : ndarray of shape (n_classes,)
        How often each was seen.
    packing_context_codes_ : ndarray
        Places in ``classes_`` of the labels of ``packing_context_``.
    generator_, discriminator_, settings_, history_, snapshots_, training_state_, packing_context_, column_range_, \
batch_size_, dtype_, layout_, n_features_in_
        As for :class:`GAN`. The generator takes latents with a weight for each class behind them.

    See Also
    --------
    GAN : Needs no labels.

    References
    ----------
    .. [1] M. Mirza and S. Osindero, Conditional generative adversarial nets, 2014.
    .. [2] T. Miyato and M. Koyama, cGANs with projection discriminator, ICLR 2018.
    .. [3] V. Dumoulin et al., A learned representation for artistic style, ICLR 2017.
    .. [4] S. Reed et al., Generative adversarial text to image synthesis, ICML 2016.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.generators import ConditionalGAN
    >>> digits = load_digits()
    >>> gan = ConditionalGAN(epochs=1, random_state=0).fit(digits.images[:200], digits.labels[:200])
    >>> gan.sample(5, y=3, random_state=0).shape, gan.interpolate(3, 7, 10).shape
    ((5, 28, 28), (10, 28, 28))
    """

    _fit_together = None  # type: ignore[assignment]  # labels are not batched

    # What the pair of a preset has, where it can have labels as well.
    unrolled_steps = feature_matching = augmentation = n_categories = n_continuous = information_weight = None

    def __init__(
        self,
        architecture: str | None = None,
        *,
        preset: str = "modern",
        generator_conditioning: str = "embedding",
        discriminator_conditioning: str = "projection",
        embedding_dim: int = 32,
        mismatch_weight: float = 1.0,
        objective: str | None = None,
        latent_dim: int | None = None,
        latent_distribution: str | None = None,
        generator_widths: Sequence[int] | None = None,
        discriminator_widths: Sequence[int] | None = None,
        generator_norm: str | None = None,
        spectral_norm: bool | None = None,
        minibatch_std: bool | None = None,
        dropout: float | None = None,
        gradient_penalty: str | None = None,
        penalty_weight: float | None = None,
        penalty_interval: int | None = None,
        packing: int | None = None,
        label_smoothing: float | None = None,
        instance_noise: float | None = None,
        weight_averaging: float | None = None,
        epochs: int | None = None,
        max_steps: int | None = None,
        max_seconds: float | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        discriminator_learning_rate: float | None = None,
        betas: tuple[float, float] | None = None,
        discriminator_betas: tuple[float, float] | None = None,
        lr_schedule: str | None = None,
        critic_steps: int | None = None,
        snapshot_epochs: Sequence[int] = (10, 50, 100),
        n_snapshot_samples: int = 25,
        precision: str = "float32",
        scaling: str = "auto",
        image_shape: ImageShape = None,
        device: str = "auto",
        n_threads: int = 1,
        random_state: RandomState = None,
        verbose: bool = False,
    ):
        super().__init__(
            architecture,
            preset=preset,
            objective=objective,
            latent_dim=latent_dim,
            latent_distribution=latent_distribution,
            generator_widths=generator_widths,
            discriminator_widths=discriminator_widths,
            generator_norm=generator_norm,
            spectral_norm=spectral_norm,
            minibatch_std=minibatch_std,
            dropout=dropout,
            gradient_penalty=gradient_penalty,
            penalty_weight=penalty_weight,
            penalty_interval=penalty_interval,
            packing=packing,
            label_smoothing=label_smoothing,
            instance_noise=instance_noise,
            weight_averaging=weight_averaging,
            epochs=epochs,
            max_steps=max_steps,
            max_seconds=max_seconds,
            batch_size=batch_size,
            learning_rate=learning_rate,
            discriminator_learning_rate=discriminator_learning_rate,
            betas=betas,
            discriminator_betas=discriminator_betas,
            lr_schedule=lr_schedule,
            critic_steps=critic_steps,
            snapshot_epochs=snapshot_epochs,
            n_snapshot_samples=n_snapshot_samples,
            precision=precision,
            scaling=scaling,
            image_shape=image_shape,
            device=device,
            n_threads=n_threads,
            random_state=random_state,
            verbose=verbose,
        )
        for name in _NOT_WITH_LABELS:
            delattr(self, name)  # of the class, so that they are no parameters
        self.generator_conditioning = generator_conditioning
        self.discriminator_conditioning = discriminator_conditioning
        self.embedding_dim = embedding_dim
        self.mismatch_weight = mismatch_weight

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        checkpoint: "Checkpoint | PathLike | None" = None,
        resume: bool | PathLike = False,
        hooks: Sequence[Callable] = (),
    ) -> Self:
        """Train both networks from the start.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
            uint8 stays uint8 in memory.
        y : array-like of shape (n_samples,)
            Labels: numbers or strings.
        checkpoint, resume, hooks
            As for :meth:`GAN.fit`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            A parameter out of range, or labels that are missing, mixed or not finite.
        CheckpointError
            What to resume from is damaged, or of other data or other parameters.
        DivergenceError
            A loss became NaN or exploded.
        """
        stack = validate_images(self, X, reset=True)
        y = labels.check_labels(y, len(stack))
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.class_shares_ = np.bincount(codes) / len(codes)
        return self._fit(stack, X, codes, checkpoint=checkpoint, resume=resume, hooks=hooks)

    def partial_fit(self, X: ArrayLike, y: ArrayLike | None = None, *, classes: ArrayLike | None = None) -> Self:
        """Train on for one pass over ``X``, with the optimisers as they were left; see :meth:`GAN.partial_fit`.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        y : array-like of shape (n_samples,)
        classes : array-like of shape (n_classes,), optional
            All labels that will ever come; used at the first call, where None takes those of ``y``.

        Returns
        -------
        self
        """
        first = not hasattr(self, "training_state_")
        stack = validate_images(self, X, reset=first)
        y = labels.check_labels(y, len(stack))
        if first:
            classes = y if classes is None else labels.check_labels(classes, None, "classes")
            self.classes_ = np.unique(classes)
            self.class_shares_ = np.full(len(self.classes_), 1 / len(self.classes_))
        return self._partial_fit(stack, X, labels.encode(self.classes_, y))

    def sample(  # type: ignore[override]  # labels are asked for, no categories
        self,
        n_samples: int = 1,
        *,
        y: ArrayLike | None = None,
        labels: ArrayLike | None = None,
        random_state: RandomState = None,
    ) -> NDArray:
        """Draw new rows of the labels asked for.

        Parameters
        ----------
        n_samples : int, default=1
        y : label or array-like of labels of shape (n_samples,), optional
            What the rows are to show: one label for all, or one for each (``n_samples`` need not be given then). None
            draws labels as often as they were seen.
        labels : label or array-like of labels of shape (n_samples,), optional
            Another name for ``y``.
        random_state : int, RandomState instance or None, default=None
            None draws afresh each time. The latents of a seed do not depend on ``y``.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            In the layout, dtype and range of the training rows.

        Raises
        ------
        ValueError
            A label that was not seen in ``fit``.
        """
        check_is_fitted(self)
        return self._sample(self.generator_, n_samples, y=y, labels=labels, random_state=random_state)

    def _sample(self, network, n_samples=1, *, y=None, labels=None, random_state=None):
        check_int("n_samples", n_samples)
        if labels is not None:
            if y is not None:
                raise ValueError("labels is another name for y: give one of the two.")
            y = labels
        many = y is not None and np.ndim(y) > 0
        if many and n_samples not in (1, len(y)):
            raise ValueError(f"y must be one label, or n_samples={n_samples} of them, got {len(y)}.")
        n_samples = len(y) if many else n_samples
        latent_seed, label_seed = spawn_seeds(random_state, 2)
        if y is None:
            y = self.classes_[as_generator(label_seed).choice(len(self.classes_), n_samples, p=self.class_shares_)]
        z = setup.draw_latents(self, n_samples, *spawn_seeds(latent_seed, 1))
        return self._generate(network, self._inputs(z, y))

    def generate(self, z: ArrayLike, y: ArrayLike) -> NDArray:  # type: ignore[override]  # it needs labels as well
        """Rows of given latents and labels, each independent of its neighbours.

        Parameters
        ----------
        z : array-like of shape (n_samples, latent_dim)
        y : label, array-like of labels of shape (n_samples,), or float array of shape (n_samples, n_classes)
            The last are weights of the classes, for what lies between them.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            In the layout, dtype and range of the training rows.
        """
        return self._generate(self.generator_, self._inputs(self._check_latents(z), y))

    def class_grid(self, n_columns: int = 10, *, random_state: RandomState = None) -> NDArray:
        """A row of images for each class; down a column the latent is the same, and only the label differs.

        Parameters
        ----------
        n_columns : int, default=10
        random_state : int, RandomState instance or None, default=None

        Returns
        -------
        ndarray of shape (n_classes * n_columns, ...)
            Class by class, in the order of ``classes_``.
        """
        z = self.latents(n_columns, random_state=random_state)
        return self.generate(np.tile(z, (len(self.classes_), 1)), np.repeat(self.classes_, n_columns))

    def interpolate(  # type: ignore[override]  # between labels, not latents alone
        self,
        from_label: str | float,
        to_label: str | float,
        n_steps: int = 10,
        *,
        start: int | ArrayLike | None = None,
        end: int | ArrayLike | None = None,
        method: str = "spherical",
        random_state: RandomState = None,
    ) -> NDArray:
        """Rows on the way from one label to another, and from one latent to another if two are given.

        Parameters
        ----------
        from_label, to_label : label
            In between, the classes are weighed in a straight line.
        n_steps : int, default=10
            Rows to give, both ends included.
        start, end : int or array-like of shape (latent_dim,), optional
            A latent, or the seed of one as for :meth:`latents`. ``start`` is drawn with ``random_state`` if not given;
            without ``end`` the latent stays, and only the label changes.
        method : {"spherical", "linear"}, default="spherical"
            Between the latents.
        random_state : int, RandomState instance or None, default=None

        Returns
        -------
        ndarray of shape (n_steps, ...)
            In the layout, dtype and range of the training rows.
        """
        check_is_fitted(self)
        first = self._latent(start if start is not None else spawn_seeds(random_state, 1)[0])
        last = first if end is None else self._latent(end)
        z = latent_path(first, last, n_steps, method)
        begin, finish = labels.weights(self.classes_, [from_label, to_label], 2)
        return self.generate(z, latent_path(begin, finish, n_steps, "linear"))

    def discriminator_score(self, X: ArrayLike, y: ArrayLike | None = None) -> NDArray:
        """The discriminator's logit of each row; higher = taken for a real one of its label.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        y : label or array-like of labels of shape (n_samples,), optional
            None judges each row under every label, and gives the mean as often as labels were seen.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        stack = validate_images(self, X, reset=False)
        if y is None:
            every = zip(self.classes_, self.class_shares_)
            return sum(share * self._scores(stack, label) for label, share in every)
        return self._scores(stack, y)

    def _scores(self, stack, y):
        from toolkit.nn import limit_threads

        weights = labels.weights(self.classes_, y, len(stack))
        context = labels.one_hot(self.packing_context_codes_, len(self.classes_))
        with limit_threads(self.n_threads):
            return np.concatenate(
                [
                    setup.scores(self, stack[part], self.packing_context_, (weights[part], context))
                    for part in iter_chunks(len(stack), _CHUNK)
                ]
            )

    def _inputs(self, z, y):
        """Latents with the weights of the classes behind them, as the generator takes them."""
        return np.hstack([z, labels.weights(self.classes_, y, len(z))])

    def _latent(self, place):
        return self.latents(1, random_state=int(place))[0] if isinstance(place, numbers.Integral) else place

    def _check_parameters(self):
        labels.check_parameters(self)

    def _training_parameters(self):
        return {**super()._training_parameters(), "classes": self.classes_}

    def _make_trainer(self, weight_seed, training_seed, total_steps):
        return labels.make_trainer(self, weight_seed, training_seed, total_steps)

    def _snapshot_latents(self, seed):
        codes = np.arange(self.n_snapshot_samples) % len(self.classes_)
        return np.hstack([super()._snapshot_latents(seed), labels.one_hot(codes, len(self.classes_))])

    def _keep_packing_context(self, seed, stack, codes):
        super()._keep_packing_context(seed, stack)
        self.packing_context_codes_ = self._packing_context(seed, codes)
