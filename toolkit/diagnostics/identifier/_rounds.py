"""Rounds of learning: after each the networks say which rows are clean, and the next one is shown these."""

from toolkit._core.progress import Progress
from toolkit.diagnostics.identifier._calibration import held_back_temperature, initial_clean_mask, select_clean_rows
from toolkit.diagnostics.identifier._injection import Injector
from toolkit.diagnostics.identifier._test_time_augmentation import TWO_VIEWS

__all__ = ["learn_in_rounds", "rounds_for"]

# The verdict stands where no more than this share of the rows changes sides in a round, after so many rounds at least.
_STANDS, _LEAST_ROUNDS = 0.005, 2


def rounds_for(n_samples):
    """Rounds that a set is worth: of a few thousand images four say what ten do, of 20,000 they do not."""
    return min(max(4, -(-n_samples // 1000)), 10)


def learn_in_rounds(ensemble, images, usual, folds, n_rounds, *, generator, clean=None, first_logs=None, verbose=False):
    """Train an ensemble on a contaminated set, until its verdict stands or ``n_rounds`` are over.

    Parameters
    ----------
    ensemble : Ensemble
    images : ndarray of uint8
    usual : ndarray of bool of shape (n,)
        Rows whose statistics are not odd.
    folds : Folds
    n_rounds : int
        0 learns nothing.
    generator : numpy.random.Generator
    clean : ndarray of bool of shape (n,), optional
        Which rows are to count as clean, instead of finding out.
    first_logs : ndarray of shape (n, n_outputs), optional
        What the networks say of the rows before they learn anything, where it is known already.
    verbose : bool, default=False

    Returns
    -------
    trusted : ndarray of bool of shape (n,)
        Which rows count as clean in the end.
    n_rounds : int
        Rounds that it took.
    """
    trusted = usual.copy() if clean is None else clean.copy()
    if clean is None and ensemble.members[0].is_pretrained:
        logs = ensemble.out_of_fold_logs(images, folds.judges) if first_logs is None else first_logs
        trusted = initial_clean_mask(logs, usual)
    done, stands = 0, False
    with Progress(n_rounds, desc="identifier", verbose=verbose) as progress:
        while done < n_rounds:
            last = stands or done == n_rounds - 1
            # Whatever the schedule was made for, the last round is the one in which the networks settle.
            ensemble.train(images, trusted, folds, 1, last=last)
            done += 1
            progress.update(n_rounds - done + 1 if last else 1)
            if last:
                break
            if clean is None:
                before, trusted = trusted, _verdict(ensemble, images, usual, folds, generator)
                stands = done >= _LEAST_ROUNDS and (before != trusted).mean() <= _STANDS
    return trusted, done


def _verdict(ensemble, images, usual, folds, generator):
    """Which rows are likely clean, by the networks that were not shown them as such."""

    def judge(stack):
        return ensemble.predict(stack, views=TWO_VIEWS).logs

    logs = ensemble.out_of_fold_logs(images, folds.judges)
    temperature = held_back_temperature(judge, Injector(ensemble.kinds), images, logs, folds.held_back, generator)
    return select_clean_rows(logs / temperature, usual, folds.fold)
