"""The literal table of detectors, PyOD's so far: where each one lives, what it costs and what it needs to behave.

A detector is in the table if it can score rows that it has not seen, each for itself, without labels. The others are
named in ``LEFT_OUT`` with the reason, so that asking for one of them says why it is not there.

To add one that is not PyOD's, write its class with ``fit`` and ``score_samples`` (higher = more normal) in a file of
its own, and its line in ``METHODS``.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LEFT_OUT", "METHODS", "Method", "available_detectors"]


@dataclass(frozen=True)
class Method:
    """What the adapter must know of one detector.

    Parameters
    ----------
    path : str
        ``"module:Class"`` below ``pyod.models``, or, with a dot in it, ``"package.module:Class"`` from anywhere;
        imported on use.
    family : str
    cost : {"low", "medium", "high", "very high"}
        On 20,000 flat 28x28 images with one thread: seconds, a minute, minutes, more.
    max_rows : int
        How many rows it is fitted on when ``reference_size="auto"``.
    stochastic : bool
        Its result depends on random numbers.
    seeded : bool
        Its constructor takes ``random_state``.
    deep : bool
        A torch model that seeds or draws from global generators: fitted and scored behind a lock.
    training : {"same", "stored"}
        How a row that was fitted on is scored: like any other, or by the score that it had in the fit, where a
        neighbour method leaves the row itself out.
    distinct : {"never", "enough", "always"}
        Whether it compares the densities of neighbours, which duplicates make boundless, and is fitted on distinct
        rows; with ``"enough"`` only where there are more of them than it asks neighbours for, since it ranks rows by
        their distance to the duplicates where there are not.
    clip : tuple of (parameter, spare)
        Parameters that must not exceed ``n_samples - spare``.
    defaults : dict
        Parameters that differ from PyOD's own defaults.
    lowest : float
        No ``score_samples`` is below it.
    requires : str or None
        A package that PyOD itself does not bring along.
    """

    path: str
    family: str
    cost: str
    max_rows: int = 50_000
    stochastic: bool = False
    seeded: bool = False
    deep: bool = False
    training: str = "same"
    distinct: str = "never"
    clip: tuple = ()
    defaults: tuple = ()
    lowest: float = -math.inf
    requires: str | None = None


_NEIGHBOURS = (("n_neighbors", 1),)
_BATCH = (("batch_size", 0),)
_SILENT = (("verbose", 0),)

METHODS = {
    "abod": Method(
        "abod:ABOD", "neighbours", "high", 5_000, training="stored", distinct="always", clip=_NEIGHBOURS, lowest=0.0
    ),
    "ae1svm": Method("ae1svm:AE1SVM", "deep", "high", 10_000, stochastic=True, deep=True, clip=_BATCH),
    "alad": Method("alad:ALAD", "deep", "very high", 10_000, stochastic=True, deep=True, clip=_BATCH),
    "anogan": Method("anogan:AnoGAN", "deep", "very high", 2_000, stochastic=True, deep=True, clip=_BATCH),
    "autoencoder": Method(
        "auto_encoder:AutoEncoder", "deep", "high", 50_000, True, True, True, clip=_BATCH, defaults=_SILENT
    ),
    "cblof": Method("cblof:CBLOF", "clusters", "low", stochastic=True, seeded=True, clip=(("n_clusters", 0),)),
    "copod": Method("copod:COPOD", "distribution", "low", 20_000),
    "deep_svdd": Method("deep_svdd:DeepSVDD", "deep", "high", 20_000, True, True, True, clip=_BATCH, defaults=_SILENT),
    "dif": Method("dif:DIF", "deep", "high", 20_000, stochastic=True, seeded=True, deep=True),
    "ecod": Method("ecod:ECOD", "distribution", "low", 20_000),
    "feature_bagging": Method(
        "feature_bagging:FeatureBagging",
        "ensemble",
        "high",
        5_000,
        True,
        True,
        training="stored",
        distinct="enough",
        requires="combo",
    ),
    "gmm": Method("gmm:GMM", "distribution", "medium", stochastic=True, seeded=True, clip=(("n_components", 0),)),
    "hbos": Method("hbos:HBOS", "distribution", "low"),
    "hdbscan": Method(
        "hdbscan:HDBSCAN",
        "clusters",
        "high",
        5_000,
        training="stored",
        distinct="always",
        clip=(("min_cluster_size", 0),),
        lowest=-1.0,
    ),
    "iforest": Method("iforest:IForest", "isolation", "low", stochastic=True, seeded=True),
    "inne": Method("inne:INNE", "isolation", "medium", stochastic=True, seeded=True, lowest=-1.0),
    "kde": Method("kde:KDE", "distribution", "high", 5_000),
    "knn": Method("knn:KNN", "neighbours", "medium", 10_000, training="stored", clip=_NEIGHBOURS),
    "kpca": Method("kpca:KPCA", "linear", "high", 2_000, stochastic=True, seeded=True, clip=(("n_components", 0),)),
    "loda": Method("loda:LODA", "distribution", "low", stochastic=True, seeded=True),
    "lof": Method("lof:LOF", "neighbours", "medium", 10_000, training="stored", distinct="enough", clip=_NEIGHBOURS),
    "lscp": Method("lscp:LSCP", "ensemble", "very high", 2_000, distinct="always", stochastic=True, seeded=True),
    "lunar": Method(
        "lunar:LUNAR", "neighbours", "high", 5_000, True, True, True, training="stored", clip=(("n_neighbours", 1),)
    ),
    "mcd": Method("mcd:MCD", "linear", "medium", 20_000, stochastic=True, seeded=True),
    "ocsvm": Method("ocsvm:OCSVM", "linear", "high", 5_000),
    "pca": Method("pca:PCA", "linear", "low", stochastic=True, seeded=True),
    "qmcd": Method("qmcd:QMCD", "distribution", "high", 5_000),
    "sampling": Method(
        "sampling:Sampling", "neighbours", "low", stochastic=True, seeded=True, clip=(("subset_size", 0),)
    ),
    "suod": Method("suod:SUOD", "ensemble", "high", 5_000, distinct="always", stochastic=True, requires="suod"),
    "vae": Method("vae:VAE", "deep", "high", 50_000, True, True, True, clip=_BATCH, defaults=_SILENT),
}

_TRANSDUCTIVE = "it scores a batch only as a whole, so a new row has no score of its own"

LEFT_OUT = {
    "cd": _TRANSDUCTIVE,
    "cof": _TRANSDUCTIVE,
    "devnet": "it needs labels",
    "lmdd": _TRANSDUCTIVE,
    "loci": _TRANSDUCTIVE,
    "mad": "it takes a single feature",
    "mo_gaal": "its score is inverted: outliers come out as the most normal",
    "rgraph": _TRANSDUCTIVE,
    "rod": _TRANSDUCTIVE,
    "so_gaal": "its score is inverted: outliers come out as the most normal",
    "sod": _TRANSDUCTIVE,
    "sos": _TRANSDUCTIVE,
    "xgbod": "it needs labels",
}


def available_detectors() -> "pd.DataFrame":
    """The detectors that :class:`OutlierDetector` knows by name.

    Returns
    -------
    pandas.DataFrame
        One row per detector: ``name``, ``family``, ``cost`` (low to very high), ``stochastic``, ``deep``,
        ``reference_size`` (rows it is fitted on at most, by default) and ``requires`` (an extra package, or empty).

    Examples
    --------
    >>> from toolkit.detectors import available_detectors
    >>> table = available_detectors().set_index("name")
    >>> table.loc["lof", "family"]
    'neighbours'
    """
    import pandas as pd

    return pd.DataFrame(
        {
            "name": name,
            "family": method.family,
            "cost": method.cost,
            "stochastic": method.stochastic,
            "deep": method.deep,
            "reference_size": method.max_rows,
            "requires": method.requires or "",
        }
        for name, method in METHODS.items()
    )
