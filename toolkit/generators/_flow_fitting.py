"""The fit of a :class:`FlowMatching` between its checked arguments and what it keeps."""

import numpy as np

from toolkit._core.layouts import layout_of
from toolkit._core.random import as_generator, spawn_seeds
from toolkit.generators import _conditional_setup as labels
from toolkit.generators import _flow_setup as setup
from toolkit.generators import _gan_setup as scales

__all__ = ["FlowFittingMixin"]


class FlowFittingMixin:
    """How a flow is fitted, at once or a pass at a time."""

    def _fit(self, stack, X, y, checkpoint, resume, hooks):
        setup.check_parameters(self)
        self.settings_ = setup.learn_settings(self, len(stack))
        seeds = dict(zip(("weights", "training", "order", "clusters"), spawn_seeds(self.random_state, 4)))
        self._learn_layout(stack, X)
        self.batch_size_ = int(min(self.settings_["batch_size"], len(stack)))

        from toolkit.nn import limit_threads

        with limit_threads(self.n_threads):
            arrays, codes = self._arrays(stack, y, seeds["clusters"])
            length = scales.length(self)
            # Schedules follow the clock where it alone says how long.
            steps = length.get("steps") or (length["epochs"] or 0) * -(-len(stack) // self.batch_size_)
            gaussian = setup.learn_gaussian(self, stack, codes, seeds["clusters"])
            trainer = setup.make_trainer(self, gaussian, seeds["weights"], seeds["training"], steps)
            self.history_ = self._run(
                trainer,
                arrays,
                as_generator(seeds["order"]),
                hooks=hooks,
                checkpoint=checkpoint,
                resume=resume,
                parameters={name: value for name, value in vars(setup.in_force(self)).items() if name != "preset"},
                **length,
            )
            return self._keep(trainer, hooks)

    def _partial_fit(self, stack, X, y):
        first = not hasattr(self, "training_state_")
        setup.check_parameters(self)
        self.settings_ = setup.learn_settings(self, len(stack))
        if first:
            self._learn_layout(stack, X)
            self.history_ = []
        weights, training, clusters = spawn_seeds(self.random_state, 3) if first else (0, 0, 0)
        self.batch_size_ = int(min(self.settings_["batch_size"], len(stack)))

        from toolkit.nn import limit_threads

        with limit_threads(self.n_threads):
            arrays, codes = self._arrays(stack, y, clusters, again=not first)
            # Later rows have what the first had; the state of the training brings it along.
            gaussian = setup.learn_gaussian(self, stack, codes, clusters) if first else self._gaussian()
            trainer = setup.make_trainer(self, gaussian, weights, training, 0)
            if not first:
                trainer.load_state_dict(scales.copied(self.training_state_))
            done = self.history_[-1] if self.history_ else {"epoch": 0, "step": 0, "seconds": 0.0}
            entries = self._run(trainer, arrays, as_generator(trainer.draw_seed()), epochs=1)
            for name in ("epoch", "step", "seconds"):
                entries[0][name] += done[name]
            self.history_ = [*self.history_, *entries]
            return self._keep(trainer)

    def _learn_layout(self, stack, X):
        self.dtype_ = stack.dtype.name
        self.layout_ = layout_of(X)
        self.column_range_ = scales.column_range(self, stack)

    def _arrays(self, stack, y, seed, *, again=False):
        """Images, and where there are conditions a code each; what is drawn later is learnt from them once."""
        images = scales.training_array(self, stack)
        if self.conditional:
            y = labels.check_labels(y, len(stack), owner=type(self).__name__)
            if not again:
                self.classes_, self.cluster_centres_ = np.unique(y), np.empty((0, self.n_features_in_), np.float32)
            codes, n_conditions = labels.encode(self.classes_, y).astype(np.int64), len(self.classes_)
        else:
            if not again:
                self.classes_, self.cluster_centres_ = None, np.empty((0, self.n_features_in_), np.float32)
                if n_clusters := int(self.settings_["n_clusters"]):
                    self.cluster_centres_ = setup.learn_clusters(self, stack, n_clusters, seed)
            n_conditions = len(self.cluster_centres_)
            codes = setup.nearest_cluster(self, stack) if n_conditions else None
        if not again:
            self.n_conditions_ = n_conditions
            self.condition_shares_ = (
                np.bincount(codes, minlength=n_conditions) / len(codes) if n_conditions else np.empty(0)
            )
        return (images if codes is None else (images, codes)), codes

    def _gaussian(self):
        return {name: values.numpy() for name, values in self.network_.start.state_dict().items()}

    def _run(self, trainer, arrays, generator, **options):
        from toolkit.nn import fit_loop

        return fit_loop(
            trainer,
            arrays,
            batch_size=self.batch_size_,
            generator=generator,
            verbose=self.verbose,
            desc=type(self).__name__,
            **options,
        )

    def _keep(self, trainer, hooks=()):
        chosen = [hook.chosen_generator(trainer) for hook in hooks if hasattr(hook, "chosen_generator")]
        found = [network for network in chosen if network is not None]
        self.network_ = found[-1] if found else trainer.finished_generator().cpu()
        self.training_state_ = scales.copied(trainer.state_dict())
        return self
