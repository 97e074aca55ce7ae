"""The fit of a :class:`GAN` between its checked arguments and what it keeps."""

from toolkit._core.layouts import layout_of
from toolkit._core.random import as_generator, spawn_seeds
from toolkit.callbacks import CallbackSupport, followed_by_callbacks
from toolkit.generators import _gan_setup as setup
from toolkit.generators._presets import PLAIN

__all__ = ["FittingMixin"]

_LATER = (
    *("unrolled_steps", "feature_matching", "augmentation"),
    *("n_categories", "n_continuous", "information_weight"),
)
_N_CONTEXTS = 4  # of training rows, with which a packed discriminator judges each row


class FittingMixin(CallbackSupport):
    """How any GAN is fitted; one conditioned on more than images overrides methods of this."""

    def _fit(self, stack, X, *beside, checkpoint, resume, hooks):
        """``beside``: further arrays of one entry a row, which the trainer's batches then have too."""
        self._check_parameters()
        self.settings_ = setup.learn_settings(self, len(stack))
        setup.warn_of_losses(hooks)
        self._learn_layout(stack, X)
        seeds = dict(
            zip(("weights", "training", "order", "snapshots", "packing_context"), spawn_seeds(self.random_state, 5))
        )
        self.batch_size_ = int(min(self.settings_["batch_size"], len(stack)))
        length = setup.length(self)
        # Schedules follow the clock where it alone says how long.
        steps = length.get("steps") or (length["epochs"] or 0) * -(-len(stack) // self.batch_size_)

        from toolkit.nn import limit_threads

        with limit_threads(self.n_threads):
            trainer = self._make_trainer(seeds["weights"], seeds["training"], steps)
            snapshots = setup.Snapshots(self, self._snapshot_latents(seeds["snapshots"]))
            known = {"epochs": length.get("epochs"), "steps": length.get("steps")}
            with followed_by_callbacks(self, X=X, epoch_steps=-(-len(stack) // self.batch_size_), **known) as followers:
                self.history_ = self._run(
                    trainer,
                    (stack, *beside),
                    as_generator(seeds["order"]),
                    hooks=(snapshots, *hooks, *followers),
                    checkpoint=checkpoint,
                    resume=resume,
                    parameters=self._training_parameters(),
                    **length,
                )
            self.snapshots_ = snapshots.images
            self._keep_packing_context(seeds["packing_context"], stack, *beside)
            return self._keep(trainer, hooks)

    def _partial_fit(self, stack, X, *beside):
        first = not hasattr(self, "training_state_")
        self._check_parameters()
        self.settings_ = setup.learn_settings(self, len(stack))
        if first:
            self._learn_layout(stack, X)
            self.history_, self.snapshots_ = [], {}
        weights, training, context = spawn_seeds(self.random_state, 3) if first else (0, 0, 0)
        self.batch_size_ = int(min(self.settings_["batch_size"], len(stack)))

        from toolkit.nn import limit_threads

        with limit_threads(self.n_threads):
            trainer = self._make_trainer(weights, training, 0)
            if first:
                self._keep_packing_context(context, stack, *beside)
            else:
                trainer.load_state_dict(setup.copied(self.training_state_))
            done = self.history_[-1] if self.history_ else {"epoch": 0, "step": 0, "seconds": 0.0}
            entries = self._run(trainer, (stack, *beside), as_generator(trainer.draw_seed()), epochs=1)
            for name, value in done.items():
                if name in ("epoch", "step", "seconds"):
                    entries[0][name] += value
            self.history_ = [*self.history_, *entries]
            return self._keep(trainer)

    def _learn_layout(self, stack, X):
        self.dtype_ = stack.dtype.name
        self.layout_ = layout_of(X)
        self.column_range_ = setup.column_range(self, stack)

    def _check_parameters(self):
        setup.check_parameters(self)

    def _training_parameters(self):
        """What a checkpoint must share with a fit that goes on from it: what is in force, by whatever name."""
        found = {name: value for name, value in vars(setup.in_force(self)).items() if name != "preset"}
        # Checkpoints of versions that did not have these say nothing of them.
        return {name: value for name, value in found.items() if not (name in _LATER and value == PLAIN[name])}

    def _make_trainer(self, weight_seed, training_seed, total_steps):
        has_codes = self.settings_["n_categories"] or self.settings_["n_continuous"]
        make = setup.make_information_trainer if has_codes else setup.make_trainer
        return make(self, weight_seed, training_seed, total_steps=total_steps)

    def _snapshot_latents(self, seed):
        return setup.draw_latents(self, self.n_snapshot_samples, seed)

    def _keep_packing_context(self, seed, stack):
        self.packing_context_ = self._packing_context(seed, stack)

    def _packing_context(self, seed, array):
        """The same rows of any array, for the same seed."""
        return setup.packing_context(array, self.settings_["packing"], _N_CONTEXTS, seed)

    def _run(self, trainer, arrays, generator, **options):
        from toolkit.nn import fit_loop

        stack, *beside = arrays
        images = setup.training_array(self, stack)
        return fit_loop(
            trainer,
            (images, *beside) if beside else images,
            batch_size=self.batch_size_,
            generator=generator,
            verbose=self.verbose,
            desc=type(self).__name__,
            **options,
        )

    def _keep(self, trainer, hooks=()):
        chosen = [hook.chosen_generator(trainer) for hook in hooks if hasattr(hook, "chosen_generator")]
        found = [network for network in chosen if network is not None]
        self.generator_ = found[-1] if found else trainer.finished_generator().cpu()
        self.discriminator_ = setup.finished_discriminator(trainer).cpu()
        reads = hasattr(trainer, "finished_recognition")
        self.recognition_ = trainer.finished_recognition().eval().cpu() if reads else None
        self.training_state_ = setup.copied(trainer.state_dict())
        return self
