"""Flow matching: a network learns how noise moves to become data; diffusion models are a preset of it."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, check_is_fitted

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import validate_images
from toolkit._core.layouts import in_layout
from toolkit._core.parameters import check_int, check_number
from toolkit._core.random import spawn_seeds
from toolkit._core.types import ImageShape, PathLike, RandomState
from toolkit.generators import _flow_setup as setup
from toolkit.generators import _gan_setup as scales
from toolkit.generators._flow_distillation import DistillationMixin
from toolkit.generators._flow_fitting import FlowFittingMixin
from toolkit.generators._paths import latent_path
from toolkit.generators._replicas import ReplicasMixin

if TYPE_CHECKING:
    from toolkit.nn import Checkpoint

__all__ = ["FlowMatching"]


@usual_floating_point
class FlowMatching(FlowFittingMixin, DistillationMixin, ReplicasMixin, BaseEstimator):
    """Learn a set of images, or the rows of any table, as a flow from noise to data, and draw new ones.

    Noise and data are joined by a path; a network learns, at points of such paths, how they move, and sampling follows
    it from noise on [1]_, [2]_. A diffusion model is the same with another path [3]_, and a preset here. Training is a
    plain regression: it does not collapse, and takes longer than a :class:`GAN` to draw as sharply.

    Parameters
    ----------
    architecture : {"unet", "mlp"}, optional
        None takes a small U-Net for images of 8 x 8 pixels or more, else layers without convolution.
    preset : str, default="modern"
        What each parameter from ``path`` to ``lr_schedule`` is where it is None; a value given wins. See
        :func:`flow_presets` for all of them and their papers.

        *The flow*
    path : {"linear", "cosine"}, optional
        How much of noise and data is in a point on the way.
    target : {"velocity", "noise"}, optional
        What the network answers.
    coupling : {"independent", "optimal_transport"}, optional
        Which noise belongs to which row of a batch: any, or the pairing of the least sum of squared distances [4]_.
    times : {"uniform", "logit_normal"}, optional
        At which times of the path it learns.

        *Conditions*
    conditional : bool, default=False
        Learn from the labels ``y`` of ``fit``, to draw what is asked for. Without it ``y`` is ignored.
    n_clusters : int, optional
        Without labels: the network is told in which of so many clusters (k-means) a row is, and samples are drawn from
        each as often as the data are; 0 for none. At least 20 rows a cluster.
    condition_dropout : float in [0, 1), optional
        Share of the rows that learn without their condition, which guidance needs.
    guidance : float, optional
        How far samples go past what is drawn without a condition; 1 is none, above are clearer images and less
        variety (Ho and Salimans, 2022). Other than 1 doubles the time.

        *Sampling*
    solver : {"adams", "heun", "euler", "ddim", "ancestral"}, optional
        ``"heun"`` asks the network twice a step, the others once.
    n_sampling_steps : int, optional
    noise_scale : float, optional
        Standard deviation of the noise that samples begin from. Above 1 they are more varied and less clear, as with
        few steps they are less varied than the data; below 1 clearer.

        *Network and training*
    widths : sequence of int, optional
        Channels of each grid of the U-Net, the finest first, or of each layer.
    weight_averaging : float in [0, 1), optional
        Decay of a moving average of the weights, which is then what is kept; 0 for none.
    epochs, max_steps, max_seconds : optional
        Length, as of :class:`GAN`.
    batch_size : int, optional
        Clipped to the number of rows.
    learning_rate : float, optional
        Of Adam, after fifty steps of warming up.
    betas : tuple of two floats, optional
    lr_schedule : {"constant", "linear", "cosine"}, optional
        The last two fall to nothing at the end.
    precision : {"float32", "bfloat16", "auto"}, default="float32"
        Of matrix products, in training and in sampling.

        *Data and machine*
    scaling : {"auto", "pixels", "columns"}, default="auto"
        One range for all values, or one for each column; see :class:`GAN`.
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
    network_ : torch.nn.Module
        The trained network, on the processor; the averaged one if weights are averaged.
    settings_ : dict
        What was in force: parameters given, and those of the preset in the place of the others.
    history_ : list of dict
        One entry per epoch: ``epoch``, ``step``, ``seconds`` and the mean ``loss``.
    classes_ : ndarray, or None
        Labels in sorted order, of a conditional flow.
    cluster_centres_ : ndarray of shape (n_clusters, n_features)
        Of the rows in [0, 1]; empty where there are none.
    condition_shares_ : ndarray
        How often each label or cluster was seen, and is drawn.
    training_state_ : dict
        What :meth:`partial_fit` goes on from, the optimiser included.
    column_range_ : ndarray of shape (2, n_features), or None
    batch_size_, n_conditions_ : int
    dtype_, layout_ : str
        Of the training rows, and so of samples.
    n_features_in_ : int

    See Also
    --------
    GAN : Draws readable images in seconds instead of minutes.

    Notes
    -----
    Everything random comes from local generators, and torch runs on one thread: fits repeat bitwise. Each row of a
    sample is independent of its neighbours.

    References
    ----------
    .. [1] X. Liu, C. Gong and Q. Liu, Flow straight and fast: learning to generate and transfer data with rectified
       flow, ICLR 2023.
    .. [2] Y. Lipman et al., Flow matching for generative modeling, ICLR 2023.
    .. [3] J. Ho, A. Jain and P. Abbeel, Denoising diffusion probabilistic models, NeurIPS 2020.
    .. [4] A. Tong et al., Improving and generalizing flow-based generative models with minibatch optimal transport,
       TMLR 2024.

    Examples
    --------
    >>> from toolkit.datasets import load_ring
    >>> from toolkit.generators import FlowMatching
    >>> points = load_ring(1000, random_state=0).points
    >>> flow = FlowMatching(max_steps=50, random_state=0).fit(points)
    >>> flow.sample(3, random_state=0).shape, len(flow.history_)
    ((3, 2), 4)
    """

    def __init__(
        self,
        architecture: str | None = None,
        *,
        preset: str = "modern",
        path: str | None = None,
        target: str | None = None,
        coupling: str | None = None,
        times: str | None = None,
        conditional: bool = False,
        n_clusters: int | None = None,
        condition_dropout: float | None = None,
        guidance: float | None = None,
        solver: str | None = None,
        n_sampling_steps: int | None = None,
        noise_scale: float | None = None,
        widths: Sequence[int] | None = None,
        weight_averaging: float | None = None,
        epochs: int | None = None,
        max_steps: int | None = None,
        max_seconds: float | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        betas: tuple[float, float] | None = None,
        lr_schedule: str | None = None,
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
        self.path = path
        self.target = target
        self.coupling = coupling
        self.times = times
        self.conditional = conditional
        self.n_clusters = n_clusters
        self.condition_dropout = condition_dropout
        self.guidance = guidance
        self.solver = solver
        self.n_sampling_steps = n_sampling_steps
        self.noise_scale = noise_scale
        self.widths = widths
        self.weight_averaging = weight_averaging
        self.epochs = epochs
        self.max_steps = max_steps
        self.max_seconds = max_seconds
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.betas = betas
        self.lr_schedule = lr_schedule
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
        """Train the network from the start.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
            uint8 stays uint8 in memory.
        y : array-like of shape (n_samples,), optional
            Labels, of a conditional flow; else ignored.
        checkpoint : toolkit.nn.Checkpoint or path-like, optional
            Where and how often to write what is needed to go on after a crash.
        resume : bool or path-like, default=False
            True goes on from the latest checkpoint, if there is one; what comes out is bitwise equal to the fit that
            was never interrupted. With other parameters than it was started with it is refused.
        hooks : sequence of callable
            Each is called as ``hook(trainer, entry)`` after an epoch with the entry of ``history_``; one that returns
            True ends the training. ``trainer.sample(n_samples, random_state=None)`` draws from the network as trained
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
            The loss became NaN or exploded.
        """
        return self._fit(validate_images(self, X, reset=True), X, y, checkpoint, resume, hooks)

    def partial_fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Train on for one pass over ``X``, with the optimiser as it was left.

        Scale, labels and clusters are learnt from the first rows seen. As there is no known end, the rate is constant.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        y : array-like of shape (n_samples,), optional
            Labels, of a conditional flow; else ignored.

        Returns
        -------
        self
        """
        return self._partial_fit(validate_images(self, X, reset=not hasattr(self, "training_state_")), X, y)

    def sample(
        self,
        n_samples: int = 1,
        *,
        y: ArrayLike | None = None,
        n_steps: int | None = None,
        guidance: float | None = None,
        noise_scale: float | None = None,
        random_state: RandomState = None,
    ) -> NDArray:
        """Draw new rows.

        Parameters
        ----------
        n_samples : int, default=1
        y : label, array-like of labels of shape (n_samples,), or float array of shape (n_samples, n_classes), optional
            Of a conditional flow, what the rows are to show; the last are weights of the classes, for what lies between
            them. None draws labels, or clusters, as often as they were seen.
        n_steps : int, optional
            In the place of ``n_sampling_steps``.
        guidance, noise_scale : float, optional
            In the place of the parameters.
        random_state : int, RandomState instance or None, default=None
            None draws afresh each time. The noise of a seed does not depend on ``y``.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            In the layout, dtype and range of the training rows.
        """
        check_is_fitted(self)
        ways = {"n_steps": n_steps, "guidance": guidance, "noise_scale": noise_scale}
        return self._sample(self.network_, n_samples, y=y, **ways, random_state=random_state)

    def latents(self, n_samples: int = 1, *, random_state: RandomState = None) -> NDArray:
        """Draw noise as :meth:`generate` wants it.

        Parameters
        ----------
        n_samples : int, default=1
        random_state : int, RandomState instance or None, default=None

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        check_int("n_samples", n_samples)
        return setup.draw_noise(self, n_samples, *spawn_seeds(random_state, 1))

    def generate(
        self, z: ArrayLike, y: ArrayLike | None = None, *, n_steps: int | None = None, guidance: float | None = None
    ) -> NDArray:
        """Rows of given noise, each independent of its neighbours.

        Parameters
        ----------
        z : array-like of shape (n_samples, n_features)
        y : label, array-like of labels, or weights of shape (n_samples, n_classes), optional
            As of :meth:`sample`; None asks the network without any condition.
        n_steps, guidance : optional
            In the place of the parameters.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            In the layout, dtype and range of the training rows.
        """
        check_is_fitted(self)
        z = check_array(z, dtype=np.float32, input_name="z")
        if z.shape[1] != self.n_features_in_:
            raise ValueError(f"z must have {self.n_features_in_} values a row, got {z.shape[1]}.")
        conditions = np.zeros((len(z), self.n_conditions_), dtype=np.float32)
        if y is not None:
            conditions = setup.conditions_of(self, y, len(z))
        return self._images(self.network_, z, conditions, n_steps=n_steps, guidance=guidance)

    def interpolate(
        self, start: int | ArrayLike, end: int | ArrayLike, n_steps: int = 10, *, method: str = "spherical"
    ) -> NDArray:
        """Rows on the way from one noise to another.

        Parameters
        ----------
        start, end : int or array-like of shape (n_features,)
            Noise, or the seed of it.
        n_steps : int, default=10
            Rows to give, both ends included.
        method : {"spherical", "linear"}, default="spherical"

        Returns
        -------
        ndarray of shape (n_steps, ...)
        """
        check_is_fitted(self)
        first, last = (
            self.latents(1, random_state=int(place))[0] if isinstance(place, (int, np.integer)) else place
            for place in (start, end)
        )
        return self.generate(latent_path(first, last, n_steps, method))

    def _sample(
        self, network, n_samples=1, *, y=None, n_steps=None, guidance=None, noise_scale=None, random_state=None
    ):
        """:meth:`sample` from a network, in training that of the moment."""
        check_int("n_samples", n_samples)
        many = y is not None and np.ndim(y) > 0
        if many and n_samples not in (1, len(y)):
            raise ValueError(f"y must be one label, or n_samples={n_samples} of them, got {len(y)}.")
        n_samples = len(y) if many else n_samples
        noise_seed, condition_seed, way_seed = spawn_seeds(random_state, 3)
        if y is None:
            codes = setup.draw_conditions(self, n_samples, condition_seed)
        else:
            codes = setup.conditions_of(self, y, n_samples)
        z = setup.draw_noise(self, n_samples, *spawn_seeds(noise_seed, 1), noise_scale)
        return self._images(network, z, codes, n_steps=n_steps, guidance=guidance, seed=way_seed)

    def _images(self, network, z, conditions, *, n_steps=None, guidance=None, seed=0):
        """What noise becomes, as rows or a stack in the dtype and range of the training rows."""
        if n_steps is not None:
            check_int("n_steps", n_steps)
        if guidance is not None:
            check_number("guidance", guidance)
        images = setup.unit_images(self, network, z, conditions, n_steps=n_steps, guidance=guidance, seed=seed)
        return in_layout(scales.from_unit(self, images), self.layout_)
