"""Encoding of the inputs and targets of a sequence model: characters, pictures, and the order in which they go."""

import numpy as np

from toolkit._core.pixel_scale import PixelScale
from toolkit.sequence._characters import alphabet_of, as_strings, decode, encode
from toolkit.sequence._pictures import as_pictures

__all__ = ["EncodingMixin"]


class EncodingMixin:
    """Learns alphabets, lengths and ranges from the data, and encodes inputs and targets in the order of the network.

    Arrays go by the names of the fields of :class:`toolkit.sequence._trainer.SequenceTrainer`.
    """

    def _source_fields(self, X, text):
        self.source_characters_ = self.source_shape_ = None
        if self.source == "text":
            if text is not None:
                raise ValueError("source_text is for source='image'; X itself is text.")
            strings = as_strings(X, "X")
            self.source_length_ = max(1, int(np.char.str_len(strings).max()))
            self.source_characters_ = alphabet_of(strings)
            return {"source": self._encode_source(strings, "X")}
        pictures = as_pictures(X, "X")
        self.source_length_, self.source_shape_ = pictures.shape[1], pictures.shape[2:]
        self.source_scale_ = PixelScale.learn(pictures)
        found = {"source_pictures": self._turn(pictures)}
        if text is not None:
            strings = as_strings(text, "source_text")
            self.source_characters_ = alphabet_of(strings)
            found["source"] = self._encode_source(strings, "source_text")
        return found

    def _target_fields(self, y, text):
        self.target_characters_ = self.target_shape_ = None
        if self.target == "text":
            if text is not None:
                raise ValueError("target_text is for target='image'; y itself is text.")
            strings = as_strings(y, "y")
            self.target_length_ = max(1, int(np.char.str_len(strings).max()))
            self.target_characters_ = alphabet_of(strings)
            return {"target": self._encode_target(strings)}
        pictures = as_pictures(y, "y")
        self.target_length_, self.target_shape_ = pictures.shape[1], pictures.shape[2:]
        self.target_scale_, self.target_dtype_ = PixelScale.learn(pictures), pictures.dtype.name
        if self.writer == "blurred":
            return {"target_pictures": pictures[:, ::-1] if self.reverse_target else pictures}
        if text is None:
            raise ValueError("target_text, what the pictures of y say, is needed for writer='varied'.")
        strings = as_strings(text, "target_text")
        self.target_characters_ = alphabet_of(strings)
        found = {"target": self._encode_target(strings)}
        if len(strings) == len(pictures) and self.reverse_target:
            # Written from the end: the pictures of the answer turn round, the empty ones stay behind it.
            sizes = np.char.str_len(strings)[:, None]
            places = np.arange(self.target_length_)[None]
            order = np.where(places < sizes, sizes - 1 - places, places)
            pictures = np.take_along_axis(pictures, order[:, :, None, None], axis=1)
        return found | {"target_pictures": pictures}

    def _encode_source(self, strings, name):
        return self._turn(encode(strings, self.source_characters_, self.source_length_, name))

    def _turn(self, values):
        return np.ascontiguousarray(values[:, ::-1]) if self.reverse_source else values

    def _encode_target(self, strings):
        if self.reverse_target:
            strings = np.array([string[::-1] for string in strings.tolist()])
        return encode(strings, self.target_characters_, self.target_length_, "y")

    def _written(self, numbers):
        strings = decode(numbers, self.target_characters_)
        return np.array([string[::-1] for string in strings.tolist()]) if self.reverse_target else strings
