"""LSTM encoder-decoder over short sequences of characters, with the variants that a comparison asks for.

After Sutskever, Vinyals and Le (2014), "Sequence to sequence learning with neural networks"; attention after Luong,
Pham and Manning (2015), "Effective approaches to attention-based neural machine translation".
"""

import torch
from torch import nn
from torch.nn import functional

from toolkit.nn import GeneratorDropout

__all__ = ["SequenceNetwork"]


class SequenceNetwork(nn.Module):
    """Characters in, logits of characters out.

    Parameters
    ----------
    n_source, n_target : int
        Sizes of the two alphabets, padding included.
    target_length : int
    hidden_size : int
    n_layers : int
        LSTM layers on either side.
    attention : bool
        The decoder looks back at every step of the encoder (dot products).
    bidirectional : bool
        The encoder reads in both directions, half of the units each.
    teacher_forcing : bool
        True: the decoder gets the character before, the true one in training. False: it gets the encoder's summary at
        every step (a repeat vector), and no character depends on the one that was written before.
    dropout : float
        Share of the units set to zero between layers and before the answer.
    """

    def __init__(
        self,
        n_source: int,
        n_target: int,
        target_length: int,
        *,
        hidden_size: int = 128,
        n_layers: int = 1,
        attention: bool = False,
        bidirectional: bool = False,
        teacher_forcing: bool = False,
        dropout: float = 0.0,
    ):
        super().__init__()
        self.config = {
            "n_source": n_source,
            "n_target": n_target,
            "target_length": target_length,
            "hidden_size": hidden_size,
            "n_layers": n_layers,
            "attention": attention,
            "bidirectional": bidirectional,
            "teacher_forcing": teacher_forcing,
            "dropout": dropout,
        }
        self.n_target, self.target_length = n_target, target_length
        self.attention, self.teacher_forcing = attention, teacher_forcing
        units = hidden_size // 2 if bidirectional else hidden_size
        self.encoder = nn.ModuleList(
            nn.LSTM(n_source if layer == 0 else hidden_size, units, bidirectional=bidirectional)
            for layer in range(n_layers)
        )
        # The character before, or none at the start.
        n_inputs = n_target + 1 if teacher_forcing else hidden_size
        self.decoder = nn.ModuleList(
            nn.LSTM(n_inputs if layer == 0 else hidden_size, hidden_size) for layer in range(n_layers)
        )
        self.mix = nn.Linear(2 * hidden_size, hidden_size, bias=False) if attention else None
        self.readout = nn.Linear(hidden_size, n_target)
        self.dropout = GeneratorDropout(dropout, None)

    @torch.no_grad()
    def start(self, generator: torch.Generator) -> "SequenceNetwork":
        """Weights of the LSTMs: Glorot for inputs, orthogonal for the loop, forget gates open."""
        for lstm in [*self.encoder, *self.decoder]:
            for name, weight in lstm.named_parameters():
                if name.startswith("weight_ih"):
                    nn.init.xavier_uniform_(weight, generator=generator)
                elif name.startswith("weight_hh"):
                    for gate in weight.chunk(4):
                        nn.init.orthogonal_(gate, generator=generator)
                else:
                    weight.zero_()
                    if name.startswith("bias_ih"):
                        weight.chunk(4)[1].fill_(1.0)
        nn.init.xavier_uniform_(self.readout.weight, generator=generator)
        return self

    def encode(self, source):
        """``source``: (batch, length, n_source), one-hot or probabilities. The outputs of the last layer
        (length, batch, hidden) and the final states of all layers."""
        x, states = source.transpose(0, 1), []
        for place, lstm in enumerate(self.encoder):
            x, (hidden, cell) = lstm(self.dropout(x) if place else x)
            # Both directions side by side: (1, batch, hidden).
            states.append(tuple(part.transpose(0, 1).flatten(1)[None] for part in (hidden, cell)))
        return x, states

    def _decode(self, x, memory, states):
        """(steps, batch, inputs) to logits (steps, batch, n_target), new states, and attention weights or None."""
        after, weights = [], None
        for place, lstm in enumerate(self.decoder):
            x, state = lstm(self.dropout(x) if place else x, states[place])
            after.append(state)
        if self.attention:
            keys = memory.transpose(0, 1)  # (batch, length, hidden)
            queries = x.transpose(0, 1)  # (batch, steps, hidden)
            scores = queries @ keys.transpose(1, 2) / keys.shape[2] ** 0.5
            weights = torch.softmax(scores, dim=2)
            x = torch.tanh(self.mix(torch.cat([weights @ keys, queries], dim=2))).transpose(0, 1)
        return self.readout(self.dropout(x)), after, weights

    def forward(
        self, source: torch.Tensor, target: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Logits (batch, target_length, n_target) and attention (batch, target_length, length) or None.

        ``target``: (batch, target_length) the true characters, for teacher forcing; without it the network writes on
        from what it wrote itself.
        """
        memory, states = self.encode(source)
        if not self.teacher_forcing:
            summary = self.dropout(states[-1][0]).expand(self.target_length, -1, -1)
            logits, _, weights = self._decode(summary, memory, states)
            return logits.transpose(0, 1), weights
        if target is not None:
            before = functional.pad(target[:, :-1], (1, 0), value=self.n_target).t()
            x = functional.one_hot(before, self.n_target + 1).to(memory.dtype)
            logits, _, weights = self._decode(x, memory, states)
            return logits.transpose(0, 1), weights
        written, looked = [], []
        before = torch.full((len(source),), self.n_target, device=source.device)
        for _ in range(self.target_length):
            x = functional.one_hot(before, self.n_target + 1).to(memory.dtype)[None]
            logits, states, weights = self._decode(x, memory, states)
            before = logits[0].argmax(1)
            written.append(logits[0])
            looked.append(weights)
        return torch.stack(written, dim=1), torch.cat(looked, dim=1) if self.attention else None
