"""PictureReader: reads sequences of pictures, to judge answers that a model drew."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import iter_chunks
from toolkit._core.pixel_scale import PixelScale
from toolkit._core.random import as_generator, spawn_seeds
from toolkit._core.types import RandomState
from toolkit._core.value_scale import check_same_scale
from toolkit.sequence._characters import alphabet_of, as_strings, decode, encode
from toolkit.sequence._checks import check_reader_parameters
from toolkit.sequence._pictures import as_pictures, unit_of

__all__ = ["PictureReader"]

_CHUNK = 256


@usual_floating_point
class PictureReader(BaseEstimator):
    """A small convolutional network from pictures of characters to strings, trained by itself.

    It judges models that draw their answers, and is honest only if it never saw one of their drawings: train it on
    pictures of its own.

    Parameters
    ----------
    steps : int, default=2000
    batch_size : int, default=32
        Sequences a step.
    learning_rate : float, default=0.004
    augment : float, default=1.0
        Strength of small turns, slants and shifts in training.
    n_threads : int, default=1
    random_state : int, RandomState instance or None, default=None
    verbose : bool, default=False

    Attributes
    ----------
    characters_ : str
    network_ : torch.nn.Module
    history_ : list of dict

    Examples
    --------
    >>> from toolkit.datasets import render_queries
    >>> from toolkit.sequence import PictureReader
    >>> words = ["1+1", "7-7", "4", "77", "1-4", "+", "-"] * 10
    >>> reader = PictureReader(steps=60, random_state=0).fit(render_queries(words, random_state=0), words)
    >>> bool((reader.read(render_queries(words, random_state=1)) == words).mean() > 0.8)
    True
    """

    def __init__(
        self,
        *,
        steps: int = 2000,
        batch_size: int = 32,
        learning_rate: float = 0.004,
        augment: float = 1.0,
        n_threads: int = 1,
        random_state: RandomState = None,
        verbose: bool = False,
    ):
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.augment = augment
        self.n_threads = n_threads
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, pictures: ArrayLike, text: ArrayLike) -> Self:
        """Learn characters.

        Parameters
        ----------
        pictures : array-like of shape (n_samples, length, height, width)
        text : array-like of str of shape (n_samples,)
            What they say, a character a picture; empty pictures follow a shorter text.

        Returns
        -------
        self
        """
        from toolkit.nn import build, fit_loop, limit_threads, torch_generator
        from toolkit.sequence._picture_networks import CharacterReader, check_picture_shape
        from toolkit.sequence._trainer import ReaderTrainer

        check_reader_parameters(self)
        pictures, strings = as_pictures(pictures, "pictures"), as_strings(text, "text")
        if len(pictures) != len(strings):
            raise ValueError(f"pictures and text must be equally long, got {len(pictures)} and {len(strings)}.")
        check_picture_shape(pictures.shape[2:])
        self.characters_ = alphabet_of(strings)
        numbers = encode(strings, self.characters_, pictures.shape[1], "text")
        self.shape_, self.scale_ = pictures.shape[2:], PixelScale.learn(pictures)
        weight_seed, noise_seed, order_seed = spawn_seeds(self.random_state, 3)
        with limit_threads(self.n_threads):
            generator = torch_generator(weight_seed)
            network = build(lambda: CharacterReader(self.shape_, len(self.characters_)), generator)
            trainer = ReaderTrainer(
                network,
                self.steps,
                torch_generator(noise_seed),
                to_unit=unit_of(self.scale_),
                rate=self.learning_rate,
                augment=self.augment,
            )
            # One by one: the characters of a sequence are of no use to each other here.
            self.history_ = fit_loop(
                trainer,
                (pictures.reshape(-1, *self.shape_), numbers.ravel()),
                batch_size=self.batch_size * pictures.shape[1],
                steps=self.steps,
                generator=as_generator(order_seed),
                verbose=self.verbose,
                desc=type(self).__name__,
            )
        self.network_ = network.eval()
        return self

    def read(self, pictures: ArrayLike) -> NDArray:
        """Strings in sequences of pictures.

        Parameters
        ----------
        pictures : array-like of shape (n_samples, length, height, width)
            Any length.

        Returns
        -------
        ndarray of str of shape (n_samples,)
            Empty pictures at the ends are left out; those in between are spaces.
        """
        import torch

        from toolkit.nn import limit_threads

        check_is_fitted(self)
        pictures = as_pictures(pictures, "pictures", shape=self.shape_)
        check_same_scale("pictures", pictures, self.scale_, type(self).__name__)
        to_unit, numbers = unit_of(self.scale_), []
        with limit_threads(self.n_threads), torch.no_grad():
            for part in iter_chunks(len(pictures), _CHUNK):
                shown = to_unit(
                    torch.from_numpy(np.require(pictures[part], requirements=["C", "W"]).reshape(-1, *self.shape_))
                )
                numbers.append(self.network_(shown).argmax(dim=1).numpy())
        return decode(np.concatenate(numbers).reshape(pictures.shape[:2]), self.characters_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.no_validation = True
        tags.input_tags.two_d_array = False  # sequences of pictures are no rows of numbers
        tags.target_tags.required = True
        return tags
