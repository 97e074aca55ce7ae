"""The variational autoencoder: an autoencoder whose latent vectors follow a known density, which can be sampled."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import validate_images
from toolkit._core.parameters import check_int, check_number
from toolkit._core.random import as_generator
from toolkit._core.types import ImageShape, RandomState
from toolkit.generators._latent_model import LatentModel
from toolkit.generators._paths import latent_path

if TYPE_CHECKING:
    from torch import nn

__all__ = ["VariationalAutoencoder"]


@usual_floating_point
class VariationalAutoencoder(LatentModel):
    """Learn images as a decoder of standard normal latent vectors.

    The encoder gives each image a normal distribution over latent vectors; encoder and decoder are trained together on
    the reconstruction error summed over the pixels plus ``beta`` times the Kullback-Leibler divergence of that
    distribution from the standard normal one [1]_. New images are decoded draws of the standard normal.

    Parameters
    ----------
    architecture : {"mlp", "convolutional"} or pair of torch.nn.Module, default="mlp"
        Own modules, ``(encoder, decoder)``: the encoder takes images (n, channels, height, width), float32 in units of
        the range, to (n, 2 * latent_dim), means and log variances side by side, the decoder (n, latent_dim) back to
        values before the output function. They are copied, and trained from the weights they have.
    latent_dim : int, default=2
        Not used for own modules.
    beta : float, default=1.0
        Weight of the divergence: larger values ask for more independent latent dimensions [2]_.
    n_draws : int, default=2
        Latent vectors drawn for each image at each step; pairs are mirror images of each other, by which much of the
        noise in the gradient cancels.
    hidden_sizes : tuple of int, default=(256,)
        Layers of the ``"mlp"`` encoder between pixels and latent vector; the decoder mirrors them.
    widths : tuple of int, default=(32, 64)
        Channels of the ``"convolutional"`` encoder, each at half of the sides of the one before.
    activation : {"relu", "leaky_relu", "elu", "silu", "gelu", "tanh", "identity"}, default="tanh"
    output : {"sigmoid", "identity"}, default="sigmoid"
        The decoder's last function; ``"identity"`` rebuilds by a linear last layer.
    loss : {"mse", "bce"}, default="mse"
        Squared error or cross entropy, summed over pixels in units of the range seen in ``fit``.
    noise : float, default=0.0
        Level of noise on the input while training, which makes this a denoising one [3]_.
    noise_kind : {"gaussian", "masking", "salt_and_pepper"}, default="gaussian"
        For ``"gaussian"`` the level is a standard deviation in units of the range, else a share of the pixels.
    epochs : int, default=30
    batch_size : int, default=128
        Clipped so that an epoch has at least eight batches.
    learning_rate : float, default=0.01
        At its highest.
    lr_schedule : {"cosine", "constant"}, default="cosine"
        ``"cosine"`` rises over the first tenth of the steps and falls to nothing after it.
    weight_decay : float, default=0.0
    validation_fraction : float in [0, 0.5], default=0.0
        Share of the rows on which nothing is learnt, and the loss is watched: ``validation_loss`` and the
        others in ``history_``.
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
    latent_dim_ : int
    history_ : list of dict
        One entry per epoch: ``epoch``, ``step``, ``seconds``, and means over the images of ``loss``,
        ``reconstruction`` and ``kl``.
    batch_size_ : int
        The batch size used.
    dtype_, layout_ : str
        Of the training images, and so of samples.
    n_features_in_ : int
        Pixels of an image.

    See Also
    --------
    Autoencoder : Fits a density to the latent vectors afterwards.

    Notes
    -----
    As a density of the pixels in units of the range, ``loss="mse"`` means normal noise of variance 1/2 on each pixel,
    ``loss="bce"`` a probability of being on; :meth:`elbo` and :meth:`log_likelihood` count with these.

    References
    ----------
    .. [1] D. Kingma and M. Welling, Auto-encoding variational Bayes, ICLR 2014.
    .. [2] I. Higgins et al., beta-VAE: learning basic visual concepts with a constrained variational framework,
       ICLR 2017.
    .. [3] D. Im et al., Denoising criterion for variational auto-encoding framework, AAAI 2017.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.generators import VariationalAutoencoder
    >>> X = load_digits().images[:300]
    >>> vae = VariationalAutoencoder(random_state=0).fit(X)
    >>> vae.transform(X).shape, vae.sample(5, random_state=0).shape, vae.elbo(X).shape
    ((300, 2), (5, 28, 28), (300,))
    """

    def __init__(
        self,
        architecture: "str | tuple[nn.Module, nn.Module]" = "mlp",
        *,
        latent_dim: int = 2,
        beta: float = 1.0,
        n_draws: int = 2,
        hidden_sizes: Sequence[int] = (256,),
        widths: Sequence[int] = (32, 64),
        activation: str = "tanh",
        output: str = "sigmoid",
        loss: str = "mse",
        noise: float = 0.0,
        noise_kind: str = "gaussian",
        epochs: int = 30,
        batch_size: int = 128,
        learning_rate: float = 0.01,
        lr_schedule: str = "cosine",
        weight_decay: float = 0.0,
        validation_fraction: float = 0.0,
        image_shape: ImageShape = None,
        device: str = "auto",
        precision: str = "auto",
        n_threads: int = 1,
        random_state: RandomState = None,
        verbose: bool = False,
    ):
        self.architecture = architecture
        self.latent_dim = latent_dim
        self.beta = beta
        self.n_draws = n_draws
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
        self.image_shape = image_shape
        self.device = device
        self.precision = precision
        self.n_threads = n_threads
        self.random_state = random_state
        self.verbose = verbose

    _outputs_per_latent = 2  # means and log variances

    def sample(self, n_samples: int = 1, *, random_state: RandomState = None) -> NDArray:
        """Draw new images: standard normal latent vectors, decoded.

        Parameters
        ----------
        n_samples : int, default=1
        random_state : int, RandomState instance or None, default=None
            None draws afresh each time.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            In the layout, dtype and range of the training images; means of the pixels, without their noise.
        """
        check_is_fitted(self)
        check_int("n_samples", n_samples)
        return self.inverse_transform(self._noise(n_samples, random_state))

    def elbo(self, X: ArrayLike, *, n_draws: int = 16, random_state: RandomState = 0) -> NDArray:
        """Evidence lower bound of each row's log density, whatever ``beta`` is (Kingma and Welling, 2014).

        The divergence is in closed form, the reconstruction a mean over draws that are the same for every row, so that
        a row's answer does not depend on the others. Their chance does not average out over the rows either: a mean
        over a set, to be compared with another, wants hundreds of draws or the same ones.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        n_draws : int, default=16
        random_state : int, RandomState instance or None, default=0

        Returns
        -------
        ndarray of shape (n_samples,)
            In nats, for pixels in units of the range.
        """
        return self._bounds(X, n_draws, random_state, importance=False)

    def log_likelihood(self, X: ArrayLike, *, n_draws: int = 100, random_state: RandomState = 0) -> NDArray:
        """Importance weighted lower bound of each row's log density; with more draws it approaches the log density.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        n_draws : int, default=100
        random_state : int, RandomState instance or None, default=0

        Returns
        -------
        ndarray of shape (n_samples,)
            In nats, for pixels in units of the range.

        References
        ----------
        Y. Burda, R. Grosse and R. Salakhutdinov, Importance weighted autoencoders, ICLR 2016.
        """
        return self._bounds(X, n_draws, random_state, importance=True)

    def interpolate(self, start: ArrayLike, end: ArrayLike, n_steps: int = 10, *, method: str = "linear") -> NDArray:
        """Images on the way from one image to another, through the latent space.

        Parameters
        ----------
        start, end : array-like of shape (height, width[, 3]) or (n_features,)
            One image each.
        n_steps : int, default=10
            Images to give, the reconstructions of both ends included.
        method : {"linear", "spherical"}, default="linear"

        Returns
        -------
        ndarray of shape (n_steps, ...)
            In the layout, dtype and range of the training images.
        """
        check_is_fitted(self)
        first, last = (self.transform(np.asarray(image)[np.newaxis])[0] for image in (start, end))
        return self.inverse_transform(latent_path(first, last, n_steps, method))

    def _bounds(self, X, n_draws, random_state, *, importance):
        check_is_fitted(self)
        check_int("n_draws", n_draws)
        stack = validate_images(self, X, reset=False)
        noise = self._noise(n_draws, random_state)
        return self._each_part(
            stack, lambda coder, part: coder.bounds(self.pixel_scale_.to_unit(part), noise, importance=importance)
        )

    def _noise(self, n_rows, random_state):
        return as_generator(random_state).standard_normal((n_rows, self.latent_dim_))

    def _check_parameters(self):
        super()._check_parameters()
        check_number("beta", self.beta)
        check_int("n_draws", self.n_draws)

    def _make_trainer(self, encoder, decoder, n_samples, seed):
        from toolkit.generators.autoencoder._dense_trainers import trainer_class

        options = self._trainer_options(encoder, n_samples, seed)
        kind = trainer_class(encoder, decoder, variational=True)
        return kind(encoder, decoder, beta=self.beta, n_draws=self.n_draws, **options)
