"""Audits in parts and studies on workers of Dask and Ray: real processes on this machine."""

import os
import signal
import time

import joblib
import numpy as np
import pandas as pd
import pytest

from toolkit._core import jobs
from toolkit.audit import Auditor
from toolkit.comparison import compare_detectors
from toolkit.corruption import Corruptor
from toolkit.coverage import ModeCoverage
from toolkit.datasets import load_digits
from toolkit.diagnostics import CorruptionIdentifier
from toolkit.generators import GAN
from toolkit.restoration import ImageRestorer
from toolkit.studies import run_collapse_study, run_generator_comparison, run_partitioned_audit
from toolkit.studies.partitioned._engines import run_tasks

pytestmark = pytest.mark.cluster
SMALL = {"generator_widths": (8,), "discriminator_widths": (8,)}


@pytest.fixture(scope="module")
def images():
    return Corruptor(["invert"], fraction=0.2, random_state=0).corrupt(load_digits().images[:110])


@pytest.fixture(scope="module")
def dask_cluster():
    distributed = pytest.importorskip("distributed", reason="needs toolkit[dask]")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def ray_cluster():
    ray = pytest.importorskip("ray", reason="needs toolkit[ray]")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


def figures(images, kinds):
    """Figures of four studies, times left out."""
    fits = GAN(max_steps=6, **SMALL).fit_many(images, seeds=[0, 1], n_jobs=2)
    table = compare_detectors(detectors=["pca"], data={"digits": (images, kinds)}, seeds=[0, 1], n_jobs=2)
    models = run_generator_comparison(images, generators=["vae"], seeds=[0, 1], epochs=1, n_jobs=2)
    judge = ModeCoverage(n_bins=8, n_draws=10, n_splits=2, random_state=0)
    study = run_collapse_study(
        images, {"plain": SMALL}, seeds=[0, 1], steps=4, n_samples=60, checkpoints=1, n_jobs=2, coverage=judge
    )
    drawn = np.stack([gan.sample(3, random_state=0) for gan in fits["estimator"]])
    tables = [table, models.table, study.runs]
    return drawn, [found[[name for name in found if "seconds" not in name]] for found in tables]


def same(one, other):
    np.testing.assert_array_equal(one[0], other[0])
    for expected, found in zip(one[1], other[1]):
        pd.testing.assert_frame_equal(found, expected, check_exact=True)


@pytest.fixture(scope="module")
def on_loky(images):
    return figures(*images)


def test_studies_on_dask_equal_those_on_loky(dask_cluster, images, on_loky):
    from distributed import Client

    with Client(dask_cluster), joblib.parallel_config(backend="dask"):
        same(on_loky, figures(*images))


def test_studies_on_ray_equal_those_on_loky(ray_cluster, images, on_loky):
    from ray.util.joblib import register_ray

    register_ray()
    with joblib.parallel_config(backend="ray"):
        same(on_loky, figures(*images))


def length_of(X, place):
    return len(X) + place


def test_images_are_sent_to_dask_once(dask_cluster):
    from distributed import Client

    X = np.zeros((1000, 1000))
    with Client(dask_cluster) as client, joblib.parallel_config(backend="dask"):
        sent = []
        usual = client.scatter
        client.scatter = lambda data, **options: sent.append(data) or usual(data, **options)
        found = jobs.run_jobs(length_of, [{"X": X, "place": place} for place in range(8)], n_jobs=2)
    assert found == list(range(1000, 1008))
    assert len(sent) == 1


def test_images_are_sent_to_ray_once(ray_cluster, monkeypatch):
    from ray.util.joblib import register_ray

    register_ray()
    X, put, usual = np.zeros((1000, 1000)), [], ray_cluster.put
    monkeypatch.setattr(ray_cluster, "put", lambda value, **options: put.append(id(value)) or usual(value, **options))
    with joblib.parallel_config(backend="ray"):
        found = jobs.run_jobs(length_of, [{"X": X, "place": place} for place in range(8)], n_jobs=2)
    assert found == list(range(1000, 1008))
    assert put.count(id(X)) == 1


@pytest.mark.parametrize("engine", ["dask", "ray"])
def test_audits_in_parts_find_what_threads_find(engine, images, request, tmp_path):
    request.getfixturevalue(f"{engine}_cluster")
    scheduler = request.getfixturevalue("dask_cluster").scheduler_address if engine == "dask" else None
    (tmp_path / "shards").mkdir()
    for place in range(2):
        np.save(tmp_path / "shards" / f"{place}.npy", images[0][30 * place : 30 * place + 30])
    judges = {"identifier": CorruptionIdentifier(epochs=0), "restorer": ImageRestorer(epochs=0)}
    auditor = Auditor(**judges, random_state=0).fit(images[0][:60])
    options = {"auditor": auditor, "chunk_size": 15, "duplicates": False}
    one = run_partitioned_audit(tmp_path / "shards", tmp_path / "threads", engine="threads", **options)
    other = run_partitioned_audit(
        tmp_path / "shards", tmp_path / engine, engine=engine, scheduler=scheduler, n_jobs=2, **options
    )
    assert pd.concat(one.iter_tables()).equals(pd.concat(other.iter_tables()))
    assert one.total == other.total


def die_once(task):
    """A task that takes its worker along the first time, and another that always does."""
    place, folder = task
    if place == 2 and not os.path.exists(f"{folder}/died"):
        open(f"{folder}/died", "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    if place == 4:
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)
    return 10 * place


@pytest.mark.parametrize("engine", ["dask", "ray"])
def test_a_worker_that_dies_costs_its_task_alone(engine, request, tmp_path):
    pytest.importorskip("distributed" if engine == "dask" else "ray", reason=f"needs toolkit[{engine}]")
    if engine == "ray":
        request.getfixturevalue("ray_cluster")
    tasks = [(place, str(tmp_path)) for place in range(6)]
    options = {"engine": engine, "scheduler": None, "n_workers": 2, "lost": lambda task, reason: reason}
    found = {task[0]: result for task, result in run_tasks(die_once, tasks, **options)}
    assert {place: found[place] for place in (0, 1, 2, 3, 5)} == {0: 0, 1: 10, 2: 20, 3: 30, 5: 50}
    assert "every worker that tried it died" in found[4]
