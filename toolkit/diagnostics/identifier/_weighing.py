"""How far each witness is to be believed on a set: settled by images in which something was planted."""

from dataclasses import replace

import numpy as np

from toolkit.diagnostics.identifier._calibration import unseen_temperature
from toolkit.diagnostics.identifier._competence import Unseen
from toolkit.diagnostics.identifier._evidence import Evidence, EvidenceModel
from toolkit.diagnostics.identifier._injection import Injector, plant_evenly

__all__ = ["weigh_witnesses"]


def weigh_witnesses(ensemble, symmetry_evidence, outlier_score, came, images, folds, trusted, generator):
    """Plant every kind in trusted images, and fit how networks, statistics and neighbours are weighed.

    Parameters
    ----------
    ensemble : Ensemble
    symmetry_evidence : SymmetryEvidence
        Fitted; how far networks may go beyond it is chosen here.
    outlier_score : StatisticsOutlierScore
        Fitted.
    came : Evidence
        Of the images as they came, by the whole ensemble; its ``logs`` are zeros where networks know nothing.
    images : ndarray of uint8
    folds : Folds
    trusted : ndarray of bool of shape (n,)
        Which images count as clean to begin with.
    generator : numpy.random.Generator

    Returns
    -------
    model : EvidenceModel
    temperature : float
    unseen : Unseen
        What is said of images as they came and planted by what never saw them.
    """
    # What judges an image here never saw it: neither as it came nor, where it can be had, with anything planted.
    judges = np.where(folds.measured, folds.held_out, folds.judges)
    known = came.logs.any()

    def judged(stack, masks):
        logs = ensemble.out_of_fold_logs(stack, masks)
        return logs if known else np.zeros_like(logs)

    model = EvidenceModel(outlier_score.not_from_the_set)
    logs = came.logs if judges.all() else judged(images, judges)
    planted, rows = plant_evenly(Injector(ensemble.kinds), images, trusted, folds.measured, generator)
    shown = Evidence(
        judged(planted.images, judges[:, rows]),
        outlier_score.measure(planted.images),
        symmetry_evidence.gains(planted.images),
    )
    own, planted_logs, clean = model.fit_judge(
        Evidence(logs, came.statistics, came.gains),
        shown,
        planted.kind,
        rows,
        trusted=trusted,
        usual=outlier_score.usual_,
        generator=generator,
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
    return model, temperature, calibrated
