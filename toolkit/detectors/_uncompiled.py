"""Held models as they are written: neither compiled anew in each process, nor with a compiler imported for nothing."""

import sys
from functools import partial

__all__ = ["PlainAdam", "leave_uncompiled", "own_optimiser", "release_optimiser"]

# PyOD's function of the distance between each row and its reconstruction.
_ROW_DISTANCES = "_pairwise_distances_no_broadcast_helper"
_BETAS = 0.9, 0.999


def leave_uncompiled():
    """Have PyOD's reconstruction errors computed by the NumPy expression that they are written as.

    Numba would compile those two lines anew in each process, for three seconds, to do what NumPy does at once.
    """
    statistics = sys.modules.get("pyod.utils.stat_models")
    helper = getattr(statistics, _ROW_DISTANCES, None)
    if hasattr(helper, "py_func"):
        setattr(statistics, _ROW_DISTANCES, helper.py_func)


class PlainAdam:
    """Adam as ``torch.optim.Adam`` computes it on a processor, one tensor after the other, to the last digit.

    The first step of any optimiser of torch imports its compiler, which takes two seconds. Kingma and Ba (2015),
    "Adam: a method for stochastic optimization"; the decay of weights is a part of the gradient.

    Parameters
    ----------
    parameters : iterable of torch.nn.Parameter
    rate : float
    weight_decay, epsilon : float
    """

    def __init__(self, parameters, *, rate, weight_decay=0.0, epsilon=1e-8):
        self.parameters = list(parameters)
        self.rate, self.weight_decay, self.epsilon = rate, weight_decay, epsilon
        self.moments = {}

    def zero_grad(self):
        """Forget all gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    def step(self):
        """Move every parameter that has a gradient."""
        import torch

        with torch.no_grad():
            for place, parameter in enumerate(self.parameters):
                if parameter.grad is not None:
                    self._move(place, parameter, parameter.grad)

    def _move(self, place, parameter, gradient):
        import torch

        if place not in self.moments:
            self.moments[place] = [0, torch.zeros_like(parameter), torch.zeros_like(parameter)]
        state = self.moments[place]
        state[0] += 1
        step, first, second = state
        if self.weight_decay != 0:
            gradient = gradient.add(parameter, alpha=self.weight_decay)
        decay, decay_of_squares = _BETAS
        first.lerp_(gradient, 1 - decay)
        second.mul_(decay_of_squares).addcmul_(gradient, gradient, value=1 - decay_of_squares)
        spread = (second.sqrt() / (1 - decay_of_squares**step) ** 0.5).add_(self.epsilon)
        parameter.addcdiv_(first, spread, value=-self.rate / (1 - decay**step))


def own_optimiser(model):
    """Let a deep model of PyOD that trains by Adam do so by :class:`PlainAdam`; any other is left as it is."""
    base = sys.modules.get("pyod.models.base_dl")
    if base is None or not isinstance(model, base.BaseDeepLearningDetector):
        return
    usual = type(model).training_prepare is base.BaseDeepLearningDetector.training_prepare
    known = set(model.optimizer_params) <= {"weight_decay", "adam_eps", "sgd_momentum", "sgd_nesterov"}
    on_processor = getattr(model.device, "type", str(model.device)) == "cpu"
    if usual and known and on_processor and model.optimizer_name == "adam" and not model.use_compile:
        model.training_prepare = partial(_prepare, model)


def _prepare(model):
    """What ``BaseDeepLearningDetector.training_prepare`` does."""
    model.model = model.model.to(model.device)
    model.optimizer = PlainAdam(
        model.model.parameters(),
        rate=model.lr,
        weight_decay=model.optimizer_params.get("weight_decay", 0),
        epsilon=model.optimizer_params.get("adam_eps", 1e-8),
    )
    model.model.train()


def release_optimiser(model):
    """Take back what :func:`own_optimiser` gave: a fitted model has no use of it."""
    if "training_prepare" in vars(model):
        del model.training_prepare
        model.optimizer = None
