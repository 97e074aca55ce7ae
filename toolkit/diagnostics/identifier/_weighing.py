"""How far each witness is to be believed on a set: settled by images in which something was planted."""

from dataclasses import replace

import numpy as np

from toolkit._core.jobs import run_steps
from toolkit.diagnostics.identifier._calibration import unseen_temperature
from toolkit.diagnostics.identifier._competence import Unseen
from toolkit.diagnostics.identifier._evidence import Evidence, EvidenceModel
from toolkit.diagnostics.identifier._injection import Injector, plant_evenly

__all__ = ["weigh_witnesses"]


def weigh_witnesses(
    ensemble, symmetry_evidence, outlier_score, prediction, statistics, images, folds, trusted, generator
):
    """Plant every kind in trusted images, and fit how networks, statistics and neighbours are weighed.

    Parameters
    ----------
    ensemble : Ensemble
    symmetry_evidence : SymmetryEvidence
        Fitted; how far networks may go beyond it is chosen here.
    outlier_score : StatisticsOutlierScore
        Fitted.
    prediction : ndarray of shape (n, n_outputs)
        Log-likelihoods of the images as they came by the whole ensemble; zeros where networks know nothing.
    statistics : ndarray of shape (n, n_statistics)
        Of the images as they came.
    images : ndarray of uint8
    folds : Folds
    trusted : ndarray of bool of shape (n,)
        Which images count as clean to begin with.
    generator : numpy.random.Generator

    Returns
    -------
    model : EvidenceModel
    came : Evidence
        Of the images as they came, by the whole ensemble.
    temperature : float
    unseen : Unseen
        What is said of images as they came and planted by what never saw them.
    """
    # What judges an image here never saw it: neither as it came nor, where it can be had, with anything planted.
    judges = np.where(folds.measured, folds.held_out, folds.judges)
    known = prediction.any()

    def judged(stack, masks):
        logs = ensemble.out_of_fold_logs(stack, masks)
        return logs if known else np.zeros_like(logs)

    model = EvidenceModel(outlier_score.not_from_the_set)
    logs = prediction if judges.all() else judged(images, judges)
    planted, rows = plant_evenly(Injector(ensemble.kinds), images, trusted, folds.measured, generator)
    *shown, gains = run_steps(
        lambda: judged(planted.images, judges[:, rows]),
        lambda: outlier_score.measure(planted.images),
        lambda: symmetry_evidence.gains(planted.images),
        lambda: symmetry_evidence.gains(images),
        n_jobs=ensemble.n_jobs,
    )
    came, shown = Evidence(prediction, statistics, gains), Evidence(*shown)
    own, planted_logs, clean = model.fit_judge(
        Evidence(logs, statistics, gains),
        shown,
        planted.kind,
        rows,
        trusted=trusted,
        usual=outlier_score.usual_,
        generator=generator,
        n_jobs=ensemble.n_jobs,
    )
    symmetry_evidence.fit_allowance(came.gains[clean], own[clean], shown.gains, planted_logs, planted.kind)
    unseen = Unseen(
        symmetry_evidence.cap(came.gains, own),
        symmetry_evidence.cap(shown.gains, planted_logs),
        planted.kind,
        rows,
        folds.measured,
    )
    temperature = unseen_temperature(unseen.logs, unseen.planted_logs, unseen.kind)
    calibrated = replace(unseen, logs=unseen.logs / temperature, planted_logs=unseen.planted_logs / temperature)
    return model, came, temperature, calibrated
