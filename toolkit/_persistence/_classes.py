"""The literal lists of what is saved and loaded: a class or function that is not here is refused.

A saved folder names classes of the toolkit by an id that stays when code moves. To make a class saveable, give it an id
in ``OBJECTS``; a network with a ``config``, which builds it again, in ``NETWORKS``. Modules are imported on use only.
Where the attributes of a class change, :mod:`toolkit._persistence._migrations` says what became of the earlier ones.
"""

import importlib

from toolkit._persistence._earlier_paths import EARLIER_PATHS
from toolkit.exceptions import CheckpointError

__all__ = [
    "FOREIGN_OBJECTS",
    "FUNCTIONS",
    "LAYERS",
    "NETWORKS",
    "OBJECTS",
    "TRUSTED",
    "class_path",
    "identify_class",
    "import_listed",
]

# Objects of the toolkit whose attributes are written one by one.
OBJECTS = {
    "angle-regressor": "toolkit.diagnostics.identifier._angle:AngleRegressor",
    "appearance-neighbours": "toolkit._core.appearance:Neighbours",
    "arithmetic-seq2-seq": "toolkit.sequence._seq2seq:ArithmeticSeq2Seq",
    "auditor": "toolkit.audit._auditor:Auditor",
    "autoencoder": "toolkit.generators._autoencoder:Autoencoder",
    "calibrated-mixture": "toolkit.diagnostics.identifier._calibration:CalibratedMixture",
    "conditional-gan": "toolkit.generators._conditional:ConditionalGAN",
    "corruption-detector": "toolkit.detectors._corruption:CorruptionDetector",
    "corruption-diagnostics": "toolkit.diagnostics._diagnostics:CorruptionDiagnostics",
    "corruption-identifier": "toolkit.diagnostics.identifier._identifier:CorruptionIdentifier",
    "coverage-scorer": "toolkit.coverage._scorer:_CoverageScorer",
    "damage-diagnostics": "toolkit.diagnostics.damage._transformer:DamageDiagnostics",
    "embedding-of-autoencoder": "toolkit.embeddings._methods:AutoencoderCode",
    "embedding-of-photographs": "toolkit.embeddings._methods:Photographs",
    "embedding-of-pixels": "toolkit.embeddings._methods:Pixels",
    "embedding-of-statistics": "toolkit.embeddings._methods:Statistics",
    "error-profile": "toolkit.detectors._profile:ErrorProfile",
    "evidence-model": "toolkit.diagnostics.identifier._evidence:EvidenceModel",
    "everyday-diagnostics": "toolkit.diagnostics.everyday._transformer:EverydayDiagnostics",
    "feature-distance": "toolkit.diagnostics.identifier._novelty:Novelty",
    "fixed-representation": "toolkit.detectors._scoring:_FixedRepresentation",
    "fidelity-judge": "toolkit.coverage._fidelity:FidelityJudge",
    "flow-matching": "toolkit.generators._flow:FlowMatching",
    "gan": "toolkit.generators._gan:GAN",
    "identifier-ensemble": "toolkit.diagnostics.identifier._ensemble:Ensemble",
    "identifier-member": "toolkit.diagnostics.identifier._ensemble:_Member",
    "image-embedder": "toolkit.embeddings._embedder:ImageEmbedder",
    "image-restorer": "toolkit.restoration._image_restorer:ImageRestorer",
    "injector": "toolkit.diagnostics.identifier._injection:Injector",
    "kind-model": "toolkit.diagnostics.identifier.network:KindModel",
    "learned-restorer": "toolkit.restoration._learned:LearnedRestorer",
    "look-judge": "toolkit.coverage._look_judge:LookJudge",
    "mean-structure": "toolkit.diagnostics._statistics_symmetry:MeanStructure",
    "mode-coverage": "toolkit.coverage._mode_coverage:ModeCoverage",
    "model-scores": "toolkit.detectors._scoring:ModelScores",
    "novelty-score": "toolkit.diagnostics.identifier._novelty_score:NoveltyScore",
    "outlier-detector": "toolkit.detectors._outlier:OutlierDetector",
    "picture-reader": "toolkit.sequence._picture_reader:PictureReader",
    "pixel-scale": "toolkit._core.pixel_scale:PixelScale",
    "planted-auc-scorer": "toolkit.detectors._planted:_PlantedAUC",
    "pose-estimator": "toolkit.restoration._pose:PoseEstimator",
    "reconstruction-detector": "toolkit.detectors._reconstruction:ReconstructionDetector",
    "reconstructor": "toolkit.detectors._trimmed_autoencoder:Reconstructor",
    "repair-candidates": "toolkit.restoration._repair_candidates:RepairCandidates",
    "repair-evidence": "toolkit.restoration._repair_evidence:RepairEvidence",
    "repair-verdict": "toolkit.restoration._repair_evidence:RepairClassifier",
    "reweighted-generator": "toolkit.coverage._draws:ReweightedGenerator",
    "robust-distance": "toolkit._core.robust:RobustDistance",
    "statistics-outlier-score": "toolkit.diagnostics.identifier._novelty_score:StatisticsOutlierScore",
    "row-scale": "toolkit.detectors._values:RowScale",
    "set-facts": "toolkit.audit._audit:SetFacts",
    "stored-scores": "toolkit.detectors._scoring:StoredScores",
    "symmetry-evidence": "toolkit.diagnostics.identifier._symmetry_evidence:SymmetryEvidence",
    "tail-reference": "toolkit.detectors._scoring:TailReference",
    "variational-autoencoder": "toolkit.generators._variational:VariationalAutoencoder",
}

# Objects of scikit-learn, and PyOD's models on torch (its others are written by skops), under their own names.
FOREIGN_OBJECTS = frozenset(
    {
        "pyod.models.ae1svm:AE1SVM",
        "pyod.models.alad:ALAD",
        "pyod.models.anogan:AnoGAN",
        "pyod.models.auto_encoder:AutoEncoder",
        "pyod.models.deep_svdd:DeepSVDD",
        "pyod.models.dif:DIF",
        "pyod.models.lunar:LUNAR",
        "pyod.models.vae:VAE",
        "sklearn.frozen._frozen:FrozenEstimator",
        "sklearn.model_selection._search:GridSearchCV",
        "sklearn.model_selection._search:RandomizedSearchCV",
        "sklearn.pipeline:FeatureUnion",
        "sklearn.pipeline:Pipeline",
    }
)

# Networks of the toolkit: built again by ``Class(**config)``, then filled with their state.
NETWORKS = {
    "blurred-writer": "toolkit.sequence._picture_networks:BlurredWriter",
    "character-reader": "toolkit.sequence._picture_networks:CharacterReader",
    "conditional-discriminator": "toolkit.generators.adversarial._conditional:ConditionalDiscriminator",
    "conditional-generator": "toolkit.generators.adversarial._conditional:ConditionalGenerator",
    "conv-decoder": "toolkit.generators.autoencoder._coders:ConvDecoder",
    "conv-encoder": "toolkit.generators.autoencoder._coders:ConvEncoder",
    "dcgan-discriminator": "toolkit.generators.adversarial._dcgan:DCGANDiscriminator",
    "dcgan-generator": "toolkit.generators.adversarial._dcgan:DCGANGenerator",
    "denoiser": "toolkit.restoration._denoiser:Denoiser",
    "flow-network": "toolkit.generators.flow._networks:FlowNetwork",
    "kind-network": "toolkit.diagnostics.identifier.network:KindNetwork",
    "mlp-decoder": "toolkit.generators.autoencoder._coders:MLPDecoder",
    "mlp-discriminator": "toolkit.generators.adversarial._mlp:MLPDiscriminator",
    "mlp-encoder": "toolkit.generators.autoencoder._coders:MLPEncoder",
    "mlp-generator": "toolkit.generators.adversarial._mlp:MLPGenerator",
    "pose-network": "toolkit.restoration._pose_network:PoseNetwork",
    "recognition-network": "toolkit.generators.adversarial._information:RecognitionNetwork",
    "rectifier-stack": "toolkit.detectors._trimmed_autoencoder:RectifierStack",
    "res-net-discriminator": "toolkit.generators.adversarial._resnet:ResNetDiscriminator",
    "res-net-generator": "toolkit.generators.adversarial._resnet:ResNetGenerator",
    "sequence-network": "toolkit.sequence._network:SequenceNetwork",
    "varied-writer": "toolkit.sequence._picture_networks:VariedWriter",
}

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

# Functions that an object holds.
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


def identify_class(kind, listed):
    """What a saved folder calls a class: its id, or for classes of others the path; None if it is not listed.

    Parameters
    ----------
    kind : type
    listed : dict of str to str, or set of str
    """
    path = class_path(kind)
    if isinstance(listed, dict):
        return next((name for name, place in listed.items() if place == path), None)
    return path if path in listed else None


def import_listed(name, listed):
    """Import what ``listed`` calls ``name``, else raise a CheckpointError.

    Folders of version 0.1 name classes of the toolkit by the path that they had then (``EARLIER_PATHS``).
    """
    if isinstance(listed, dict):
        path = listed.get(EARLIER_PATHS.get(name, name)) if isinstance(name, str) else None
    else:
        path = name if isinstance(name, str) and name in listed else None
    if path is None:
        raise CheckpointError(f"names {str(name)[:100]!r}, which is none of the classes that are loaded")
    module, _, attribute = path.partition(":")
    return getattr(importlib.import_module(module), attribute)
