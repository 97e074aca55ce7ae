"""Figures that imitate those of another package are those of that package, on random data.

The packages are not needed to run anything; where they are installed they are asked.
"""

import importlib

import numpy as np
import pytest
import torch

from toolkit.coverage import frechet_distance, kernel_distance, precision_recall_density_coverage, vendi_score


def two_samples(seed):
    """Two correlated samples that overlap in part."""
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(12, 12))
    return rng.normal(size=(300, 12)) @ mix, rng.normal(0.3, 1.2, size=(260, 12)) @ mix


def torch_fidelity(module):
    """A module of torch-fidelity, which imports torchvision, and that only beside its very version of torch."""
    try:
        return importlib.import_module(f"torch_fidelity.{module}")
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"torch-fidelity cannot be imported: {error}")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n_neighbours", [1, 5])
def test_prdc(seed, n_neighbours):
    prdc = pytest.importorskip("prdc", reason="the package prdc is what is compared with", exc_type=ImportError)
    real, samples = two_samples(seed)
    theirs = prdc.compute_prdc(real_features=real, fake_features=samples, nearest_k=n_neighbours)
    ours = precision_recall_density_coverage(real, samples, n_neighbours=n_neighbours).as_dict()
    assert ours == pytest.approx({name: float(value) for name, value in theirs.items()}, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_frechet_distance_of_torch_fidelity(seed):
    fid = torch_fidelity("metric_fid")
    first, second = two_samples(seed)
    statistics = [fid.fid_features_to_statistics(torch.from_numpy(rows)) for rows in (first, second)]
    theirs = fid.fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    assert frechet_distance(first, second) == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_kernel_distance_of_torch_fidelity(seed):
    kid = torch_fidelity("metric_kid")
    rows = two_samples(seed)
    first, second = (each[:250] for each in rows)  # theirs takes samples of one size
    scale = 1 / first.shape[1]
    within, across, other = ((a @ b.T * scale + 1) ** 3 for a, b in ((first, first), (first, second), (second, second)))
    assert kernel_distance(first, second) == pytest.approx(kid.mmd2(within, across, other), rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_vendi_score(seed):
    vendi = pytest.importorskip("vendi_score.vendi", reason="the package vendi-score", exc_type=ImportError)
    rows, _ = two_samples(seed)
    assert vendi_score(rows) == pytest.approx(vendi.score_dual(rows, normalize=True), rel=1e-9)
