"""The generative adversarial network: a generator that learns by fooling a discriminator."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import validate_images
from toolkit._core.types import ImageShape, PathLike, RandomState
from toolkit.generators._batched_fits import fit_batched
from toolkit.generators._gan_fitting import FittingMixin
from toolkit.generators._gan_sampling import SamplingMixin
from toolkit.generators._replicas import ReplicasMixin

if TYPE_CHECKING:
    from torch import nn

    from toolkit.nn import Checkpoint

__all__ = ["GAN"]


@usual_floating_point
class GAN(FittingMixin, SamplingMixin, ReplicasMixin, BaseEstimator):
    """Learn a set of images, or the rows of any table, as a game of two networks, and draw new ones.

    The generator makes images of random latents; the discriminator learns to tell them from real ones, the generator to
    be taken for real [1]_. What is said to cause or to cure mode collapse is a parameter here, each with its paper.

    Parameters
    ----------
    architecture : {"mlp", "dcgan", "resnet"} or pair of torch.nn.Module, optional
        Own modules, ``(generator, discriminator)``, take latents (n, latent_dim) to images (n, channels, height, width)
        in [-1, 1], and such images, packed along the channels, to n logits. They are copied, and trained from the
        weights they have; widths, norms and dropout are then their own affair.
    preset : str, default="modern"
        What each parameter from ``architecture`` to ``information_weight`` is where it is None; a value given wins. See
        :func:`gan_presets` for all of them and their papers. ``"modern"`` draws well in little time; ``"plain"`` is the
        game as it was first published, which is known to collapse.

        *The game*
    objective : str, optional
        What both minimise: ``"minimax"`` and ``"nonsaturating"`` [1]_, ``"least_squares"`` (Mao et al., 2017),
        ``"wasserstein"`` (weights clipped to 0.01 unless a gradient penalty is given; Arjovsky et al., 2017),
        ``"wasserstein_gp"`` (with the penalty ``"wgan"``; Gulrajani et al., 2017), ``"hinge"`` (Lim and Ye, 2017),
        ``"relativistic"`` (pairs of real and fake rows; Jolicoeur-Martineau, 2018).
    gradient_penalty : {"r1", "r2", "r1r2", "zero_centred", "wgan", "none"}, optional
        On the discriminator: ``"r1"`` at real rows, ``"r2"`` at fake ones (Mescheder et al., 2018), both (Huang et al.,
        2024), between them (Thanh-Tung et al., 2019), or between them towards slope one (Gulrajani et al., 2017);
        ``"none"`` leaves what the objective has of its own.
    penalty_weight : float, optional
        R1 and R2 are taken by half of it, as defined.
    penalty_interval : int, optional
        Steps between two penalties, each then this many times stronger (Karras et al., 2020).
    packing : int, optional
        Rows that the discriminator judges at a time (PacGAN; Lin et al., 2018). Batches are divided into packs.
    label_smoothing : float in [0, 0.5], optional
        One-sided: how far the target of real rows is below one (Salimans et al., 2016).
    instance_noise : float, optional
        Standard deviation of noise on all that the discriminator sees, in units of half the range, falling to nothing
        over the training (Sønderby et al., 2017).
    critic_steps : int, optional
        Steps of the discriminator, a batch each, to one of the generator.
    unrolled_steps : int, optional
        Steps of the discriminator that the generator looks ahead (Metz et al., 2017); each costs about a step more.
    feature_matching : float, optional
        Weight, in the generator's loss, of the distance between the mean features of real and fake rows before the
        discriminator's last layer (Salimans et al., 2016).
    augmentation : str, optional
        ``"none"``, or some of ``"color"``, ``"translation"`` and ``"cutout"`` joined by commas: how all that the
        discriminator sees is changed, for sets of some hundred rows (DiffAugment; Zhao et al., 2020).

        *Codes*
    n_categories, n_continuous : int, optional
        The generator is told one of so many categories, and so many numbers in [-1, 1], that another network must read
        from its images (InfoGAN; Chen et al., 2016): :meth:`predict` names the category of real rows, without labels.
    information_weight : float, optional
        Of the codes in the generator's loss.

        *Networks*
    latent_dim : int, optional
    latent_distribution : {"normal", "uniform", "corners"}, optional
        ``"corners"`` are small clouds about the corners of a cube, for data that fall into separate modes: a continuous
        generator draws bridges between them from latents of one piece (Gurumurthy et al., 2017; Khayatkhoei et al.,
        2018).
    generator_widths, discriminator_widths : tuple of int, optional
        Hidden layers from the input on, or channels of each grid, in the order in which an image passes them. Where
        the preset has none they are 256, 512, 1024 and 512, 256 for ``"mlp"``; convolutions halve the image until its
        shorter side is below 8 and have 128 (``"dcgan"``) or 64 channels there, half as many in each finer grid, but
        16 at least.
    generator_norm : {"none", "batch"}, optional
        Batch norm in the generator (Radford et al., 2016).
    spectral_norm : bool, optional
        In the discriminator (Miyato et al., 2018).
    minibatch_std : bool, optional
        Show the discriminator how much its batch varies (Karras et al., 2018).
    dropout : float in [0, 1), optional
        In the discriminator.
    weight_averaging : float in [0, 1), optional
        Decay of a moving average of the generator's weights, which is then the generator that is kept (Yazıcı et al.,
        2019); 0 for none. Batch-norm statistics are estimated anew for it.

        *Training*
    epochs : int, optional
        Passes over the rows. Without any of the three lengths: ten, or up to fifty where ten are less than 2,000 steps
        and there are 500 rows or more.
    max_steps : int, optional
        Length of the training in steps instead of epochs.
    max_seconds : float, optional
        Length in seconds of wall-clock time, resumed trainings taken together. Alone it is the length, and schedules
        follow the clock; beside another the training ends at whichever comes first. Such a fit does not repeat bitwise.
    batch_size : int, optional
        Clipped to the number of rows.
    learning_rate : float, optional
        Of Adam, for both networks unless the next is given.
    discriminator_learning_rate : float, optional
        Two time scales: Heusel et al. (2017).
    betas : tuple of two floats, optional
    discriminator_betas : tuple of two floats, optional
    lr_schedule : {"constant", "linear", "cosine"}, optional
        The last two fall to nothing at the end.
    snapshot_epochs : tuple of int, default=(10, 50, 100)
        After which a fixed set of latents is drawn.
    n_snapshot_samples : int, default=25
    precision : {"float32", "bfloat16", "auto"}, default="float32"
        Of matrix products in training. Sampling is always in single precision.

        *Data and machine*
    scaling : {"auto", "pixels", "columns"}, default="auto"
        One range for all values, or one for each column. ``"auto"`` takes pixels for stacks, uint8, a given
        ``image_shape``, and rows that form a square of at least 8 x 8; columns for other tables.
    image_shape : tuple of int, optional
        Shape of an image in flat rows; None takes a square, or else one row of pixels.
    device : str, default="auto"
        ``"auto"`` is CUDA where there is one, else the processor.
    n_threads : int, default=1
        Threads of torch. Results are bitwise repeatable at an equal number only.
    random_state : int, RandomState instance or None, default=None
    verbose : bool, default=False
        Show a progress bar.

    Attributes
    ----------
    generator_, discriminator_ : torch.nn.Module
        The trained networks, on the processor; the generator is the averaged one if weights are averaged.
    recognition_ : torch.nn.Module or None
        Reads the codes of a GAN that has some.
    settings_ : dict
        What was in force: parameters given, and those of the preset in the place of the others.
    history_ : list of dict
        One entry per epoch: ``epoch``, ``step``, ``seconds``, and means of ``generator_loss``, ``discriminator_loss``,
        ``real_accuracy`` and ``fake_accuracy`` (shares called rightly by the discriminator),
        ``generator_gradient_norm``, ``discriminator_gradient_norm``, and ``gradient_penalty`` if there is one.
        Accuracies and norms are taken at every eighth step. With categories also ``category_information``, in nats:
        what the category of a row, changed a little, says of that of the same row, changed anew. ``information_loss``
        is there once codes count, with categories after a quarter of the training.
    snapshots_ : dict of int to ndarray
        Samples of the same latents after the epochs asked for.
    training_state_ : dict
        What :meth:`partial_fit` goes on from, optimisers included.
    packing_context_ : ndarray
        Training rows that complete the packs of :meth:`discriminator_score`: the contexts in which a row is judged.
    column_range_ : ndarray of shape (2, n_features), or None
    batch_size_ : int
        The batch size used.
    dtype_, layout_ : str
        Of the training rows, and so of samples.
    n_features_in_ : int

    See Also
    --------
    VariationalAutoencoder : Has a bound of the likelihood, and blurs.

    Notes
    -----
    Everything random comes from local generators, and torch runs on one thread: fits repeat bitwise, also several at a
    time. In inference each row is independent of its neighbours.

    References
    ----------
    .. [1] I. Goodfellow et al., Generative adversarial nets, NeurIPS 2014.
    .. [2] N. Huang et al., The GAN is dead; long live the GAN! A modern GAN baseline, NeurIPS 2024.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.generators import GAN
    >>> X = load_digits().images[:200]
    >>> gan = GAN(epochs=1, random_state=0).fit(X)
    >>> gan.sample(5, random_state=0).shape, gan.discriminator_score(X).shape, len(gan.history_)
    ((5, 28, 28), (200,), 1)
    """

    def __init__(
        self,
        architecture: "str | tuple[nn.Module, nn.Module] | None" = None,
        *,
        preset: str = "modern",
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
        unrolled_steps: int | None = None,
        feature_matching: float | None = None,
        augmentation: str | None = None,
        n_categories: int | None = None,
        n_continuous: int | None = None,
        information_weight: float | None = None,
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
        self.architecture = architecture
        self.preset = preset
        self.objective = objective
        self.latent_dim = latent_dim
        self.latent_distribution = latent_distribution
        self.generator_widths = generator_widths
        self.discriminator_widths = discriminator_widths
        self.generator_norm = generator_norm
        self.spectral_norm = spectral_norm
        self.minibatch_std = minibatch_std
        self.dropout = dropout
        self.gradient_penalty = gradient_penalty
        self.penalty_weight = penalty_weight
        self.penalty_interval = penalty_interval
        self.packing = packing
        self.label_smoothing = label_smoothing
        self.instance_noise = instance_noise
        self.weight_averaging = weight_averaging
        self.epochs = epochs
        self.max_steps = max_steps
        self.max_seconds = max_seconds
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.discriminator_learning_rate = discriminator_learning_rate
        self.betas = betas
        self.discriminator_betas = discriminator_betas
        self.lr_schedule = lr_schedule
        self.critic_steps = critic_steps
        self.unrolled_steps = unrolled_steps
        self.feature_matching = feature_matching
        self.augmentation = augmentation
        self.n_categories = n_categories
        self.n_continuous = n_continuous
        self.information_weight = information_weight
        self.snapshot_epochs = snapshot_epochs
        self.n_snapshot_samples = n_snapshot_samples
        self.precision = precision
        self.scaling = scaling
        self.image_shape = image_shape
        self.device = device
        self.n_threads = n_threads
        self.random_state = random_state
        self.verbose = verbose

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
        y : ignored
        checkpoint : toolkit.nn.Checkpoint or path-like, optional
            Where and how often to write what is needed to go on after a crash.
        resume : bool or path-like, default=False
            True goes on from the latest checkpoint, if there is one; what comes out is bitwise equal to the fit that
            was never interrupted. With other parameters than it was started with it is refused; more
            epochs may be asked for, fewer not.
        hooks : sequence of callable
            Each is called as ``hook(trainer, entry)`` after an epoch with the entry of ``history_``; one that returns
            True ends the training. ``trainer.sample(n_samples, random_state=None)`` draws from the generator as trained
            so far, and leaves the training as it is.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            A parameter out of range.
        CheckpointError
            What to resume from is damaged, or of other data or other parameters.
        DivergenceError
            A loss became NaN or exploded.
        """
        stack = validate_images(self, X, reset=True)
        return self._fit(stack, X, checkpoint=checkpoint, resume=resume, hooks=hooks)

    def partial_fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Train on for one pass over ``X``, with the optimisers as they were left.

        The scale of the values is learnt from the first rows seen. As there is no known end, rates are constant and
        instance noise is nil.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        y : ignored

        Returns
        -------
        self
        """
        return self._partial_fit(validate_images(self, X, reset=not hasattr(self, "training_state_")), X)

    _fit_together = staticmethod(fit_batched)  # the seeds of fit_many as one network
