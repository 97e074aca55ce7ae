"""An optimiser's memory as nested dicts of tensors with names for keys, as checkpoints want it."""

__all__ = ["load_optimiser", "optimiser_state"]


def optimiser_state(optimiser):
    """Moments and step counts, by the place of their parameter; rates and betas belong to whoever sets them."""
    return {str(place): dict(values) for place, values in optimiser.state_dict()["state"].items()}


def load_optimiser(optimiser, state):
    """Take over what :func:`optimiser_state` gave."""
    optimiser.load_state_dict(
        {
            "state": {int(place): dict(values) for place, values in state.items()},
            "param_groups": optimiser.state_dict()["param_groups"],
        }
    )
