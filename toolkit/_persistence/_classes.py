"""The literal lists of what is saved and loaded: a class, method or function that is not here is refused.

To make a class of the toolkit saveable, add its ``"module:Class"`` to ``OBJECTS``; a network with a ``config``, which
builds it again, to ``NETWORKS``. Names are imported on use only.
"""

import importlib

from toolkit.exceptions import CheckpointError

__all__ = ["FUNCTIONS", "LAYERS", "METHODS", "NETWORKS", "OBJECTS", "TRUSTED", "class_path", "import_listed"]

# Objects whose attributes are written one by one.
OBJECTS = frozenset(
    {
        "sklearn.frozen._frozen:FrozenEstimator",
        "sklearn.model_selection._search:GridSearchCV",
        "sklearn.model_selection._search:RandomizedSearchCV",
        "sklearn.pipeline:FeatureUnion",
        "sklearn.pipeline:Pipeline",
        "toolkit._core.appearance:Neighbours",
        "toolkit._core.images:PixelScale",
        "toolkit._core.robust:RobustDistance",
        "toolkit.coverage._mode_coverage:ModeCoverage",
        "toolkit.coverage._scorer:_CoverageScorer",
        "toolkit.detectors._corruption:CorruptionDetector",
        "toolkit.detectors._outlier:OutlierDetector",
        "toolkit.detectors._planted:_PlantedAUC",
        "toolkit.detectors._profile:ErrorProfile",
        "toolkit.detectors._reconstruction:ReconstructionDetector",
        "toolkit.detectors._scoring:ModelScores",
        "toolkit.detectors._scoring:StoredScores",
        "toolkit.detectors._scoring:TailReference",
        "toolkit.detectors._scoring:_FixedRepresentation",
        "toolkit.detectors._values:RowScale",
        "toolkit.diagnostics._committee:Committee",
        "toolkit.diagnostics._committee:_Member",
        "toolkit.diagnostics._diagnostics:CorruptionDiagnostics",
        "toolkit.diagnostics._identifier:CorruptionIdentifier",
        "toolkit.diagnostics._novelty:Novelty",
        "toolkit.diagnostics._planting:Planter",
        "toolkit.diagnostics._statistics_symmetry:MeanStructure",
        "toolkit.diagnostics._strangeness:Oddity",
        "toolkit.diagnostics._strangeness:Strangeness",
        "toolkit.diagnostics._symmetry_evidence:SymmetryEvidence",
        "toolkit.diagnostics._turns:TurnGauge",
        "toolkit.diagnostics._verdict:Verdict",
        "toolkit.generators._autoencoder:Autoencoder",
        "toolkit.generators._conditional:ConditionalGAN",
        "toolkit.generators._gan:GAN",
        "toolkit.generators._variational:VariationalAutoencoder",
        "toolkit.nn._autoencoder:Reconstructor",
        "toolkit.nn._kind_network:KindModel",
        "toolkit.restoration._image_restorer:ImageRestorer",
        "toolkit.restoration._learned:LearnedRestorer",
        "toolkit.restoration._pose:PoseEstimator",
        "toolkit.restoration._second_judge:Verdict",
        "toolkit.restoration._second_judge:Witnesses",
        "toolkit.restoration._toolbox:Toolbox",
        "toolkit.sequence._picture_reader:PictureReader",
        "toolkit.sequence._seq2seq:ArithmeticSeq2Seq",
        # PyOD's models on torch; the others are written by skops.
        "pyod.models.ae1svm:AE1SVM",
        "pyod.models.alad:ALAD",
        "pyod.models.anogan:AnoGAN",
        "pyod.models.auto_encoder:AutoEncoder",
        "pyod.models.deep_svdd:DeepSVDD",
        "pyod.models.dif:DIF",
        "pyod.models.lunar:LUNAR",
        "pyod.models.vae:VAE",
    }
)

# Networks of the toolkit: built again by ``Class(**config)``, then filled with their state.
NETWORKS = frozenset(
    {
        "toolkit.nn._autoencoder:RectifierStack",
        "toolkit.nn._coders:ConvDecoder",
        "toolkit.nn._coders:ConvEncoder",
        "toolkit.nn._coders:MLPDecoder",
        "toolkit.nn._coders:MLPEncoder",
        "toolkit.nn._denoiser:Denoiser",
        "toolkit.nn._kind_network:KindNetwork",
        "toolkit.nn._pose:PoseNetwork",
        "toolkit.nn._sequence:SequenceNetwork",
        "toolkit.nn._sequence_pictures:BlurredWriter",
        "toolkit.nn._sequence_pictures:CharacterReader",
        "toolkit.nn._sequence_pictures:VariedWriter",
        "toolkit.nn.adversarial._conditional:ConditionalDiscriminator",
        "toolkit.nn.adversarial._conditional:ConditionalGenerator",
        "toolkit.nn.adversarial._dcgan:DCGANDiscriminator",
        "toolkit.nn.adversarial._dcgan:DCGANGenerator",
        "toolkit.nn.adversarial._mlp:MLPDiscriminator",
        "toolkit.nn.adversarial._mlp:MLPGenerator",
        "toolkit.nn.adversarial._resnet:ResNetDiscriminator",
        "toolkit.nn.adversarial._resnet:ResNetGenerator",
    }
)

_ACTIVATIONS = (
    "ELU", "GELU", "Hardtanh", "LeakyReLU", "PReLU", "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Softmax", "Softplus",
    "Tanh",
)  # fmt: skip
# Layers of torch and networks of PyOD: written layer by layer, with their plain attributes.
LAYERS = frozenset(
    {f"torch.nn.modules.activation:{name}" for name in _ACTIVATIONS}
    | {f"torch.nn.modules.batchnorm:BatchNorm{n}d" for n in (1, 2, 3)}
    | {f"torch.nn.modules.conv:Conv{n}d" for n in (1, 2)}
    | {f"torch.nn.modules.conv:ConvTranspose{n}d" for n in (1, 2)}
    | {f"torch.nn.modules.pooling:{name}2d" for name in ("AdaptiveAvgPool", "AvgPool", "MaxPool")}
    | {
        "pyod.models.ae1svm:InnerAE1SVM",
        "pyod.models.ae1svm:RandomFourierFeatures",
        "pyod.models.anogan:Discriminator",
        "pyod.models.anogan:Generator",
        "pyod.models.anogan:QueryModel",
        "pyod.models.auto_encoder:AutoEncoderModel",
        "pyod.models.deep_svdd:InnerDeepSVDD",
        "pyod.models.dif:LinearBlock",
        "pyod.models.dif:MLPnet",
        "pyod.models.lunar:SCORE_MODEL",
        "pyod.models.lunar:WEIGHT_MODEL",
        "pyod.models.vae:VAEModel",
        "pyod.utils.torch_utility:LinearBlock",
        "torch.nn.modules.container:ModuleList",
        "torch.nn.modules.container:Sequential",
        "torch.nn.modules.dropout:Dropout",
        "torch.nn.modules.flatten:Flatten",
        "torch.nn.modules.flatten:Unflatten",
        "torch.nn.modules.linear:Identity",
        "torch.nn.modules.linear:Linear",
        "torch.nn.modules.loss:BCELoss",
        "torch.nn.modules.loss:L1Loss",
        "torch.nn.modules.loss:MSELoss",
        "torch.nn.modules.normalization:GroupNorm",
        "torch.nn.modules.normalization:LayerNorm",
        "torch.nn.modules.upsampling:Upsample",
    }
)

# Methods that one object holds of another, and functions that an object holds.
METHODS = frozenset(
    {
        ("toolkit.diagnostics._identifier:CorruptionIdentifier", "_run"),
        ("toolkit.restoration._toolbox:Toolbox", "first"),
    }
)
FUNCTIONS = frozenset({"pyod.models.vae:vae_loss", "toolkit.detectors._scoring:_posterior_mean"})

# What skops may build for scikit-learn and PyOD beyond what it trusts by itself.
TRUSTED = (
    "numpy.dtype",
    "pyod.models.abod.ABOD",
    "pyod.models.cblof.CBLOF",
    "pyod.models.copod.COPOD",
    "pyod.models.ecod.ECOD",
    "pyod.models.feature_bagging.FeatureBagging",
    "pyod.models.gmm.GMM",
    "pyod.models.hbos.HBOS",
    "pyod.models.hdbscan.HDBSCAN",
    "pyod.models.iforest.IForest",
    "pyod.models.inne.INNE",
    "pyod.models.kde.KDE",
    "pyod.models.knn.KNN",
    "pyod.models.kpca.KPCA",
    "pyod.models.kpca.PyODKernelPCA",
    "pyod.models.loda.LODA",
    "pyod.models.lof.LOF",
    "pyod.models.lscp.LSCP",
    "pyod.models.mcd.MCD",
    "pyod.models.ocsvm.OCSVM",
    "pyod.models.pca.PCA",
    "pyod.models.qmcd.QMCD",
    "pyod.models.sampling.Sampling",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "scipy.interpolate._bsplines.BSpline",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.metrics._dist_metrics.MinkowskiDistance64",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.tree._tree.Tree",
)


def class_path(kind):
    """``"module:Class"`` of a class or function."""
    return f"{kind.__module__}:{kind.__qualname__}"


def import_listed(path, listed):
    """Import ``"module:Class"`` if it is in the literal list ``listed``, else raise a CheckpointError."""
    if not isinstance(path, str) or path not in listed:
        raise CheckpointError(f"names {str(path)[:100]!r}, which is none of the classes that are loaded")
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)
