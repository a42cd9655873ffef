"""gpt-oss in numpy and float64, in the plainest form: one sequence, no cache, no batching of experts."""

import numpy as np

from model_bin import rope_frequencies


def forward(checkpoint, tokens, last=1):
    """Logits (last, vocab) of the last positions of `tokens`."""
    s = checkpoint.shape
    cos, sin = rope_tables(s, len(tokens))
    x = checkpoint.embedding[np.asarray(tokens)]
    for n, layer in enumerate(checkpoint.layers):
        window = s.sliding_window if n % 2 == 0 else len(tokens)
        x = x + attention(s, layer, rmsnorm(x, layer["attn_norm"], s.rms_norm_eps), cos, sin, window)
        x = x + mixture(checkpoint, n, rmsnorm(x, layer["mlp_norm"], s.rms_norm_eps))
    return rmsnorm(x[-last:], checkpoint.final_norm, s.rms_norm_eps) @ checkpoint.unembedding.T


def rmsnorm(x, gain, epsilon):
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + epsilon) * gain


def rope_tables(s, num_positions):
    angles = np.arange(num_positions)[:, None] * rope_frequencies(s)[None, :]
    return np.cos(angles) * s.yarn_multiplier, np.sin(angles) * s.yarn_multiplier


def rotate(x, cos, sin):
    """Adjacent pairs; x is (positions, heads, head_dim)."""
    even, odd = x[..., 0::2], x[..., 1::2]
    cos, sin = cos[:, None, :], sin[:, None, :]
    rotated = np.empty_like(x)
    rotated[..., 0::2] = even * cos - odd * sin
    rotated[..., 1::2] = odd * cos + even * sin
    return rotated


def attention(s, layer, x, cos, sin, window):
    n = len(x)
    heads, kv_heads, head_dim = s.num_attention_heads, s.num_key_value_heads, s.head_dim
    qkv = x @ layer["qkv_weight"].T + layer["qkv_bias"]
    q, k, v = np.split(qkv.reshape(n, heads + 2 * kv_heads, head_dim), [heads, heads + kv_heads], axis=1)
    q, k = rotate(q, cos, sin), rotate(k, cos, sin)

    position = np.arange(n)
    distance = position[:, None] - position[None, :]
    visible = (distance >= 0) & (distance < window)
    mixed = np.empty((n, heads, head_dim))
    for head in range(heads):
        kv_head = head // (heads // kv_heads)
        scores = np.where(visible, q[:, head] @ k[:, kv_head].T, -np.inf)  # the scale is in the weights
        sink = layer["sinks"][head]
        top = np.maximum(scores.max(axis=1), sink)[:, None]
        weights = np.exp(scores - top)
        mixed[:, head] = weights @ v[:, kv_head] / (weights.sum(axis=1, keepdims=True) + np.exp(sink - top))
    return mixed.reshape(n, heads * head_dim) @ layer["out_weight"].T + layer["out_bias"]


def mixture(checkpoint, n, x):
    s, layer = checkpoint.shape, checkpoint.layers[n]
    logits = x @ layer["router_weight"].T + layer["router_bias"]
    chosen = np.argsort(-logits, axis=1, kind="stable")[:, : s.experts_per_token]
    top = np.take_along_axis(logits, chosen, axis=1)
    share = np.exp(top - top.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)

    out = np.zeros_like(x)
    for expert in np.unique(chosen):
        rows, place = np.nonzero(chosen == expert)
        weight, bias = checkpoint.mlp1(n, expert)
        h = x[rows] @ weight.T + bias
        gate = np.minimum(h[:, 0::2], s.swiglu_limit)
        linear = np.clip(h[:, 1::2], -s.swiglu_limit, s.swiglu_limit)
        y = gate / (1 + np.exp(-1.702 * gate)) * (linear + 1)
        weight, bias = checkpoint.mlp2(n, expert)
        out[rows] += share[rows, place, None] * (y @ weight.T + bias)
    return out
