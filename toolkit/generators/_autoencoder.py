"""The autoencoder: images to a few numbers and back, and new images from the density of those numbers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.parameters import check_int
from toolkit._core.random import as_generator
from toolkit._core.types import ImageShape, RandomState
from toolkit.generators._density import fit_density, sample_density
from toolkit.generators._latent_model import LatentModel

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Autoencoder"]

_DENSITY_ROWS = 5_000  # as many rows as tell a density of a few dimensions well


@usual_floating_point
class Autoencoder(LatentModel):
    """Compress images to latent vectors, rebuild them, and draw new ones.

    An encoder and a decoder are trained together to rebuild each image. New images come from a Gaussian mixture that
    is fitted to the latent vectors of the training images afterwards (of 5,000 of them, where there are more).

    Parameters
    ----------
    architecture : {"mlp", "convolutional"} or pair of torch.nn.Module, default="mlp"
        Own modules, ``(encoder, decoder)``, take images (n, channels, height, width), float32 in units of the range,
        to (n, latent_dim), and back to values before the output function. They are copied, and trained from the
        weights they have.
    latent_dim : int, default=2
        Not used for own modules.
    hidden_sizes : tuple of int, default=(256, 128)
        Layers of the ``"mlp"`` encoder between pixels and latent vector; the decoder mirrors them.
    widths : tuple of int, default=(32, 64)
        Channels of the ``"convolutional"`` encoder, each at half of the sides of the one before.
    activation : {"relu", "leaky_relu", "elu", "silu", "gelu", "tanh", "identity"}, default="silu"
    output : {"sigmoid", "identity"}, default="sigmoid"
        The decoder's last function; ``"identity"`` rebuilds by a linear last layer.
    loss : {"mse", "bce"}, default="mse"
        Squared error or cross entropy, a mean over pixels in units of the range seen in ``fit``.
    noise : float, default=0.0
        Level of noise on the input while training, which makes this a denoising autoencoder [2]_.
    noise_kind : {"gaussian", "masking", "salt_and_pepper"}, default="gaussian"
        For ``"gaussian"`` the level is a standard deviation in units of the range, else a share of the pixels.
    epochs : int, default=20
    batch_size : int, default=128
        Clipped so that an epoch has at least eight batches.
    learning_rate : float, default=0.005
        At its highest.
    lr_schedule : {"cosine", "constant"}, default="cosine"
        ``"cosine"`` rises over the first tenth of the steps and falls to nothing after it.
    weight_decay : float, default=0.0
    validation_fraction : float in [0, 0.5], default=0.0
        Share of the rows on which nothing is learnt, and the loss is watched: ``validation_loss`` in ``history_``.
    n_components : int or "bic", default="bic"
        Components of the mixture in the latent space; ``"bic"`` chooses by Schwarz's criterion.
    image_shape : tuple of int, optional
        Shape of an image in flat rows; None takes a square, or else one row of pixels.
    device : str, default="auto"
        ``"auto"`` is CUDA where there is one, else the processor.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        ``"bfloat16"`` trains with matrix products in 16 bits where the device does so natively, which is faster;
        ``"auto"`` is float32. Answers are computed in double precision either way.
    n_threads : int, default=1
        Threads of torch. Results are bitwise repeatable at an equal number only.
    random_state : int, RandomState instance or None, default=None
    verbose : bool, default=False
        Show a progress bar.

    Attributes
    ----------
    encoder_, decoder_ : torch.nn.Module
        The trained networks, on the processor.
    density_ : GaussianMixture
        Of the latent vectors.
    latent_range_ : ndarray of shape (2, latent_dim)
        Least and largest latent value that the density was fitted to; samples keep within them.
    latent_dim_ : int
    history_ : list of dict
        One entry per epoch: ``epoch``, ``step``, ``seconds``, ``loss``.
    batch_size_ : int
        The batch size used.
    dtype_, layout_ : str
        Of the training images, and so of samples.
    n_features_in_ : int
        Pixels of an image.

    See Also
    --------
    VariationalAutoencoder : Learns the density together with the networks.

    References
    ----------
    .. [1] G. Hinton and R. Salakhutdinov, Reducing the dimensionality of data with neural networks, Science 313, 2006.
    .. [2] P. Vincent et al., Stacked denoising autoencoders, JMLR 11, 2010.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.generators import Autoencoder
    >>> X = load_digits().images[:300]
    >>> autoencoder = Autoencoder(random_state=0).fit(X)
    >>> autoencoder.transform(X).shape, autoencoder.sample(5, random_state=0).shape
    ((300, 2), (5, 28, 28))
    """

    def __init__(
        self,
        architecture: "str | tuple[nn.Module, nn.Module]" = "mlp",
        *,
        latent_dim: int = 2,
        hidden_sizes: Sequence[int] = (256, 128),
        widths: Sequence[int] = (32, 64),
        activation: str = "silu",
        output: str = "sigmoid",
        loss: str = "mse",
        noise: float = 0.0,
        noise_kind: str = "gaussian",
        epochs: int = 20,
        batch_size: int = 128,
        learning_rate: float = 0.005,
        lr_schedule: str = "cosine",
        weight_decay: float = 0.0,
        validation_fraction: float = 0.0,
        n_components: int | str = "bic",
        image_shape: ImageShape = None,
        device: str = "auto",
        precision: str = "auto",
        n_threads: int = 1,
        random_state: RandomState = None,
        verbose: bool = False,
    ):
        self.architecture = architecture
        self.latent_dim = latent_dim
        self.hidden_sizes = hidden_sizes
        self.widths = widths
        self.activation = activation
        self.output = output
        self.loss = loss
        self.noise = noise
        self.noise_kind = noise_kind
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.lr_schedule = lr_schedule
        self.weight_decay = weight_decay
        self.validation_fraction = validation_fraction
        self.n_components = n_components
        self.image_shape = image_shape
        self.device = device
        self.precision = precision
        self.n_threads = n_threads
        self.random_state = random_state
        self.verbose = verbose

    def sample(self, n_samples: int = 1, *, random_state: RandomState = None) -> NDArray:
        """Draw new images: latent vectors from ``density_``, clipped to their range in training, decoded.

        Parameters
        ----------
        n_samples : int, default=1
        random_state : int, RandomState instance or None, default=None
            None draws afresh each time.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            In the layout, dtype and range of the training images.
        """
        check_is_fitted(self)
        check_int("n_samples", n_samples)
        latent = sample_density(self.density_, n_samples, as_generator(random_state))
        return self.inverse_transform(np.clip(latent, *self.latent_range_))

    def _check_parameters(self):
        super()._check_parameters()
        if self.n_components != "bic":
            check_int("n_components", self.n_components)

    def _make_trainer(self, encoder, decoder, n_samples, seed):
        from toolkit.generators.autoencoder._dense_trainers import trainer_class

        kind = trainer_class(encoder, decoder, variational=False)
        return kind(encoder, decoder, **self._trainer_options(encoder, n_samples, seed))

    def _finish(self, stack, generator):
        if len(stack) > _DENSITY_ROWS:
            stack = stack[np.sort(generator.choice(len(stack), size=_DENSITY_ROWS, replace=False))]
        latent = self._each_part(stack, self._latent)
        self.latent_range_ = np.stack([latent.min(axis=0), latent.max(axis=0)])
        self.density_ = fit_density(latent, self.n_components, generator)
