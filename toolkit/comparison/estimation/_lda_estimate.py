"""An estimate of which kinds are in a set and how often, by linear discriminant analysis (LDA) of image statistics.

Every kind is injected into the set itself; a linear discriminant on the statistics is trained to separate them from the
rows as they are, drops the rows that it classifies as corrupted, and is trained again; the shares of the kinds are then
found by expectation maximisation. It takes seconds and is rough: a fitted identifier is more accurate.
"""

import numpy as np

from toolkit.corruption import KINDS, apply_corruption

__all__ = ["estimate_kinds"]

# Injected examples of each kind, and rounds of training and dropping.
_PER_KIND = 100
_ROUNDS = 3
# Half of the prior is on clean: low enough for rare kinds to be detected.
_CLEAN_PRIOR = 0.5
# A kind that explains less than this share of the rows in a step is taken for confusion with others.
_TRACE = 0.001


def _planted_statistics(diagnostics, stack, scale, kinds, generator):
    """Statistics of planted rows, the code of their kind (1, 2, ...), and the row that each was made from."""
    statistics, codes, sources = [], [], []
    for code, kind in enumerate(kinds, 1):
        rows = generator.choice(len(stack), _PER_KIND, replace=len(stack) < _PER_KIND)
        unit = np.clip(scale.to_unit(stack[rows]), 0.0, 1.0)
        planted, _ = apply_corruption(unit, kind, generator=generator)
        statistics.append(diagnostics.transform(scale.from_unit(planted, stack.dtype)))
        codes.append(np.full(_PER_KIND, code))
        sources.append(rows)
    return np.concatenate(statistics), np.concatenate(codes), np.concatenate(sources)


def _discriminant(X, y, priors):
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import QuantileTransformer

    # Statistics have heavy tails; by their ranks they become the normal variables that the discriminant expects.
    model = make_pipeline(
        QuantileTransformer(n_quantiles=min(200, len(X)), output_distribution="normal", subsample=None, random_state=0),
        LinearDiscriminantAnalysis(priors=priors, solver="lsqr", shrinkage=0.05),
    )
    return model.fit(X, y)


def _shares(probability, priors, n_steps=50):
    """Shares of the classes in the set, and class probabilities under those shares.

    Expectation maximisation of M. Saerens, P. Latinne and C. Decaestecker, "Adjusting the outputs of a classifier to
    new a priori probabilities: a simple procedure", Neural Computation 14, 2002.
    """
    probability = probability + 1e-6
    shares = priors
    for _ in range(n_steps):
        posterior = probability * (shares / priors)
        posterior /= posterior.sum(axis=1, keepdims=True)
        shares = posterior.mean(axis=0)
        shares[1:] = np.maximum(shares[1:] - _TRACE, 0.0)
        shares /= shares.sum()
    return posterior, shares


def estimate_kinds(stack, scale, kinds, generator):
    """Rough clean probabilities and shares of kinds, by LDA.

    Parameters
    ----------
    stack : ndarray of shape (n_samples, height, width[, 3])
    scale : PixelScale
    kinds : tuple of str or None
        Kinds that may have been at work; all when None.
    generator : numpy.random.Generator

    Returns
    -------
    clean_probability : ndarray of shape (n_samples,)
    kind_weights : dict of str to float
        Share of each kind in the whole set.
    """
    from toolkit.diagnostics import CorruptionDiagnostics

    kinds = tuple(kind for kind in (KINDS if kinds is None else kinds) if kind != "unknown")
    if not kinds:
        return np.full(len(stack), 0.9), {}
    diagnostics = CorruptionDiagnostics().fit(stack)
    own = diagnostics.transform(stack)
    planted, codes, sources = _planted_statistics(diagnostics, stack, scale, kinds, generator)
    priors = np.r_[_CLEAN_PRIOR, np.full(len(kinds), (1 - _CLEAN_PRIOR) / len(kinds))]
    trusted = np.ones(len(stack), dtype=bool)
    half = generator.permutation(len(stack)) % 2
    for _ in range(_ROUNDS):
        probability = np.zeros((len(stack), len(priors)))
        for fold in (0, 1):
            # Out-of-fold: each half is predicted by the model trained on the other half.
            rows = (half != fold) & trusted
            keep = trusted[sources]
            X = np.concatenate([own[rows], planted[keep]])
            y = np.concatenate([np.zeros(rows.sum(), dtype=int), codes[keep]])
            model = _discriminant(X, y, priors)
            probability[half == fold] = model.predict_proba(own[half == fold])
        clean = probability[:, 0] > 0.5
        # The clean are assumed to be the majority: a model that calls most rows corrupted is wrong.
        trusted = clean if clean.mean() >= 0.5 else trusted
    posterior, shares = _shares(probability, priors)
    return posterior[:, 0], dict(zip(kinds, shares[1:].tolist()))
