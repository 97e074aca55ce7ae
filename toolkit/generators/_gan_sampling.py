"""What a fitted :class:`GAN` answers: draws, rows of given latents, scores, and categories."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array, check_is_fitted

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import iter_chunks, validate_images
from toolkit._core.layouts import in_layout
from toolkit._core.parameters import check_int, check_number, is_int
from toolkit._core.random import spawn_seeds
from toolkit._core.types import RandomState
from toolkit.generators import _gan_setup as setup
from toolkit.generators._paths import latent_path
from toolkit.generators._rejection import RejectionRule, as_rule, draw_accepted

__all__ = ["SamplingMixin"]

_CHUNK = 4096


def _has_categories(gan):
    """Without categories there is nothing to predict, and no method that says it could."""
    try:
        return bool(setup.in_force(gan).n_categories)
    except ValueError:  # no such preset, which fit will say
        return False


@usual_floating_point
class SamplingMixin:
    """Gives a pair of networks its ways to images, and from images to scores."""

    generator_: Any
    packing_context_: NDArray
    n_threads: int

    def sample(
        self,
        n_samples: int = 1,
        *,
        category: int | ArrayLike | None = None,
        rejection: RejectionRule | ArrayLike | None = None,
        truncation: float | None = None,
        random_state: RandomState = None,
    ) -> NDArray:
        """Draw new rows.

        Parameters
        ----------
        n_samples : int, default=1
        category : int or array-like of int of shape (n_samples,), optional
            Of a GAN with ``n_categories``: one for all rows, or one for each (``n_samples`` need not be given then).
            None draws every category alike.
        rejection : RejectionRule or array-like of rows, optional
            Draw more, and keep what the discriminator cannot tell from real: a rule of
            :func:`calibrate_rejection`, or real rows that were not trained on, from which one is learnt.
        truncation : float in (0, 1], optional
            Latents are drawn in towards the middle by it: clearer and less varied (Brock et al., 2019).
        random_state : int, RandomState instance or None, default=None
            None draws afresh each time.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            In the layout, dtype and range of the training rows.
        """
        check_is_fitted(self)
        options = {"category": category, "truncation": truncation}
        if rejection is None:
            return self._sample(self.generator_, n_samples, **options, random_state=random_state)
        if category is not None and np.ndim(category):
            raise ValueError("category must be one for all rows where rejection is given, since rows are left out.")
        check_int("n_samples", n_samples)
        return draw_accepted(self, as_rule(self, rejection), n_samples, random_state, **options)

    @available_if(_has_categories)
    def predict(self, X: ArrayLike) -> NDArray[np.intp]:
        """Category of each row, of a GAN with ``n_categories``.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)

        Returns
        -------
        ndarray of int of shape (n_samples,)
        """
        return self.predict_codes(X)[0].argmax(axis=1)

    def predict_codes(self, X: ArrayLike) -> tuple[NDArray, NDArray]:
        """What each row was made of, as far as the recognition network can say.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)

        Returns
        -------
        categories : ndarray of shape (n_samples, n_categories)
            Probabilities.
        continuous : ndarray of shape (n_samples, n_continuous)
            In [-1, 1] where the generator was asked for them.

        Raises
        ------
        ValueError
            The GAN has no such codes.
        """
        check_is_fitted(self)
        if getattr(self, "recognition_", None) is None:
            raise ValueError(
                f"n_categories or n_continuous must be above 0 in fit for this {type(self).__name__} to know what a "
                "row was made of."
            )
        stack = validate_images(self, X, reset=False)
        from toolkit.nn import limit_threads

        with limit_threads(self.n_threads):
            parts = [setup.codes(self, stack[part]) for part in iter_chunks(len(stack), _CHUNK)]
        categories, continuous = (np.concatenate(found) for found in zip(*parts))
        return categories, continuous

    def latents(self, n_samples: int = 1, *, random_state: RandomState = None) -> NDArray:
        """Draw latents as the generator wants them.

        Parameters
        ----------
        n_samples : int, default=1
        random_state : int, RandomState instance or None, default=None

        Returns
        -------
        ndarray of shape (n_samples, latent_dim)
            Behind them, for a GAN that has some, the category, one column each, and the continuous codes.
        """
        check_is_fitted(self)
        check_int("n_samples", n_samples)
        return setup.draw_latents(self, n_samples, *spawn_seeds(random_state, 1))

    def generate(self, z: ArrayLike) -> NDArray:
        """Rows of given latents, each independent of its neighbours.

        Parameters
        ----------
        z : array-like of shape (n_samples, latent_dim)
            As :meth:`latents` gives them.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            In the layout, dtype and range of the training rows.
        """
        return self._generate(self.generator_, self._check_latents(z))

    def discriminator_score(self, X: ArrayLike) -> NDArray:
        """The discriminator's logit of each row; higher = taken for real.

        A discriminator of packs judges each row in a few contexts of training rows, and gives the mean.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        stack = validate_images(self, X, reset=False)
        from toolkit.nn import limit_threads

        with limit_threads(self.n_threads):
            return np.concatenate(
                [setup.scores(self, stack[part], self.packing_context_) for part in iter_chunks(len(stack), _CHUNK)]
            )

    def interpolate(
        self, start: int | ArrayLike, end: int | ArrayLike, n_steps: int = 10, *, method: str = "spherical"
    ) -> NDArray:
        """Rows on the way from one latent to another.

        Parameters
        ----------
        start, end : int or array-like of shape (latent_dim,)
            A latent, or the seed of one: an int is the latent of ``sample(random_state=seed)``.
        n_steps : int, default=10
            Rows to give, both ends included.
        method : {"spherical", "linear"}, default="spherical"

        Returns
        -------
        ndarray of shape (n_steps, ...)
            In the layout, dtype and range of the training rows.
        """
        check_is_fitted(self)
        first, last = (
            self.latents(1, random_state=int(place))[0] if isinstance(place, (int, np.integer)) else place
            for place in (start, end)
        )
        return self.generate(latent_path(first, last, n_steps, method))

    def _sample(self, network, n_samples=1, *, category=None, truncation=None, random_state=None):
        """:meth:`sample` from a generator, in training that of the moment."""
        check_int("n_samples", n_samples)
        if category is not None and np.ndim(category):
            if n_samples not in (1, len(category)):
                raise ValueError(f"category must be one int, or n_samples={n_samples} of them, got {len(category)}.")
            n_samples = len(category)
        z = setup.draw_latents(self, n_samples, *spawn_seeds(random_state, 1))
        n_noise = int(setup.in_force(self).latent_dim)
        if truncation is not None:
            check_number("truncation", truncation, high=1.0, above=True)
            if setup.in_force(self).latent_distribution != "normal":
                raise ValueError("truncation has a meaning for latent_distribution='normal' only.")
            z[:, :n_noise] *= np.float32(truncation)
        if category is not None:
            self._set_category(z, n_noise, category)
        return self._generate(network, z)

    def _set_category(self, z, n_noise, category):
        n_categories = int(setup.in_force(self).n_categories)
        if not n_categories:
            raise ValueError("category must be None for a GAN without n_categories.")
        given = np.asarray(category)
        known = (given >= 0) & (given < n_categories) if given.dtype.kind in "iu" else np.zeros(given.shape, bool)
        if (given.ndim == 0 and not is_int(category)) or not known.all():
            raise ValueError(f"category must be an int from 0 to {n_categories - 1}, got {category!r}.")
        z[:, n_noise : n_noise + n_categories] = np.eye(n_categories, dtype=np.float32)[given]

    def _generate(self, network, inputs):
        """What ``network`` makes of its inputs, a chunk at a time."""
        return np.concatenate([self._images(network, inputs[part]) for part in iter_chunks(len(inputs), _CHUNK)])

    def _check_latents(self, z):
        check_is_fitted(self)
        z = check_array(z, dtype=np.float32, input_name="z")
        if z.shape[1] != (width := setup.latent_size(self)):
            raise ValueError(f"z must have latent_dim={width} values a row, got {z.shape[1]}.")
        return z

    def _images(self, network, z):
        """What ``network`` makes of latents, as rows or a stack in the dtype and range of the training rows."""
        from toolkit.nn import limit_threads

        with limit_threads(self.n_threads):
            images = setup.unit_images(network, z, self.image_shape_)
        images = setup.from_unit(self, images)
        return in_layout(images, self.layout_)
