"""A step of the GAN against the usual loop on the same networks, and eight seeds at once against eight in a row.

Generator 100-128-256-512-1024-784, discriminator 784-512-256-1, batches of 64 of MNIST's training part, 1,000 steps.
The usual loop is plain torch: a DataLoader over a data set that turns each image into a tensor, Adam as it comes, the
discriminator's step and then the generator's; once with latents of its own for the generator's step, as in algorithm 1
of Goodfellow et al. (2014), and once, leaner, with the fakes that the discriminator has just seen. All run on one
thread, in turns in the same process, and the figure is the ratio of CPU seconds. Replicas run on two cores, which must
be free; eight plain fits one after another take eight times the wall clock of one, measured before and after.

    python benchmarks/gan_speed.py           # measure what is missing, then print the table
    python benchmarks/gan_speed.py --table   # print only
"""

import os
import statistics
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import cells  # noqa: E402

STEPS, BATCH, REPEATS, REPLICAS = 1_000, 64, 2, 8
GENERATOR, DISCRIMINATOR = (128, 256, 512, 1024), (512, 256)


def images():
    from toolkit.datasets import fetch_mnist

    return fetch_mnist(subset="train").images


def plain_loop(stack, seed, steps=STEPS, *, fresh=True):
    """What one would write without a library; CPU and wall seconds of ``steps`` steps, loading of modules left out."""
    import itertools

    import torch
    from torch import nn
    from torch.utils.data import DataLoader, Dataset

    class Images(Dataset):
        def __len__(self):
            return len(stack)

        def __getitem__(self, index):  # what ToTensor and Normalize(0.5, 0.5) do
            return torch.from_numpy(stack[index]).float().div(255).sub(0.5).div(0.5)

    def layers(sizes):
        for n_in, n_out in itertools.pairwise(sizes):
            yield from (nn.Linear(n_in, n_out), nn.LeakyReLU(0.2))

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    generator = nn.Sequential(*layers((100, *GENERATOR)), nn.Linear(GENERATOR[-1], 784), nn.Tanh())
    discriminator = nn.Sequential(*layers((784, *DISCRIMINATOR)), nn.Linear(DISCRIMINATOR[-1], 1))
    loss = nn.BCEWithLogitsLoss()
    adams = [
        torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999)) for network in (generator, discriminator)
    ]
    loader = DataLoader(Images(), batch_size=BATCH, shuffle=True, drop_last=True)
    history, step = [], 0
    wall, cpu = time.perf_counter(), time.process_time()
    while step < steps:
        for real in loader:
            real = real.view(len(real), -1)
            ones, zeros = torch.ones(len(real), 1), torch.zeros(len(real), 1)
            fake = generator(torch.randn(len(real), 100))
            adams[1].zero_grad()
            discriminator_loss = loss(discriminator(real), ones) + loss(discriminator(fake.detach()), zeros)
            discriminator_loss.backward()
            adams[1].step()
            adams[0].zero_grad()
            if fresh:
                fake = generator(torch.randn(len(real), 100))
            generator_loss = loss(discriminator(fake), ones)
            generator_loss.backward()
            adams[0].step()
            history.append((discriminator_loss.item(), generator_loss.item()))
            step += 1
            if step == steps:
                break
    return time.process_time() - cpu, time.perf_counter() - wall


def own_gan(precision="float32", seed=0, steps=STEPS):
    from toolkit.generators import GAN

    return GAN(
        preset="plain",
        generator_widths=GENERATOR,
        discriminator_widths=DISCRIMINATOR,
        batch_size=BATCH,
        max_steps=steps,
        precision=precision,
        random_state=seed,
    )


def own_fit(stack, precision, seed, steps=STEPS):
    wall, cpu = time.perf_counter(), time.process_time()
    own_gan(precision, seed, steps).fit(stack)
    return time.process_time() - cpu, time.perf_counter() - wall


def step_cell():
    """CPU seconds of both, alternating, so that a busy machine meets both."""
    stack = images()
    runs = {
        "plain": lambda seed, steps: plain_loop(stack, seed, steps),
        "plain_lean": lambda seed, steps: plain_loop(stack, seed, steps, fresh=False),
        "float32": lambda seed, steps: own_fit(stack, "float32", seed, steps),
        "bfloat16": lambda seed, steps: own_fit(stack, "bfloat16", seed, steps),
    }
    for run in runs.values():
        run(0, 20)
    seconds = {name: [] for name in runs}
    for seed in range(REPEATS):
        for name, run in runs.items():
            seconds[name].append(run(seed, STEPS)[0])

    def ratio(name, base):
        return statistics.median(own / plain for own, plain in zip(seconds[name], seconds[base]))

    return {
        "ms_per_step": {name: 1e3 * statistics.median(values) / STEPS for name, values in seconds.items()},
        "ratio": {name: ratio(name, "plain") for name in ("float32", "bfloat16")},
        "ratio_lean": {name: ratio(name, "plain_lean") for name in ("float32", "bfloat16")},
        "all_seconds": seconds,
        "load_average": os.getloadavg()[0],
    }


def replicas_cell(precision):
    """Wall seconds of eight plain fits one after another over those of ``fit_many`` on two cores."""
    stack = images()
    plain_loop(stack, 0, 20)
    before = plain_loop(stack, 0)[1]
    start = time.perf_counter()
    fits = own_gan(precision).fit_many(stack, seeds=range(REPLICAS), n_jobs=2)
    many = time.perf_counter() - start
    after = plain_loop(stack, 1)[1]
    plain = REPLICAS * 0.5 * (before + after)
    assert fits["error"].isna().all()
    return {"plain_seconds": plain, "many_seconds": many, "times_faster": plain / many, "precision": precision}


CELLS = {
    "step": step_cell,
    "replicas_bfloat16": lambda: replicas_cell("bfloat16"),
    "replicas_float32": lambda: replicas_cell("float32"),
}


def show(results):
    """Ratios first, then what they are made of."""
    if "step" in results:
        cell = results["step"]
        print("ms a step:", {name: round(value, 2) for name, value in cell["ms_per_step"].items()})
        for key, what in (("ratio", "the plain loop"), ("ratio_lean", "the lean plain loop")):
            share = cell[key]
            print(
                f"share of the CPU time of {what}: float32 {share['float32']:.3f} (bar .70), "
                f"bfloat16 {share['bfloat16']:.3f} (bar .48, where the processor has it)"
            )
    for name in ("replicas_bfloat16", "replicas_float32"):
        if name in results:
            cell = results[name]
            print(f"eight seeds on two cores, {cell['precision']}: {cell['times_faster']:.2f} times faster (bar 3.5)")


if __name__ == "__main__":
    cells.main("gan_speed", CELLS, show, __doc__.splitlines()[0])
