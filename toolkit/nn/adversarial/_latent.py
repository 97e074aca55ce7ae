"""Where a generator's latents come from, by name."""

import torch

__all__ = ["LATENTS"]


def normal(n_samples, latent_dim, generator):
    """Standard normal, the usual choice."""
    return torch.randn(n_samples, latent_dim, generator=generator, device=generator.device)


def uniform(n_samples, latent_dim, generator):
    """Uniform in [-1, 1], as in Goodfellow et al. (2014) and Radford et al. (2016)."""
    return torch.rand(n_samples, latent_dim, generator=generator, device=generator.device) * 2.0 - 1.0


LATENTS = {"normal": normal, "uniform": uniform}
