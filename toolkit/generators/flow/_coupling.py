"""Which noise a row of data comes from in training, by name."""

import numpy as np
import torch

__all__ = ["COUPLINGS"]


def independent(data: torch.Tensor, noise: torch.Tensor, groups: torch.Tensor | None) -> torch.Tensor:
    """Any with any."""
    return noise


def optimal_transport(data: torch.Tensor, noise: torch.Tensor, groups: torch.Tensor | None) -> torch.Tensor:
    """The pairing of a batch with the least sum of squared distances: paths cross less, and are straighter.

    Tong et al. (2024), "Improving and generalizing flow-based generative models with minibatch optimal transport";
    Pooladian et al. (2023), "Multisample flow matching". Where rows have conditions, noise changes hands within rows of
    the same condition only: else the noise alone would tell the condition, which is drawn apart from it in sampling.

    Examples
    --------
    >>> import torch
    >>> data, noise = torch.tensor([[0.0], [1.0], [2.0]]), torch.tensor([[2.1], [0.1], [1.1]])
    >>> [round(value, 1) for value in optimal_transport(data, noise, None)[:, 0].tolist()]
    [0.1, 1.1, 2.1]
    """
    from scipy.optimize import linear_sum_assignment

    # With equal numbers on both sides squared distances differ from minus the products by constants.
    gain = (data.flatten(1).float() @ noise.flatten(1).T).cpu().numpy()
    place = np.arange(len(data))
    codes = np.zeros(len(data), dtype=np.intp) if groups is None else groups.cpu().numpy()
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        if len(rows) > 1:
            place[rows] = rows[linear_sum_assignment(gain[np.ix_(rows, rows)], maximize=True)[1]]
    return noise[torch.from_numpy(place).to(noise.device)]


COUPLINGS = {"independent": independent, "optimal_transport": optimal_transport}
