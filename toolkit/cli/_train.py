"""``toolkit train``: one command a generator."""

import typer

from toolkit.cli._train_autoencoder import autoencoder
from toolkit.cli._train_cgan import cgan
from toolkit.cli._train_flow import flow
from toolkit.cli._train_gan import gan
from toolkit.cli._train_vae import vae

__all__ = ["train"]

train = typer.Typer(
    name="train", help="Train a generator; `toolkit sample` draws from it.", no_args_is_help=True, rich_markup_mode=None
)
train.command()(autoencoder)
train.command()(vae)
train.command()(gan)
train.command()(cgan)
train.command()(flow)
