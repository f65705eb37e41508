"""PyTorch: the networks on tokens and words that are trained, as modules of its library."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from benchmarks.networks.attention import GPT_BLOCKS, HEADS, TOKENS, WIDTH
from benchmarks.networks.sequences import WORDS_KNOWN
from benchmarks.peers.torch_layers import SeededLayers

WORD_WIDTH, UNITS = 64, 64


def gpt() -> nn.Module:
    """Return the small language model, as logits of each next token."""
    layers = SeededLayers()
    embedding = nn.Embedding.from_pretrained(layers.embeddings(TOKENS, WIDTH), freeze=False)
    blocks = [_Block(layers) for _ in range(GPT_BLOCKS)]
    return nn.Sequential(embedding, *blocks, layers.layer_normalization(WIDTH), layers.linear(WIDTH, TOKENS))


def mean_of_words() -> nn.Module:
    """Return the mean of embedded words with two linear layers, as a logit."""
    layers = SeededLayers()
    table = layers.embeddings(WORDS_KNOWN, WORD_WIDTH)
    embedding = nn.EmbeddingBag.from_pretrained(table, freeze=False, mode="mean")
    return nn.Sequential(embedding, layers.linear(WORD_WIDTH, UNITS), nn.ReLU(), layers.linear(UNITS, 1))


class _CausalAttention(nn.Module):
    """Attention to what comes before, with queries, keys and values from one product."""

    def __init__(self, layers: SeededLayers) -> None:
        super().__init__()
        self.projections = layers.projections(WIDTH, HEADS)
        self.output = layers.output_projection(WIDTH, HEADS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return sequences of the shape of x."""
        heads = self.projections(x).unflatten(-1, (3, HEADS, WIDTH // HEADS))
        query, key, value = heads.transpose(1, 3).unbind(2)
        attended = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        result: torch.Tensor = self.output(attended.transpose(1, 2).flatten(2))
        return result


class _Block(nn.Module):
    """Attention and two linear layers, each on what is normalised and added to what it begins with."""

    def __init__(self, layers: SeededLayers) -> None:
        super().__init__()
        self.first = nn.Sequential(layers.layer_normalization(WIDTH), _CausalAttention(layers))
        self.second = nn.Sequential(
            layers.layer_normalization(WIDTH),
            layers.linear(WIDTH, 4 * WIDTH),
            nn.GELU(),
            layers.linear(4 * WIDTH, WIDTH),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return sequences of the shape of x."""
        x = x + self.first(x)
        result: torch.Tensor = x + self.second(x)
        return result
