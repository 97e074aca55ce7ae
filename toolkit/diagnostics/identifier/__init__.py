"""CorruptionIdentifier and its parts: injection, network, ensemble, calibration, competence, novelty."""
