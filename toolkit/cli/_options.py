"""Options that several commands take, by name: each is the same everywhere, its help included."""

from pathlib import Path
from typing import Annotated

import typer

# Where images come from, and how many.
Data = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE|FOLDER",
        help="Images: .npz with 'images', .npy, or a folder or .zip of pictures.",
        show_default=False,
    ),
]
Dataset = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Or a data set by name, see `toolkit data list`, or folder:PATH; of published ones the training part. "
        " [default: glyphs]",
    ),
]
NImages = Annotated[int | None, typer.Option(metavar="N", min=2, help="Only N of the images.  [default: all]")]
ImageSize = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=8,
        max=4096,
        help="Side of the images made of a folder's pictures.  [default: their own if all have one, else 75]",
    ),
]

# Training.
Epochs = Annotated[int, typer.Option(min=1, help="Passes over the images.")]
GANEpochs = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Passes over the images.  [default: 50, unless --steps or --seconds say how long]",
        show_default=False,
    ),
]
Steps = Annotated[int | None, typer.Option("--steps", min=1, help="Length in steps instead.", show_default=False)]
Seconds = Annotated[
    float | None,
    typer.Option(
        "--seconds",
        min=0.1,
        help="Length in seconds of wall-clock time, which schedules follow; beside another length, the first ends it.",
        show_default=False,
    ),
]
BatchSize = Annotated[int, typer.Option(min=1, help="Images a step.")]
LearningRate = Annotated[float, typer.Option(help="At its highest.")]
LatentDim = Annotated[int, typer.Option(min=1, help="Size of the latent vectors.")]
SaveInterval = Annotated[
    int, typer.Option(metavar="EPOCHS", min=1, help="Checkpoint and loss picture every so many epochs.")
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on from the last checkpoint in the folder, if there is one; with more --epochs, past its end.",
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Train anew in the place of a training that the folder holds.")
]

# Any command.
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Same seed, same result.")]
Out = Annotated[Path, typer.Option(metavar="FOLDER", help="Where everything goes.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress; errors only.")]
Jobs = Annotated[int | None, typer.Option(metavar="N", help="Fits at a time.  [default: one a core]")]

# Commands that audit: a data set is corrupted unless asked otherwise, and cut.
AuditedDataset = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Or a data set by name, see `toolkit data list`.  [default: glyphs]"),
]
AuditedNImages = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Only N images, of a file the first.  [default: all of a file, else 4000]"),
]
Corrupt = Annotated[
    float | None,
    typer.Option(
        metavar="FRACTION",
        min=0.0,
        max=1.0,
        help="Share of images to corrupt first, to see the audit at work.  [default: 0 for a file, else 0.2]",
    ),
]

# Autoencoders.
CoderArchitecture = Annotated[str, typer.Option(metavar="NAME", help="mlp or convolutional.")]
Loss = Annotated[str, typer.Option(metavar="NAME", help="mse or bce.")]

# Adversarial training: what is not given is as the preset has it.
GANPreset = Annotated[
    str,
    typer.Option(
        "--preset",
        metavar="NAME",
        help="Settings by name: modern, plain, textbook, dcgan, lsgan, wgan, wgan_gp, sngan, pacgan, r3gan, "
        "unrolled, improved, few_rows or infogan; options given win over them.",
    ),
]
GANArchitecture = Annotated[
    str | None, typer.Option(metavar="NAME", help="mlp, dcgan or resnet.  [default: the preset's]", show_default=False)
]
Objective = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="minimax, nonsaturating, least_squares, wasserstein, wasserstein_gp, hinge or relativistic.  "
        "[default: the preset's]",
        show_default=False,
    ),
]
GradientPenalty = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="r1, r2, r1r2, zero_centred, wgan or none.  [default: the preset's]", show_default=False
    ),
]
GeneratorNorm = Annotated[
    str | None, typer.Option(metavar="NAME", help="none or batch.  [default: the preset's]", show_default=False)
]
Packing = Annotated[
    int | None,
    typer.Option(
        min=1, help="Images that the discriminator judges at a time.  [default: the preset's]", show_default=False
    ),
]
WeightAveraging = Annotated[
    float | None,
    typer.Option(
        metavar="DECAY",
        help="Keep a moving average of the generator, 0.999 say; 0: none.  [default: the preset's]",
        show_default=False,
    ),
]
Augmentation = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="none, or some of color, translation and cutout, joined by commas: for sets of some hundred images.  "
        "[default: the preset's]",
        show_default=False,
    ),
]
Categories = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=0,
        help="Categories that the generator is told and that are found without labels.  [default: the preset's]",
        show_default=False,
    ),
]
LrSchedule = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="constant, linear or cosine.  [default: the preset's]", show_default=False),
]
Momentum = Annotated[
    float | None,
    typer.Option(
        metavar="BETA1",
        min=0.0,
        max=1.0,
        help="Adam's first beta, of both networks.  [default: the preset's]",
        show_default=False,
    ),
]
Beta2 = Annotated[
    float | None,
    typer.Option(
        "--beta2", metavar="BETA2", min=0.0, max=1.0, help="Adam's second.  [default: the preset's]", show_default=False
    ),
]
GANLatentDim = Annotated[
    int | None,
    typer.Option(
        "--latent-dim", min=1, help="Size of the latent vectors.  [default: the preset's]", show_default=False
    ),
]
GANBatchSize = Annotated[
    int | None, typer.Option("--batch-size", min=1, help="Images a step.  [default: the preset's]", show_default=False)
]
GANLearningRate = Annotated[
    float | None, typer.Option("--learning-rate", help="At its highest.  [default: the preset's]", show_default=False)
]
Precision = Annotated[str, typer.Option(metavar="NAME", help="float32 or bfloat16.")]
