"""What the autoencoder and the variational autoencoder share: training, and the way to the latent space and back."""

import copy
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import iter_chunks, match_layout, validate_images
from toolkit._core.layouts import in_layout, layout_of
from toolkit._core.names import lookup
from toolkit._core.parameters import check_choice, check_int, check_number, check_sizes
from toolkit._core.random import as_generator, spawn_seeds
from toolkit._core.types import PathLike
from toolkit.callbacks import CallbackSupport, followed_by_callbacks

if TYPE_CHECKING:
    from toolkit.nn import Checkpoint

__all__ = ["LatentModel"]

_MIN_BATCHES = 8  # in an epoch, so that a small set is not trained by a single step
_MIN_BATCH_SIZE = 16
_EDGE = 0.01  # how near 0 and 1 the mean image counts: beyond it a sigmoid hardly learns
_CHUNK = 2048  # rows in double precision at a time


@usual_floating_point
class LatentModel(CallbackSupport, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Base of the two; a subclass gives the parameters, ``_make_trainer`` and ``sample``."""

    _outputs_per_latent = 1  # what the encoder answers for each latent dimension

    def fit(
        self,
        X: ArrayLike,
        y: object = None,
        *,
        checkpoint: "Checkpoint | PathLike | None" = None,
        resume: bool | PathLike = False,
        hooks: Sequence[Callable] = (),
    ) -> Self:
        """Train encoder and decoder.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
            At least two rows. uint8 stays uint8 in memory.
        y : ignored
        checkpoint : toolkit.nn.Checkpoint or path-like, optional
            Where and how often to write what is needed to go on after a crash.
        resume : bool or path-like, default=False
            True goes on from the latest checkpoint, if there is one; what comes out is bitwise equal to the fit that
            was never interrupted. With other parameters than it was started with it is refused; more
            epochs may be asked for, fewer not.
        hooks : sequence of callable
            Each is called as ``hook(trainer, entry)`` after an epoch with the entry of ``history_``; one that returns
            True ends the training. ``trainer.sample(n_samples, random_state=None)`` decodes standard normal latent
            vectors as trained so far, and leaves the training as it is.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            A parameter out of range, or fewer than two rows.
        CheckpointError
            What to resume from is damaged, or of other data or other parameters.
        DivergenceError
            The loss became NaN or exploded.
        """
        stack = validate_images(self, X, reset=True)
        self._check_parameters()
        if len(stack) < 2:
            raise ValueError(
                f"{type(self).__name__} needs at least 2 rows to learn from, got n_samples = {len(stack)}."
            )
        self.dtype_ = stack.dtype.name
        self.layout_ = layout_of(X)
        seeds = dict(zip(("weights", "noise", "order", "split", "after"), spawn_seeds(self.random_state, 5)))

        from toolkit.nn import fit_loop, limit_threads

        # uint8 is scaled a batch at a time; anything else once, since torch knows fewer types than numpy does.
        unit = stack if stack.dtype == np.uint8 else self.pixel_scale_.to_unit(stack)
        unit, held_back = self._split(unit, seeds["split"])
        self.batch_size_ = int(np.clip(len(unit) // _MIN_BATCHES, min(_MIN_BATCH_SIZE, len(unit)), self.batch_size))
        with limit_threads(self.n_threads):
            encoder, decoder = self._networks(unit, seeds["weights"])
            trainer = self._make_trainer(encoder, decoder, len(unit), seeds["noise"])
            trainer.draw_rows = self._draw_in_training
            if held_back is not None:
                hooks = (_ValidationHook(held_back), *hooks)
            with followed_by_callbacks(self, X=X, epochs=self.epochs) as followers:
                self.history_ = fit_loop(
                    trainer,
                    unit,
                    batch_size=self.batch_size_,
                    epochs=self.epochs,
                    generator=as_generator(seeds["order"]),
                    hooks=(*hooks, *followers),
                    checkpoint=checkpoint,
                    resume=resume,
                    parameters=self.get_params(deep=False),
                    verbose=self.verbose,
                    desc=type(self).__name__,
                )
            trainer.optimiser.zero_grad()  # what is kept needs no gradients
            self.encoder_ = trainer.encoder.eval().cpu()
            self.decoder_ = trainer.decoder.eval().cpu()
            self._finish(stack, as_generator(seeds["after"]))
        return self

    def transform(self, X: ArrayLike) -> NDArray:
        """Latent vectors of images.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, latent_dim)
            For a variational autoencoder the means of the posterior.
        """
        check_is_fitted(self)
        return self._each_part(validate_images(self, X, reset=False), self._latent)

    def inverse_transform(self, X: ArrayLike) -> NDArray:
        """Images of latent vectors.

        Parameters
        ----------
        X : array-like of shape (n_samples, latent_dim)

        Returns
        -------
        ndarray
            In the layout, dtype and range of the images in ``fit``.
        """
        check_is_fitted(self)
        latent = check_array(X, input_name="X")
        if latent.shape[1] != self.latent_dim_:
            raise ValueError(f"X must have {self.latent_dim_} latent values a row, got {latent.shape[1]}.")
        images = self._each_part(latent, lambda coder, part: self._as_given(coder.decode(part), self.dtype_))
        return in_layout(images, self.layout_)

    def reconstruct(self, X: ArrayLike) -> NDArray:
        """Images as the model rebuilds them.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)

        Returns
        -------
        ndarray
            In the layout, dtype and range of ``X``.
        """
        check_is_fitted(self)
        stack = validate_images(self, X, reset=False)
        rebuilt = self._each_part(
            stack, lambda coder, part: self._as_given(coder.decode(self._latent(coder, part)), stack.dtype)
        )
        return match_layout(rebuilt, X)

    def score_samples(self, X: ArrayLike) -> NDArray:
        """Minus the reconstruction error of each row; higher = more normal.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
            Minus the loss a pixel, in units of the range seen in ``fit`` (for uint8: of 255).
        """
        check_is_fitted(self)

        def losses(coder, part):
            return coder.losses(self.pixel_scale_.to_unit(part), self._latent(coder, part))

        return -self._each_part(validate_images(self, X, reset=False), losses) / self.n_features_in_

    def score(self, X: ArrayLike, y: object = None) -> float:
        """Mean of :meth:`score_samples`; ``y`` is ignored."""
        return float(np.mean(self.score_samples(X)))

    @property
    def _n_features_out(self):
        return self.latent_dim_

    def _check_parameters(self):
        from toolkit.generators.autoencoder._coders import ACTIVATIONS, ARCHITECTURES
        from toolkit.generators.autoencoder._input_noise import INPUT_NOISES

        if isinstance(self.architecture, str):
            lookup(ARCHITECTURES, self.architecture, "architecture")
        elif not (isinstance(self.architecture, (tuple, list)) and len(self.architecture) == 2):
            raise ValueError(
                f"architecture must be a name or a pair of torch modules (encoder, decoder), got {self.architecture!r}."
            )
        lookup(ACTIVATIONS, self.activation, "activation")
        lookup(INPUT_NOISES, self.noise_kind, "noise_kind")
        check_choice("loss", self.loss, ("mse", "bce"))
        check_choice("output", self.output, ("sigmoid", "identity"))
        check_choice("precision", self.precision, ("auto", "float32", "bfloat16"))
        check_choice("lr_schedule", self.lr_schedule, ("cosine", "constant"))
        if self.loss == "bce" and self.output != "sigmoid":
            raise ValueError(
                f"output must be 'sigmoid' for loss='bce', which takes probabilities, got {self.output!r}."
            )
        for name in ("latent_dim", "epochs", "batch_size", "n_threads"):
            check_int(name, getattr(self, name))
        for name in ("hidden_sizes", "widths"):
            check_sizes(name, getattr(self, name))
        check_number("learning_rate", self.learning_rate, above=True)
        for name in ("weight_decay", "noise"):
            check_number(name, getattr(self, name))
        if self.noise_kind != "gaussian":
            check_number("noise", self.noise, high=1.0)
        check_number("validation_fraction", self.validation_fraction, high=0.5)

    def _split(self, unit, seed):
        """Rows to learn from, and rows held back to watch the loss on (or None)."""
        n_held = min(math.ceil(self.validation_fraction * len(unit)), len(unit) - 2)
        if n_held < 1:
            return unit, None
        order = as_generator(seed).permutation(len(unit))
        return unit[np.sort(order[n_held:])], unit[np.sort(order[:n_held])]

    def _networks(self, unit, seed):
        """Encoder and decoder on their device, with fresh weights unless they are the caller's own."""
        import torch

        from toolkit.generators.autoencoder._coders import ARCHITECTURES
        from toolkit.nn import build, resolve_device, torch_generator

        height, width, channels = (*self.image_shape_, 1)[:3]
        shape = (channels, height, width)
        if isinstance(self.architecture, str):
            make_encoder, make_decoder = ARCHITECTURES[self.architecture]
            sizes = self.hidden_sizes if self.architecture == "mlp" else self.widths
            n_outputs, generator = self.latent_dim * self._outputs_per_latent, torch_generator(seed)
            encoder = build(lambda: make_encoder(shape, sizes, n_outputs, self.activation), generator)
            decoder = build(lambda: make_decoder(self.latent_dim, sizes[::-1], shape, self.activation), generator)
            decoder.start(self._mean_answer(unit), generator)
            self.latent_dim_ = int(self.latent_dim)
        else:
            if not all(isinstance(network, torch.nn.Module) for network in self.architecture):
                raise ValueError(f"architecture must be a pair of torch modules, got {self.architecture!r}.")
            encoder, decoder = (copy.deepcopy(network).float() for network in self.architecture)
            self.latent_dim_ = self._own_latent_dim(encoder, decoder, shape)
        device = resolve_device(self.device)
        return encoder.to(device), decoder.to(device)

    def _mean_answer(self, unit):
        """The mean image before the output function, (channels, height, width)."""
        import torch

        from toolkit.generators.autoencoder._autoencoder_trainer import as_images

        mean = unit.mean(axis=0, keepdims=True, dtype=np.float64) / (255.0 if unit.dtype == np.uint8 else 1.0)
        answer = as_images(torch.from_numpy(mean))[0]
        return torch.logit(answer, eps=_EDGE) if self.output == "sigmoid" else answer

    def _own_latent_dim(self, encoder, decoder, shape):
        """Latent size of the caller's own networks, which are tried on an empty image."""
        import torch

        try:
            with torch.no_grad():
                answer = encoder.eval()(torch.zeros(1, *shape))
                latent_dim = answer.shape[1] // self._outputs_per_latent
                image = decoder.eval()(torch.zeros(1, latent_dim))
        except RuntimeError as error:
            raise ValueError(f"architecture does not take images of shape {shape} and back: {error}") from error
        if (
            answer.ndim != 2
            or answer.shape[1] != latent_dim * self._outputs_per_latent
            or image.numel() != math.prod(shape)
        ):
            raise ValueError(
                f"architecture must lead images of shape {shape} to (n, {self._outputs_per_latent} x latent_dim) and "
                f"back, got {tuple(answer.shape)} and {tuple(image.shape)}."
            )
        return latent_dim

    def _trainer_options(self, encoder, n_samples, seed):
        """Arguments that both trainers take."""
        from toolkit.nn import autocast, resolve_precision, torch_generator

        device = next(encoder.parameters()).device
        return {
            "generator": torch_generator(seed, device),
            "total_steps": self.epochs * -(-n_samples // self.batch_size_),
            "loss": self.loss,
            "output": self.output,
            "learning_rate": self.learning_rate,
            "lr_schedule": self.lr_schedule,
            "weight_decay": self.weight_decay,
            "noise": self.noise,
            "noise_kind": self.noise_kind,
            # Looked up once: the processor is not asked at each step.
            "autocast": partial(autocast, resolve_precision(self.precision, device), device),
        }

    def _make_trainer(self, encoder, decoder, n_samples, seed):
        raise NotImplementedError

    def _finish(self, stack, generator):
        """What is left to learn once the networks are trained."""

    def _draw_in_training(self, trainer, n_samples=1, *, random_state=None):
        """Images of standard normal latent vectors, by the networks of the moment."""
        check_int("n_samples", n_samples)
        latents = as_generator(random_state).standard_normal((n_samples, self.latent_dim_))
        images = self._each_part(
            latents,
            lambda coder, part: self._as_given(coder.decode(part), self.dtype_),
            trainer.encoder,
            trainer.decoder,
        )
        return in_layout(images, self.layout_)

    def _each_part(self, rows, function, encoder=None, decoder=None):
        """``function(coder, part)`` over the rows, some thousand at a time, on as many threads as the fit had.

        By the networks that were kept, or by these.
        """
        from toolkit.generators.autoencoder._trained_coder import TrainedCoder
        from toolkit.nn import limit_threads, resolve_device

        coder = TrainedCoder(
            self.encoder_ if encoder is None else encoder,
            self.decoder_ if decoder is None else decoder,
            image_shape=self.image_shape_,
            loss=self.loss,
            output=self.output,
            device=resolve_device(self.device),
        )
        with limit_threads(self.n_threads):
            return np.concatenate([function(coder, rows[part]) for part in iter_chunks(len(rows), _CHUNK)])

    def _latent(self, coder, stack):
        """Latent vectors of images as they came; of a posterior its means, which come first."""
        return coder.encode(self.pixel_scale_.to_unit(stack))[:, : self.latent_dim_]

    def _as_given(self, unit, dtype):
        return self.pixel_scale_.from_unit(unit, dtype)


class _ValidationHook:
    """Adds the losses on rows held back to the history, as ``validation_<name>``."""

    def __init__(self, held_back):
        self.held_back = held_back

    def __call__(self, trainer, entry):
        import torch

        sums = {}
        for part in iter_chunks(len(self.held_back), _CHUNK):
            batch = torch.from_numpy(self.held_back[part]).to(trainer.device)
            for name, value in trainer.evaluate(batch).items():
                sums[name] = sums.get(name, 0.0) + value * len(batch)
        entry.update({f"validation_{name}": value / len(self.held_back) for name, value in sums.items()})
