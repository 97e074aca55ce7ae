"""Where a generator's latents come from, by name."""

import torch

__all__ = ["LATENTS"]

CLOUD = 0.1  # standard deviation about a corner


def normal(n_samples: int, latent_dim: int, generator: torch.Generator) -> torch.Tensor:
    """Standard normal, the usual choice."""
    return torch.randn(n_samples, latent_dim, generator=generator, device=generator.device, dtype=torch.float32)


def uniform(n_samples: int, latent_dim: int, generator: torch.Generator) -> torch.Tensor:
    """Uniform in [-1, 1], as in Goodfellow et al. (2014) and Radford et al. (2016)."""
    draw = torch.rand(n_samples, latent_dim, generator=generator, device=generator.device, dtype=torch.float32)
    return draw * 2.0 - 1.0


def corners(n_samples: int, latent_dim: int, generator: torch.Generator) -> torch.Tensor:
    """Around the corners of the cube [-1, 1]^latent_dim, each a small normal cloud, equally likely.

    A continuous generator carries latents of one piece to samples of one piece: where the data fall apart, what lies
    between two modes is drawn, too, or one of them is given up. Latents that fall apart themselves need no bridges
    (Gurumurthy et al., 2017, "DeLiGAN"; Khayatkhoei et al., 2018, "Disconnected manifold learning for generative
    adversarial networks").
    """
    corner = torch.randint(2, (n_samples, latent_dim), generator=generator, device=generator.device)
    return corner.float() * 2.0 - 1.0 + CLOUD * normal(n_samples, latent_dim, generator)


LATENTS = {"normal": normal, "uniform": uniform, "corners": corners}
