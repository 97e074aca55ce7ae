"""EfficientNet-Lite0 without its last layer, under the names of the published weights.

References
----------
M. Tan and Q. V. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", ICML 2019; the Lite
variants leave out squeeze-and-excitation and use ReLU6.
"""

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_weights

__all__ = ["Lite0"]

# expansion, output channels, number of blocks, stride of the first, kernel
_STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
_STEM, _HEAD = 32, 1280


class _Same(nn.Conv2d):
    """A convolution that pads as TensorFlow does: an odd pixel goes to the right and to the bottom."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        edges = []
        for side in (x.shape[3], x.shape[2]):
            total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
            edges += [total // 2, total - total // 2]
        left, right, top, bottom = edges
        weight = self.weight
        if (left, top) != (right, bottom):
            # A row and a column of zeros before the weights do what edges around a whole map would, which are slow.
            weight, left, top = functional.pad(weight, (right - left, 0, bottom - top, 0)), right, bottom
        return functional.conv2d(x, weight, self.bias, self.stride, (top, left), groups=self.groups)


class _Pointwise(nn.Conv2d):
    """A convolution of single pixels, as the product of matrices that it is where channels lie last."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = functional.linear(x.permute(0, 2, 3, 1), self.weight[:, :, 0, 0], self.bias)
        return found.permute(0, 3, 1, 2)


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=1e-3)


class _Block(nn.Module):
    """An inverted residual: wider, filtered channel by channel, narrower again."""

    def __init__(self, n_in: int, n_out: int, expansion: int, stride: int, kernel: int):
        super().__init__()
        wide = n_in * expansion
        self.widened, self.kept = expansion > 1, stride == 1 and n_in == n_out
        if self.widened:
            self._expand_conv, self._bn0 = _Pointwise(n_in, wide, 1, bias=False), _norm(wide)
        self._depthwise_conv = _Same(wide, wide, kernel, stride, groups=wide, bias=False)
        self._bn1 = _norm(wide)
        self._project_conv, self._bn2 = _Pointwise(wide, n_out, 1, bias=False), _norm(n_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = functional.relu6(self._bn0(self._expand_conv(x)), inplace=True) if self.widened else x
        found = functional.relu6(self._bn1(self._depthwise_conv(found)), inplace=True)
        found = self._bn2(self._project_conv(found))
        return x + found if self.kept else found


class Lite0(nn.Module):
    """Pictures to 1,280 features, or to the logits of the 1,000 classes of ImageNet.

    Examples
    --------
    >>> import torch
    >>> from toolkit.embeddings.lite0 import Lite0
    >>> from toolkit.nn import build, torch_generator
    >>> network = build(Lite0, torch_generator(0)).eval()
    >>> tuple(network(torch.zeros(1, 32, 32, 3, dtype=torch.uint8)).shape)
    (1, 1280)
    """

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = _Same(3, _STEM, 3, 2, bias=False), _norm(_STEM)
        blocks, width = [], _STEM
        for expansion, n_out, count, stride, kernel in _STAGES:
            for place in range(count):
                blocks.append(_Block(width, n_out, expansion, stride if place == 0 else 1, kernel))
                width = n_out
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = _Pointwise(width, _HEAD, 1, bias=False), _norm(_HEAD)
        self._fc = nn.Linear(_HEAD, 1000)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Means over the last map, (batch, 1280), of uint8 images (batch, height, width, 3)."""
        x = (images.permute(0, 3, 1, 2).float() - 127.0) / 128.0
        x = functional.relu6(self._bn0(self._conv_stem(x.contiguous(memory_format=torch.channels_last))), inplace=True)
        for block in self._blocks:
            x = block(x)
        return functional.relu6(self._bn1(self._conv_head(x)), inplace=True).mean((2, 3))

    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """Of the classes of ImageNet, (batch, 1000)."""
        return self._fc(self(images))

    def load(self, weights: Mapping[str, torch.Tensor]) -> "Lite0":
        """Take published weights, all of which have to fit, for good: the network is not trained from there.

        Each norm becomes a part of the convolution before it, which says the same in two thirds of the time.
        """
        counters = {name: value for name, value in self.state_dict().items() if name.endswith("num_batches_tracked")}
        self.load_state_dict({**counters, **weights})
        _fold(self, _conv_stem="_bn0", _conv_head="_bn1")
        for block in self._blocks:
            _fold(block, _expand_conv="_bn0", _depthwise_conv="_bn1", _project_conv="_bn2")
        return self.eval()


def _fold(module: nn.Module, **norms: str) -> None:
    """Make norms of a module a part of its convolutions, each named by the convolution before it."""
    for name, norm_name in norms.items():
        if not hasattr(module, name):
            continue
        convolution, norm = getattr(module, name), getattr(module, norm_name)
        convolution.weight, convolution.bias = fuse_conv_bn_weights(
            convolution.weight, None, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
        )
        setattr(module, norm_name, nn.Identity())
