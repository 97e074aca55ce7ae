"""What a trained sequence model answers: queries read, the decoder run, characters drawn."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from toolkit._core.images import iter_chunks
from toolkit._core.random import as_generator
from toolkit._core.value_scale import check_same_scale
from toolkit.sequence._characters import BLANK, as_strings, encode
from toolkit.sequence._pictures import as_pictures, unit_of

__all__ = ["AnswersMixin"]

_CHUNK = 1024
# Where a picture begins in itself with a margin of one pixel: as it is, and moved to each side.
_VIEWS = ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2))


class AnswersMixin:
    """The way from queries to logits of characters, and from those to pictures, some hundred rows at a time."""

    def _source_shares(self, X):
        """Characters (n, source_length, n_source), in the order in which they are fed.

        One-hot where characters are known: with half a three and half an eight the
        arithmetic cannot be done. The classes of a reader without characters keep their probabilities.
        """
        if self.source == "text":
            numbers_ = self._encode_source(as_strings(X, "X"), "X")
            return np.eye(len(self.source_characters_), dtype=np.float32)[numbers_]
        import torch
        from torch.nn import functional

        from toolkit.nn import limit_threads

        pictures = as_pictures(X, "X", self.source_length_, self.source_shape_)
        check_same_scale("X", pictures, self.source_scale_, type(self).__name__)
        to_unit, reader, shares = unit_of(self.source_scale_), self.reader_, []
        with limit_threads(self.n_threads), torch.no_grad():
            for part in iter_chunks(len(pictures), _CHUNK // 4):
                shown = to_unit(
                    torch.from_numpy(np.require(pictures[part], requirements="CW").reshape(-1, *self.source_shape_))
                )
                if self.source_characters_ is None:
                    read = torch.softmax(reader(shown), dim=1)
                else:
                    found = _predict_views(reader, shown).argmax(dim=1)
                    read = functional.one_hot(found, len(self.source_characters_)).float()
                shares.append(read.unflatten(0, (-1, self.source_length_)))
        return torch.cat(shares).numpy()

    def _answer(self, X):
        """Logits (n, target_length, n_target) and attention weights or None, as the decoder goes."""
        check_is_fitted(self)
        import torch

        from toolkit.nn import limit_threads

        shares = self._source_shares(X)
        if self.source == "image":
            shares = self._turn(shares)
        found = []
        with limit_threads(self.n_threads), torch.no_grad():
            for part in iter_chunks(len(shares), _CHUNK):
                found.append(self.network_(torch.from_numpy(shares[part])))
        logits = torch.cat([one for one, _ in found]).numpy()
        return logits, torch.cat([one for _, one in found]).numpy() if self.attention else None

    def _draw(self, logits, random_state):
        """Pictures of the answers, first character first."""
        import torch

        from toolkit.nn import limit_threads

        n, length, _ = logits.shape
        generator = as_generator(self._style_seed if random_state is None else random_state)
        if self.writer == "varied":
            text = self._written(logits.argmax(axis=2))
            content = encode(text, self.target_characters_, length, "y")
            noise = generator.normal(0, self.variety, (n, length, self.writer_.latent_dim)).astype(np.float32)
            which = generator.random((n, length), dtype=np.float32)
        else:
            content = logits[:, ::-1] if self.reverse_target else logits
        drawn = np.zeros((n, length, *self.target_shape_), dtype=self.target_dtype_)
        with limit_threads(self.n_threads), torch.no_grad():
            for part in iter_chunks(n, _CHUNK):
                given = torch.from_numpy(np.require(content[part], requirements="CW")).flatten(0, 1)
                more = ()
                if self.writer == "varied":
                    chance = (torch.from_numpy(values[part]).flatten(0, 1) for values in (which, noise))
                    more = (self.writer_.sample_latents(given, *chance),)
                unit = torch.sigmoid(self.writer_.write(given, *more)).numpy()
                drawn[part] = self.target_scale_.from_unit(unit, self.target_dtype_).reshape(drawn[part].shape)
        if self.writer == "varied":
            drawn[content == self.target_characters_.index(BLANK)] = self.target_scale_.low  # nothing, not faint ink
        return drawn


def _predict_views(reader, shown):
    """Mean log-probabilities (n, n_characters) of pictures (n, height, width) over five views, shifted by a pixel."""
    import torch
    from torch.nn import functional

    height, width = shown.shape[1:]
    wide = functional.pad(shown[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    views = [reader(wide[:, top : top + height, left : left + width]) for top, left in _VIEWS]
    return torch.stack([logits.log_softmax(dim=1) for logits in views]).mean(dim=0)
