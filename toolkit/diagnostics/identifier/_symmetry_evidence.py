"""Was it flipped or turned? What an image's neighbours in the set say, as a second witness beside the networks.

An image and its mirror image that look alike cannot tell which came first, and a network that names one of them
mirrored all the same has learnt a hand or a habit by heart: of the sound letters that were once "repaired", nine in ten
were an O, S, U or T, flipped. So there are two witnesses of a flip, a quarter or half turn or a transposition: the
networks, and how much more the image would resemble its neighbours after the repair. Where the neighbours speak against
the symmetry they have the word; where they speak for it, it is no likelier than they say twice over, for then there are
two who say so. How much further the networks may go by themselves is measured on the set: nothing at all on 4,000
letters, garments or digits; on 20,000 digits as far as they like, for there they know the hand that wrote each (half
turns of digits: recall .98 for .89).
"""

import numpy as np

from toolkit._core.appearance import Neighbours, oriented_gradients
from toolkit._core.geometry import inverse_dihedral
from toolkit.corruption import SHAPE_KEEPING
from toolkit.diagnostics.identifier._test_time_augmentation import symmetry_codes

__all__ = ["SymmetryEvidence"]

# The neighbours are asked where the networks' log-odds of a symmetry are above this: below, they change nothing.
_WORTH_ASKING = -4.0
# Images that the weight of the evidence is fitted to.
_FITTED = 1500
# How far, in log-odds, the networks may go beyond what the neighbours bear out: one of these is chosen.
_ALLOWANCES = (0.0, 2.0, 4.0, 8.0, np.inf)


class SymmetryEvidence:
    """Log-odds of each symmetry by the neighbours of an image.

    Parameters
    ----------
    kinds : tuple of str
        All named kinds, in the order of the networks' outputs.
    most : int, default=4000
        Images that an image is compared with. Of handwritten letters 1,000 find less than 2,000.

    Attributes
    ----------
    weights_ : dict of str to float
        Log-odds for each unit of similarity gained; 0 where neighbours know nothing.
    allowance_ : float
        Log-odds by which a symmetry may be likelier than the neighbours bear out.
    """

    # Of models that were saved before it was measured.
    allowance_ = 0.0

    def __init__(self, kinds, *, most=4000):
        self.kinds = kinds
        self.most = most

    def fit(self, images, generator):
        """Learn from ``images`` (uint8) that look clean, and return self."""
        from sklearn.linear_model import LogisticRegression

        square = images.shape[1] == images.shape[2]
        names = [kind for kind in symmetry_codes(self.kinds) if kind in self.kinds]
        names = [kind for kind in names if square or kind in SHAPE_KEEPING]
        self.weights_ = {}
        if not names or len(images) < 2:
            return self
        self.neighbours_ = Neighbours(self.most).fit(images, generator)
        some = images[np.sort(generator.permutation(len(images))[:_FITTED])]
        described = oriented_gradients(some)
        for kind, gain in zip(names, self._gains(described, images.shape[1:3], names)[:, :-1].T):
            # Undone, an image that was turned is the image, so its gain is this one's with the other sign.
            both, turned = np.r_[gain, -gain][:, None], np.repeat([0, 1], len(gain))
            slope = LogisticRegression(C=1e4, fit_intercept=False).fit(both, turned).coef_[0, 0]
            self.weights_[kind] = max(float(slope), 0.0)
        return self

    def _gains(self, described, size, kinds):
        """Similarity gained were each kind undone, and the similarity as it is: (n, n_kinds + 1)."""
        undone = [inverse_dihedral(kind) for kind in kinds]
        found = self.neighbours_.similarity_under(described, size, [*undone, "identity"])
        found[:, :-1] -= found[:, -1:]
        return found

    def gains(self, images):
        """What each symmetry, undone, would gain an image (uint8) in similarity, and its similarity as it is.

        Returns
        -------
        ndarray of shape (n, n_symmetries + 1)
        """
        if not self.weights_:
            return np.zeros((len(images), 1))
        return self._gains(oriented_gradients(images), images.shape[1:3], tuple(self.weights_))

    def fit_allowance(self, clean_gains, clean_logs, planted_gains, planted_logs, planted_kind):
        """Choose how far the networks may go beyond the neighbours: by the likelihood of images not in the fit.

        Parameters
        ----------
        clean_gains, planted_gains : ndarray of shape (n, n_symmetries + 1)
        clean_logs, planted_logs : ndarray of shape (n, n_outputs)
            Of images that count as clean, and of images in which ``planted_kind`` was planted, by models that saw
            neither. Both groups weigh the same.

        Returns
        -------
        self
        """
        from scipy.special import log_softmax

        def likelihood(allowance):
            self.allowance_ = allowance
            clean = log_softmax(self.cap(clean_gains, clean_logs), axis=1)[:, 0]
            planted = log_softmax(self.cap(planted_gains, planted_logs), axis=1)
            return clean.mean() + planted[np.arange(len(planted)), planted_kind].mean()

        self.allowance_ = 0.0
        if self.weights_ and len(clean_logs) and len(planted_logs):
            self.allowance_ = max(_ALLOWANCES, key=likelihood)  # of equals the first: the one that says least
        return self

    def cap(self, gains, logs):
        """Log-likelihoods in which no symmetry is likelier than the neighbours bear out, whose ``gains`` are known."""
        logs = logs.copy()
        for column, (kind, weight) in enumerate(self.weights_.items()):
            code = self.kinds.index(kind) + 1
            most = logs[:, 0] + _borne_out(weight * gains[:, column]) + self.allowance_
            logs[:, code] = np.minimum(logs[:, code], most)
        return logs

    def weigh(self, images, logs):
        """Log-likelihoods in which no symmetry is likelier than the neighbours bear out.

        Parameters
        ----------
        images : ndarray of uint8, of shape (n, height, width[, 3])
        logs : ndarray of shape (n, n_outputs)
            The networks' log-likelihoods: clean, the kinds in order, unknown.

        Returns
        -------
        ndarray of shape (n, n_outputs)
        """
        codes = {kind: self.kinds.index(kind) + 1 for kind in self.weights_}
        if not codes:
            return logs
        odds = logs[:, list(codes.values())] - logs[:, :1]
        asked = np.flatnonzero((odds > _WORTH_ASKING).any(axis=1))
        if not len(asked):
            return logs
        weighed = logs.copy()
        gains = self.gains(images[asked])
        for column, (kind, code) in enumerate(codes.items()):
            mine = np.flatnonzero(logs[asked, code] - logs[asked, 0] > _WORTH_ASKING)
            rows = asked[mine]
            evidence = self.weights_[kind] * gains[mine, column]
            weighed[rows, code] = np.minimum(logs[rows, code], logs[rows, 0] + _borne_out(evidence))
        return weighed


def _borne_out(evidence):
    """How likely the neighbours let a symmetry be: as they say where they speak against it, else twice over."""
    return np.where(evidence > 0, 2 * evidence, evidence)
