"""The public names of the toolkit by what one wants to do: the order of the API reference.

Every public name stands once, under the page and the heading where somebody with that task looks for it;
``tests/docs/test_reference.py`` says which are missing. A name that two packages export stands by one of its paths.
"""

# Page: (title, sentence, {heading: names within the toolkit}).
TASKS = {
    "audit": (
        "Audit images",
        "What is wrong with these images, and which ones: all judges in one call, or step by step.",
        {
            "In one call": "audit_images studies.run_audit studies.AuditResult studies.write_audit "
            "studies.plain_findings",
            "A fitted judge": "audit.Auditor audit.Audit audit.merge_audits audit.nearest_images "
            "audit.PER_IMAGE_COLUMNS",
            "Decisions": "audit.overrule audit.Overruled audit.IMAGE_ACTIONS audit.read_decisions audit.read_plan "
            "audit.decided_plan studies.apply_decisions",
            "Audit, then generators": "studies.run_study studies.StudyResult studies.study_answer "
            "studies.study_findings "
            "studies.write_study",
            "Pictures": "plots.CorruptionGalleryDisplay plots.StatisticsPairDisplay",
        },
    ),
    "folders": (
        "Clean a folder of pictures",
        "Which files are bad, which are copies, and a cleaned copy of the folder.",
        {
            "In one call": "studies.run_folder studies.FolderResult studies.clean_folder studies.cleaning_findings",
            "File by file": "audit.audit_files audit.FileAudit datasets.survey_folder datasets.FileSurvey "
            "datasets.list_files datasets.read_original",
            "Everyday faults": "audit.judge_everyday audit.EverydayFindings audit.JUDGED_FAULTS audit.UNJUDGED "
            "audit.judge_orientation audit.Orientation audit.judge_colours audit.ColourOrder",
            "Copies and leaks": "audit.find_duplicates audit.Duplicates audit.PAIR_COLUMNS audit.image_signature "
            "audit.SIGNATURE_LENGTH audit.StoredSignatures",
            "A cleaned copy": "audit.plan_clean audit.apply_plan audit.check_clean_target audit.FILE_ACTIONS "
            "audit.REPAIRS audit.EXACT_REPAIRS audit.LEFT_OUT",
            "Pictures": "plots.FileGalleryDisplay",
        },
    ),
    "detect": (
        "Detect outliers",
        "Detectors by name behind scikit-learn's interface, and scores of corruption.",
        {
            "Detectors": "detectors.OutlierDetector detectors.available_detectors detectors.ReconstructionDetector "
            "detectors.CorruptionDetector studies.check_detectors",
            "Tuning without labels": "detectors.planted_auc_scorer",
            "Pictures": "plots.ScoreHistogramDisplay plots.RocDisplay plots.PrecisionRecallDisplay",
        },
    ),
    "diagnose": (
        "Describe images by statistics",
        "Features that show what is wrong with an image, for detectors of your own.",
        {
            "Corruption": "diagnostics.CorruptionDiagnostics",
            "Everyday faults": "diagnostics.EverydayDiagnostics diagnostics.everyday_statistics "
            "diagnostics.EVERYDAY_FAULTS diagnostics.EverydayFault diagnostics.LAYOUT_CELLS "
            "diagnostics.LAYOUT_CHANNELS",
            "Damage": "diagnostics.DamageDiagnostics diagnostics.damage_scores diagnostics.DAMAGE_SCORES",
        },
    ),
    "identify": (
        "Name what was done to an image",
        "The kind of corruption of each image, with a probability, a severity and an angle.",
        {
            "Identifier": "diagnostics.CorruptionIdentifier diagnostics.Assessment diagnostics.pretrain_identifier",
            "Pictures, with a truth": "plots.KindConfusionDisplay plots.KindHeatmapDisplay",
        },
    ),
    "repair": (
        "Repair images",
        "Undo what can be undone, and leave alone what is clean or unsure.",
        {
            "Sets": "restoration.ImageRestorer restoration.restore_images restoration.available_restorers "
            "restoration.restorer_in_words",
            "Pictures at their own size": "restoration.repair_original restoration.OriginalRepair "
            "restoration.choose_original_repair restoration.OriginalChoice restoration.ORIGINAL_REPAIRS "
            "restoration.ORIGINAL_METHODS",
            "Measures of a repair": "restoration.psnr restoration.ssim",
            "Pictures": "plots.RepairPairsDisplay",
        },
    ),
    "compare": (
        "Compare detectors and restorers",
        "One row for each method, data set and seed; ranks, tests, and estimates without a truth.",
        {
            "Run a comparison": "comparison.compare_detectors comparison.compare_restorers "
            "comparison.estimate_detection",
            "Measures": "comparison.detection_metrics comparison.METRICS comparison.per_kind_matrix",
            "Ranks and tests": "comparison.rank_methods comparison.significance comparison.Significance "
            "plots.CriticalDifferenceDisplay",
            "Tables": "comparison.combine_tables comparison.melt_metrics comparison.pivot_table comparison.to_markdown "
            "comparison.write_table comparison.write_tables",
        },
    ),
    "corrupt": (
        "Corrupt images on purpose",
        "Known corruptions for experiments.",
        {
            "Plant corruptions": "corruption.Corruptor corruption.apply_corruption corruption.corrupt_stack "
            "corruption.kind_in_words",
            "Outliers of other sorts": "corruption.planted_outliers corruption.apply_generic "
            "corruption.GENERIC_OUTLIERS",
            "Kinds": "corruption.KINDS corruption.MEASURED_KINDS corruption.EVERYDAY_KINDS corruption.ALL_KINDS "
            "corruption.FAMILIES corruption.STRENGTHS corruption.ANGLES corruption.SYMMETRIES corruption.SHAPE_KEEPING",
        },
    ),
    "generate": (
        "Generate images",
        "Models that learn a set and draw new images: fit, then sample.",
        {
            "Models": "generators.GAN generators.ConditionalGAN generators.FlowMatching "
            "generators.VariationalAutoencoder generators.Autoencoder",
            "Presets and settings": "generators.gan_presets generators.gan_preset generators.gan_settings "
            "generators.GAN_PRESETS generators.check_gan generators.check_conditional_gan generators.flow_presets "
            "generators.flow_preset generators.flow_settings generators.FLOW_PRESETS generators.check_flow",
            "Keeping the better draws": "generators.calibrate_rejection generators.RejectionRule",
            "A folder of a training": "studies.train_into_folder studies.training_pictures",
            "Pictures": "plots.SampleGridDisplay plots.SampleRowsDisplay plots.AnimationDisplay",
        },
    ),
    "train": (
        "Watch and keep a training",
        "Hooks that follow a training, checkpoints that it can be resumed from, and saved models.",
        {
            "Save and load": "save load",
            "Resume and stop": "nn.Checkpoint nn.EarlyStopping",
            "Watch": "coverage.CoverageMonitor plots.LiveSamples plots.LossCurveDisplay",
            "Loggers and trackers": "callbacks.CSVLogger callbacks.TensorBoardLogger callbacks.TrackerLogger "
            "callbacks.TrainingLogger",
        },
    ),
    "judge": (
        "Judge a generator",
        "Did it learn all of the data, and what does it never draw?",
        {
            "Which modes samples reach": "coverage.ModeCoverage coverage.CoverageRecord coverage.VerdictPart "
            "coverage.DroppedMode coverage.CoverageView coverage.name_outcome coverage.COLLAPSED coverage.RESEMBLING",
            "Improve and tune": "coverage.improve_coverage coverage.CoverageImprovement coverage.ReweightedGenerator "
            "coverage.coverage_scorer",
            "Two sets": "coverage.compare_coverage coverage.CoverageComparison coverage.ModeDifference",
            "Studies of samples": "studies.run_coverage studies.CoverageResult studies.write_coverage "
            "studies.run_differences studies.DifferencesResult",
            "Mode collapse": "studies.run_collapse_study studies.CollapseStudy studies.collapse_recipe "
            "studies.collapse_grid studies.MITIGATIONS studies.CURE studies.outcome_of studies.settings_table "
            "studies.rank_settings studies.compare_settings studies.collapse_findings studies.write_collapse_study "
            "studies.forget_collapse_runs studies.check_collapse_settings",
            "Compare generators": "studies.run_generator_comparison studies.GeneratorComparison studies.GENERATORS "
            "studies.check_generators studies.generator_findings studies.write_generator_comparison",
            "Pictures": "plots.CoverageMapDisplay plots.DroppedModesDisplay",
        },
    ),
    "measures": (
        "Measure samples against data",
        "Figures of the literature as plain functions: arrays in, named numbers out.",
        {
            "Neighbours": "coverage.precision_recall_density_coverage coverage.NeighbourFigures "
            "coverage.clipped_density_coverage coverage.ClippedFigures coverage.probabilistic_precision_recall "
            "coverage.ProbabilisticFigures coverage.resemblance coverage.memorisation coverage.MemorisationCheck",
            "Distances": "coverage.frechet_distance coverage.kernel_distance coverage.jensen_shannon",
            "Diversity": "coverage.vendi_score coverage.birthday_support coverage.BirthdayEstimate",
            "Bins and modes": "coverage.different_bins coverage.BinComparison coverage.known_modes "
            "coverage.known_labels coverage.KnownModes coverage.adjust_p_values",
            "All by name": "coverage.COVERAGE_METRICS coverage.draw_samples",
        },
    ),
    "encode": (
        "Encode images as vectors",
        "Latent spaces and features: for detectors, neighbours, distances, and walks from one image to another.",
        {
            "Features": "embeddings.ImageEmbedder embeddings.EMBEDDERS embeddings.photograph_views "
            "embeddings.photograph_colours embeddings.photograph_appearances "
            "embeddings.photographs_can_be_read",
            "Latent spaces": "generators.draw_latents generators.LATENT_WAYS generators.decode_latents "
            "generators.latent_sums generators.latent_walks comparison.compare_sampling",
            "Pictures": "plots.LatentDisplay plots.LatentGridDisplay plots.ReconstructionDisplay",
        },
    ),
    "arithmetic": (
        "Learn to calculate",
        "Sequence models from queries to answers, as text or as handwriting.",
        {
            "Models": "sequence.ArithmeticSeq2Seq sequence.PictureReader",
            "Data": "datasets.make_arithmetic datasets.ArithmeticSet datasets.render_queries datasets.pad_strings "
            "studies.load_handwriting",
            "In one call": "studies.run_arithmetic studies.ArithmeticResult studies.ask_arithmetic "
            "studies.arithmetic_findings studies.write_arithmetic",
            "Compare and check": "comparison.compare_sequence_models comparison.SEQUENCE_MODELS "
            "comparison.answer_accuracy comparison.answer_errors comparison.count_carries "
            "comparison.handwriting_spread",
            "Pictures": "plots.QueryPageDisplay plots.AttentionDisplay plots.AccuracyByShareDisplay",
        },
    ),
    "data": (
        "Get data",
        "Embedded and published sets, files, and folders of pictures.",
        {
            "By name": "datasets.load_dataset datasets.available_datasets",
            "Embedded": "datasets.load_digits datasets.load_glyphs datasets.load_ring datasets.load_grid "
            "datasets.stacked_digits",
            "Published": "datasets.fetch_mnist datasets.fetch_fashion_mnist datasets.fetch_emnist "
            "datasets.FASHION_CLASSES datasets.ResumingDownloader",
            "Files and folders": "datasets.load_image_folder datasets.load_images datasets.load_npz datasets.save_npz",
            "What they give": "datasets.ImageSet datasets.ImageFolder datasets.PointSet",
        },
    ),
    "scale": (
        "Sets larger than memory",
        "Images read a chunk at a time, and audits in parts, on one machine or on a cluster.",
        {
            "Sources": "datasets.open_images datasets.ShardedImages datasets.ImageSource datasets.ArraySource "
            "datasets.as_source datasets.is_source datasets.is_sharded",
            "Audits in parts": "studies.run_partitioned_audit studies.PartitionedAuditResult",
        },
    ),
    "report": (
        "Write reports",
        "One self-contained page of findings, figures and tables.",
        {
            "Pages": "report.Report report.write_figures",
            "What every study gives": "studies.StudyOutcome",
            "Workbench and command line": "web.serve cli.run cli.main",
            "Folders for results": "studies.reserve_result studies.reserved_folder studies.check_audit_target "
            "studies.check_study_target studies.check_collapse_target studies.check_comparison_target "
            "studies.check_coverage_target studies.check_arithmetic_target",
        },
    ),
    "extend": (
        "Extend the toolkit",
        "What parts of your own are built from, and the errors to raise and to catch.",
        {
            "Displays": "plots.Display",
            "Trainings": "nn.fit_loop nn.build nn.initialise nn.Batches nn.EpochLosses nn.StateMixin nn.FusedAdam "
            "nn.GeneratorDropout nn.torch_generator nn.changed_parameters",
            "Devices, threads, precision": "nn.resolve_device nn.limit_threads nn.resolve_precision nn.autocast "
            "nn.native_precision nn.has_native_bfloat16",
            "Callbacks of scikit-learn": "callbacks.CallbackSupport callbacks.followed_by_callbacks",
            "Errors": "exceptions.ToolkitError exceptions.DataFormatError exceptions.MissingDependencyError "
            "exceptions.DownloadError exceptions.DivergenceError exceptions.CheckpointError "
            "exceptions.TrainingFolderError exceptions.FolderInUseError exceptions.StoppedError "
            "exceptions.WorkerLostError",
        },
    ),
}

# What each public table or number is, in a sentence: it has no docstring of its own.
CONSTANTS = {
    "audit.PER_IMAGE_COLUMNS": "Columns of ``Audit.per_image``, in their order.",
    "audit.IMAGE_ACTIONS": "What can become of an image of an array, in words.",
    "audit.JUDGED_FAULTS": "Faults that ``judge_everyday`` judges: of ``EVERYDAY_FAULTS``, of sizes, and learnt ones.",
    "audit.UNJUDGED": "The kind of every image of a set that cannot be judged.",
    "audit.PAIR_COLUMNS": "Columns of ``Duplicates.pairs``, in their order.",
    "audit.SIGNATURE_LENGTH": "Numbers that ``image_signature`` keeps of a picture.",
    "audit.FILE_ACTIONS": "What can become of a file, in words.",
    "audit.REPAIRS": "What may be repaired of a file: what it takes, and what confirms it.",
    "audit.EXACT_REPAIRS": "What is repaired where nothing else is asked for; the other repairs compute pixels anew.",
    "audit.LEFT_OUT": "What may be left out of a cleaned copy beside files that cannot be read.",
    "diagnostics.EVERYDAY_FAULTS": "Everyday faults: the statistic of each, and from where on it counts.",
    "diagnostics.LAYOUT_CELLS": "Cells a side in the coarse layout of a picture that is among the everyday statistics.",
    "diagnostics.LAYOUT_CHANNELS": "Channels of that layout.",
    "diagnostics.DAMAGE_SCORES": "Damages that ``damage_scores`` scores, in the order of its columns.",
    "restoration.ORIGINAL_REPAIRS": "Faults that ``repair_original`` repairs.",
    "restoration.ORIGINAL_METHODS": "Methods of each of these repairs.",
    "comparison.METRICS": "Measures of tables, and whether a greater value is better: ranks and pivots ask here.",
    "corruption.GENERIC_OUTLIERS": "Outliers of other sorts by name, each a function of images.",
    "corruption.KINDS": "Kinds that are planted and identified by default.",
    "corruption.MEASURED_KINDS": "The twelve kinds that figures on named sets are about.",
    "corruption.EVERYDAY_KINDS": "Kinds of everyday pictures, which are planted when asked for.",
    "corruption.ALL_KINDS": "Those of ``KINDS`` and of ``EVERYDAY_KINDS``.",
    "corruption.FAMILIES": "The family of each of ``KINDS``: noise, blur, geometry and so on.",
    "corruption.STRENGTHS": "The parameter of each kind that says how strong it is, its range and its unit.",
    "corruption.ANGLES": "Degrees, counter-clockwise, by which kinds of a fixed angle turn an image.",
    "corruption.SYMMETRIES": "Kinds that a flip or a turn by quarters undoes exactly.",
    "corruption.SHAPE_KEEPING": "Kinds that leave the shape of an image as it is.",
    "generators.GAN_PRESETS": "Presets of ``GAN`` and ``ConditionalGAN``, each with its paper.",
    "generators.FLOW_PRESETS": "Presets of ``FlowMatching``, each with its paper.",
    "coverage.COLLAPSED": "A generator has collapsed when this share of the data lies where it hardly draws.",
    "coverage.RESEMBLING": "With a smaller share of samples that resemble a real row, of a perfect sampler's, they are "
    "of another kind than the data.",
    "studies.MITIGATIONS": "What is said to help against collapse, each by itself.",
    "studies.CURE": "What together cures the collapse of a plain pair; ``benchmarks/collapse_mnist.py`` measured it.",
    "studies.GENERATORS": "Generators that are compared by default.",
    "coverage.COVERAGE_METRICS": "Measures of samples by name: words, direction, function, and how it is calibrated.",
    "embeddings.EMBEDDERS": "Ways of ``ImageEmbedder``.",
    "generators.LATENT_WAYS": "Ways of ``draw_latents``.",
    "comparison.SEQUENCE_MODELS": "Models that ``compare_sequence_models`` compares by default.",
    "datasets.FASHION_CLASSES": "Names of the Fashion-MNIST labels 0 to 9.",
}
