"""A chain of linear layers and activations whose gradient is written out: backpropagation by hand.

For layers of some hundred units, the graph that autograd builds, and the casts that autocast puts into it, cost a tenth
to a third of a step, most in 16 bits. The arithmetic here is theirs (Rumelhart, Hinton and Williams, 1986, "Learning
representations by back-propagating errors"; 16 bits beside single-precision weights: Micikevicius et al., 2018, "Mixed
precision training"), in the same order; only what nobody asked for is left out.
"""

import torch
from torch.nn import functional

__all__ = ["ACTIVATION_GRADIENTS", "DenseChain"]

_aten = torch.ops.aten

# Name to the gradient, from (gradient of the output, input, output).
ACTIVATION_GRADIENTS = {
    "relu": lambda grad, given, answer: _aten.threshold_backward(grad, answer, 0.0),
    "leaky_relu": lambda grad, given, answer: _aten.leaky_relu_backward(grad, given, 0.2, False),
    "elu": lambda grad, given, answer: _aten.elu_backward(grad, 1.0, 1.0, 1.0, False, given),
    "silu": lambda grad, given, answer: _aten.silu_backward(grad, given),
    "gelu": lambda grad, given, answer: _aten.gelu_backward(grad, given),
    "tanh": lambda grad, given, answer: _aten.tanh_backward(grad, answer),
    "identity": lambda grad, given, answer: grad,
}


class DenseChain:
    """Layers of a fully connected network, called forward and then backward once a step.

    Parameters
    ----------
    layers : iterable of torch.nn.Module
        Linear layers with biases in float32, and activations.
    activation : str
        Which activation it is; a name in ``ACTIVATION_GRADIENTS``.
    dtype : torch.dtype
        Of the matrix products. Weights and their gradients stay float32.

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(3, 1)
    >>> chain = DenseChain([layer], "relu", torch.float32)
    >>> _ = chain.forward(torch.ones(5, 3))
    >>> _ = chain.backward(torch.ones(5, 1))
    >>> layer.weight.grad
    tensor([[5., 5., 5.]])
    """

    def __init__(self, layers, activation, dtype):
        self._layers, self._gradient, self.dtype = list(layers), ACTIVATION_GRADIENTS[activation], dtype
        linear = [layer for layer in self._layers if isinstance(layer, torch.nn.Linear)]
        self._own = [part.data for layer in linear for part in (layer.weight, layer.bias)]
        self._cast = self._own if dtype == torch.float32 else [part.to(dtype) for part in self._own]
        self._grads = [torch.zeros_like(part) for part in self._own]
        for layer, weight, bias in zip(linear, self._grads[::2], self._grads[1::2]):
            layer.weight.grad, layer.bias.grad = weight, bias
        self._values = []  # what each layer was given, and at last the answer

    @torch.no_grad()
    def forward(self, rows):
        """Rows (n, n_features) to answers (n, n_outputs), in ``dtype``."""
        if self._cast is not self._own:
            torch._foreach_copy_(self._cast, self._own)
        value, place = rows.to(self.dtype), 0
        self._values = [value]
        for layer in self._layers:
            if isinstance(layer, torch.nn.Linear):
                value = functional.linear(value, self._cast[place], self._cast[place + 1])
                place += 2
            else:
                value = layer(value)
            self._values.append(value)
        return value

    @torch.no_grad()
    def backward(self, grad, *, to_rows=False):
        """Leave the gradient of every weight in its ``grad``, for that of the answers.

        Parameters
        ----------
        grad : Tensor of shape (n, n_outputs)
        to_rows : bool, default=False
            Whether the gradient of the rows is wanted as well.

        Returns
        -------
        Tensor of shape (n, n_features) or None
            The gradient of the rows, in ``dtype``.
        """
        grad, values, place = grad.to(self.dtype), self._values, len(self._own)
        for number in reversed(range(len(self._layers))):
            if not isinstance(self._layers[number], torch.nn.Linear):
                grad = self._gradient(grad, values[number], values[number + 1])
                continue
            place -= 2
            torch.sum(grad, 0, dtype=torch.float32, out=self._grads[place + 1])
            if self._cast is self._own:
                torch.mm(grad.t(), values[number], out=self._grads[place])
            else:
                self._grads[place].copy_(torch.mm(grad.t(), values[number]))
            if not place and not to_rows:
                return None
            grad = grad @ self._cast[place]
        return grad if to_rows else None
