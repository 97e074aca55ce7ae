"""What forks after a fit goes on: no fit leaves a pool of OpenMP threads that a child process would wait for."""

import os
import subprocess
import sys
import textwrap

import pytest

FITS = {
    "autoencoder": "toolkit.generators.Autoencoder(hidden_sizes=(256, 64), epochs=1, random_state=0).fit(X)",
    "variational": "toolkit.generators.VariationalAutoencoder(hidden_sizes=(256, 64), epochs=1, random_state=0).fit(X)",
    "gan": "toolkit.generators.GAN(epochs=1, random_state=0).fit(X)",
    "reconstruction": "toolkit.detectors.ReconstructionDetector(epochs=1, random_state=0).fit(X)",
    "identifier": "toolkit.diagnostics.CorruptionIdentifier(epochs=3, random_state=0).fit(X[:60, :28, :28])",
}
CODE = """
import os, time
import numpy as np
import torch
import toolkit

torch.set_num_threads(2)
X = np.random.default_rng(0).random((400, 48, 48), dtype=np.float32)
{fit}
child = os.fork()
if child == 0:
    torch.rand(2_000_000).exp_().sum()
    (torch.rand(400, 400) @ torch.rand(400, 400)).sum()
    os._exit(0)
deadline = time.monotonic() + 30
while time.monotonic() < deadline:
    if os.waitpid(child, os.WNOHANG)[0]:
        print("went on")
        break
    time.sleep(0.02)
else:
    os.kill(child, 9)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize(
    "name", ["autoencoder", *(pytest.param(name, marks=pytest.mark.slow) for name in FITS if name != "autoencoder")]
)
def test_a_child_process_computes_on(name):
    # In a process of its own: other tests may have begun a pool of threads, and they are allowed two here.
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
    code = textwrap.dedent(CODE).format(fit=FITS[name])
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout == "went on\n"
