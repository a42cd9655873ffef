"""The gpt-oss architecture in PyTorch, for training and for evaluation.

Weights are kept in checkpoint form (halves RoPE, no folded scale); export.py turns them into the file's layout.
Experts are float32 masters that every forward pass quantises to MXFP4 with a straight-through gradient.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Config:
    vocab_size: int = 7168
    embedding_dim: int = 256
    num_blocks: int = 8
    num_experts: int = 32
    num_active_experts: int = 4
    mlp_dim: int = 192
    num_heads: int = 8
    num_kv_heads: int = 1
    head_dim: int = 64
    attention_window: int = 128
    rope_theta: float = 150000.0
    initial_context_length: int = 4096
    rope_scaling_factor: float = 32.0
    ntk_alpha: float = 1.0
    ntk_beta: float = 32.0
    swiglu_limit: float = 7.0
    rmsnorm_epsilon: float = 1e-5
    context_length: int = 32768

    def yarn(self) -> tuple[float, float, float, float]:
        """interpolation_scale, yarn_offset, yarn_scale, yarn_multiplier as the file's header has them."""
        half = self.head_dim / 2
        low = half * math.log(self.initial_context_length / (self.ntk_beta * 2 * math.pi)) / math.log(self.rope_theta)
        high = half * math.log(self.initial_context_length / (self.ntk_alpha * 2 * math.pi)) / math.log(self.rope_theta)
        return 1 / self.rope_scaling_factor, -low / (high - low), 1 / (high - low), 0.1 * math.log(self.rope_scaling_factor) + 1


def rope_tables(config: Config, length: int, device) -> tuple[Tensor, Tensor]:
    """cos and sin, (length, head_dim / 2) float32, multiplied by yarn_multiplier."""
    interpolation, offset, scale, multiplier = config.yarn()
    pair = torch.arange(config.head_dim // 2, dtype=torch.float64)
    frequency = config.rope_theta ** (-2 * pair / config.head_dim)
    ramp = (pair * scale + offset).clamp(0, 1)
    inverse = frequency * (1 - ramp) + interpolation * frequency * ramp
    angle = torch.arange(length, dtype=torch.float64)[:, None] * inverse[None]
    return (angle.cos() * multiplier).float().to(device), (angle.sin() * multiplier).float().to(device)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x (..., head_dim); cos, sin broadcast to (..., head_dim / 2). Halves form."""
    a, b = x.float().chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1).to(x.dtype)


FP4_BOUNDS = (0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0)  # midpoints between the magnitudes 0 .5 1 1.5 2 3 4 6
FP4_VALUES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)


def mxfp4_round(weight: Tensor) -> Tensor:
    """Nearest MXFP4 value of float32 (..., K), K a multiple of 32; scale 2^(floor(log2 max) - 2)."""
    blocks = weight.reshape(*weight.shape[:-1], -1, 32)
    peak = blocks.abs().amax(-1, keepdim=True).clamp_min(2.0 ** -100)
    # exact floor(log2): the exponent bits
    exponent = (peak.view(torch.int32) >> 23) - 127 - 2
    scale = ((exponent + 127) << 23).view(torch.float32)
    inverse = ((127 - exponent) << 23).view(torch.float32)
    magnitude = (blocks * inverse).abs()
    level = torch.zeros_like(magnitude)
    previous = 0.0
    for bound, value in zip(FP4_BOUNDS, FP4_VALUES[1:]):
        level = level + (magnitude > bound).to(level.dtype) * (value - previous)
        previous = value
    return (torch.copysign(level, blocks) * scale).reshape(weight.shape)


class QuantizedWeight(torch.autograd.Function):
    """bf16 MXFP4 values forward (exact in bf16), gradient straight through to the float32 master."""

    @staticmethod
    def forward(ctx, weight):
        return mxfp4_round(weight).to(torch.bfloat16)

    @staticmethod
    def backward(ctx, grad):
        return grad.float()


class Permute(torch.autograd.Function):
    """rows[order] where `inverse` undoes `order`: both directions are gathers."""

    @staticmethod
    def forward(ctx, rows, order, inverse):
        ctx.save_for_backward(inverse)
        return rows[order]

    @staticmethod
    def backward(ctx, grad):
        (inverse,) = ctx.saved_tensors
        return grad[inverse], None, None


class Dispatch(torch.autograd.Function):
    """Rows of tokens copied to their experts' order; the gradient is gathered back and summed per token."""

    @staticmethod
    def forward(ctx, rows, order, inverse, copies):
        ctx.save_for_backward(inverse)
        ctx.copies = copies
        return rows[order // copies]

    @staticmethod
    def backward(ctx, grad):
        (inverse,) = ctx.saved_tensors
        return grad[inverse].view(-1, ctx.copies, grad.shape[-1]).float().sum(1).to(grad.dtype), None, None, None


def rmsnorm(x: Tensor, gain: Tensor, epsilon: float) -> Tensor:
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + epsilon) * gain


def swiglu(h: Tensor, limit: float) -> Tensor:
    """h (rows, 2 * mlp_dim), gate and linear interleaved."""
    gate, linear = h.float().unflatten(-1, (-1, 2)).unbind(-1)
    gate = gate.clamp(max=limit)
    linear = linear.clamp(-limit, limit)
    return gate * torch.sigmoid(1.702 * gate) * (linear + 1)


class Block(nn.Module):
    def __init__(self, config: Config, index: int):
        super().__init__()
        c = self.config = config
        self.window = c.attention_window if index % 2 == 0 else None
        wide = c.num_heads * c.head_dim
        kv = c.num_kv_heads * c.head_dim
        deep = math.sqrt(2 * c.num_blocks)
        self.attn_norm = nn.Parameter(torch.ones(c.embedding_dim))
        self.qkv_weight = nn.Parameter(torch.randn(wide + 2 * kv, c.embedding_dim) / math.sqrt(c.embedding_dim))
        self.qkv_bias = nn.Parameter(torch.zeros(wide + 2 * kv))
        self.sinks = nn.Parameter(torch.zeros(c.num_heads))
        self.out_weight = nn.Parameter(torch.randn(c.embedding_dim, wide) / math.sqrt(wide) / deep)
        self.out_bias = nn.Parameter(torch.zeros(c.embedding_dim))
        self.mlp_norm = nn.Parameter(torch.ones(c.embedding_dim))
        self.router_weight = nn.Parameter(torch.randn(c.num_experts, c.embedding_dim) / math.sqrt(c.embedding_dim))
        self.router_bias = nn.Parameter(torch.zeros(c.num_experts))
        self.mlp1_weight = nn.Parameter(torch.randn(c.num_experts, 2 * c.mlp_dim, c.embedding_dim) / math.sqrt(c.embedding_dim))
        self.mlp1_bias = nn.Parameter(torch.zeros(c.num_experts, 2 * c.mlp_dim))
        self.mlp2_weight = nn.Parameter(torch.randn(c.num_experts, c.embedding_dim, c.mlp_dim) / math.sqrt(c.mlp_dim) / deep)
        self.mlp2_bias = nn.Parameter(torch.zeros(c.num_experts, c.embedding_dim))

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask) -> tuple[Tensor, Tensor]:
        """x (rows, length, embedding_dim) float32 -> the next x and this block's router loss."""
        x = x + self.attention(rmsnorm(x, self.attn_norm, self.config.rmsnorm_epsilon), cos, sin, mask)
        out, loss = self.experts(rmsnorm(x, self.mlp_norm, self.config.rmsnorm_epsilon))
        return x + out, loss

    def attention(self, t: Tensor, cos: Tensor, sin: Tensor, mask) -> Tensor:
        c = self.config
        dtype = torch.bfloat16 if t.is_cuda else torch.float32
        rows, length, _ = t.shape
        qkv = F.linear(t.to(dtype), self.qkv_weight.to(dtype), self.qkv_bias.to(dtype))
        q, k, v = qkv.split((c.num_heads * c.head_dim, c.num_kv_heads * c.head_dim, c.num_kv_heads * c.head_dim), dim=-1)
        q = rotate(q.view(rows, length, c.num_heads, c.head_dim).transpose(1, 2), cos, sin)
        k = rotate(k.view(rows, length, c.num_kv_heads, c.head_dim).transpose(1, 2), cos, sin)
        v = v.view(rows, length, c.num_kv_heads, c.head_dim).transpose(1, 2)
        if t.is_cuda:
            from torch.nn.attention.flex_attention import AuxRequest, flex_attention
            out, aux = flex_attention(q.contiguous(), k.contiguous(), v.contiguous(), block_mask=mask, scale=c.head_dim ** -0.5,
                                      enable_gqa=True, return_aux=AuxRequest(lse=True))
            lse = aux.lse
        else:
            scores = (q @ k.transpose(-1, -2)).float() * c.head_dim ** -0.5
            scores = scores.masked_fill(~mask, -1e30)
            lse = scores.logsumexp(-1)
            out = scores.softmax(-1) @ v
        # the sink joins the denominator only
        out = out.float() * torch.sigmoid(lse.float() - self.sinks[None, :, None])[..., None]
        out = out.to(dtype).transpose(1, 2).reshape(rows, length, -1)
        return F.linear(out, self.out_weight.to(dtype), self.out_bias.to(dtype)).float()

    def experts(self, t: Tensor) -> tuple[Tensor, Tensor]:
        c = self.config
        flat = t.reshape(-1, c.embedding_dim)
        logits = F.linear(flat, self.router_weight, self.router_bias).float()
        top, chosen = logits.topk(c.num_active_experts, dim=-1)
        share = top.softmax(-1)
        hot = F.one_hot(chosen, c.num_experts)
        counts = hot.sum((0, 1))
        load = counts.float() / chosen.numel()
        loss = 0.01 * c.num_experts * (load * logits.softmax(-1).mean(0)).sum() + 1e-4 * logits.logsumexp(-1).square().mean()
        order = chosen.reshape(-1).argsort(stable=True)
        inverse = torch.empty_like(order)
        inverse[order] = torch.arange(order.numel(), device=order.device)
        weight1, weight2 = QuantizedWeight.apply(self.mlp1_weight), QuantizedWeight.apply(self.mlp2_weight)
        if t.is_cuda:
            sorted_hot = F.one_hot(chosen.reshape(-1)[order], c.num_experts).to(torch.bfloat16)
            ends = counts.cumsum(0).to(torch.int32)
            rows = Dispatch.apply(flat.to(torch.bfloat16), order, inverse, c.num_active_experts)
            h = torch._grouped_mm(rows, weight1.transpose(-2, -1), offs=ends) + sorted_hot @ self.mlp1_bias.to(torch.bfloat16)
            y = swiglu(h, c.swiglu_limit).to(torch.bfloat16)
            out = torch._grouped_mm(y, weight2.transpose(-2, -1), offs=ends) + sorted_hot @ self.mlp2_bias.to(torch.bfloat16)
        else:
            rows = Dispatch.apply(flat, order, inverse, c.num_active_experts)
            parts = []
            for e, part in enumerate(rows.split(counts.tolist())):
                y = swiglu(F.linear(part, weight1[e].float(), self.mlp1_bias[e]), c.swiglu_limit)
                parts.append(F.linear(y, weight2[e].float(), self.mlp2_bias[e]))
            out = torch.cat(parts)
        out = Permute.apply(out, inverse, order).view(-1, c.num_active_experts, c.embedding_dim)
        return (out.float() * share[..., None]).sum(1).view(t.shape), loss


class Pocket(nn.Module):
    def __init__(self, config: Config = Config()):
        super().__init__()
        self.config = config
        self.embedding = nn.Parameter(torch.randn(config.vocab_size, config.embedding_dim) * 0.5)
        self.blocks = nn.ModuleList(Block(config, i) for i in range(config.num_blocks))
        self.norm = nn.Parameter(torch.ones(config.embedding_dim))
        self.unembedding = nn.Parameter(torch.zeros(config.vocab_size, config.embedding_dim))

    def hidden(self, tokens: Tensor, cos: Tensor, sin: Tensor, masks: tuple) -> tuple[Tensor, Tensor]:
        """tokens (rows, length); masks = (windowed, full). Returns hidden states and the summed router loss."""
        x = F.embedding(tokens, self.embedding)
        total = x.new_zeros(())
        for block in self.blocks:
            x, loss = block(x, cos, sin, masks[0] if block.window else masks[1])
            total = total + loss
        return x, total


def weighted_loss(x: Tensor, norm: Tensor, unembedding: Tensor, targets: Tensor, weights: Tensor, epsilon: float) -> Tensor:
    """Per-token cross-entropy, times `weights`, not yet summed. (rows, length)"""
    dtype = torch.bfloat16 if x.is_cuda else torch.float32
    logits = F.linear(rmsnorm(x, norm, epsilon).to(dtype), unembedding.to(dtype)).float()
    chosen = logits.gather(-1, targets[..., None])[..., 0]
    return (logits.logsumexp(-1) - chosen) * weights


def dense_masks(starts: Tensor, window: int) -> tuple[Tensor, Tensor]:
    """Boolean masks for the plain attention path; starts (rows, length) is the first position of each token's document."""
    length = starts.shape[1]
    q, k = torch.arange(length)[:, None], torch.arange(length)[None]
    full = (k <= q) & (k[None] >= starts[:, :, None])
    return (full & (q - k < window))[:, None], full[:, None]


def flex_masks(starts: Tensor, window: int) -> tuple:
    """Block masks for flex attention from document starts, without evaluating the mask position by position."""
    from torch.nn.attention.flex_attention import BlockMask
    rows, length = starts.shape
    size = 128
    num = length // size
    starts = starts.to(torch.int32)
    first = starts[:, ::size].long()                 # earliest visible position of the block's first query
    last = starts[:, size - 1::size].long()          # and of its last one
    q = torch.arange(num, device=starts.device)
    k = q[None, None, :]
    causal = k <= q[None, :, None]
    visible = causal & (k >= (first // size)[:, :, None])
    whole = (k < q[None, :, None]) & (k * size >= last[:, :, None])

    def ordered(dense: Tensor) -> tuple[Tensor, Tensor]:
        counts = dense.sum(-1).to(torch.int32)
        indices = dense.to(torch.int8).argsort(dim=-1, descending=True, stable=True).to(torch.int32)
        return counts[:, None].contiguous(), indices[:, None].contiguous()

    def full_mod(b, h, q_idx, kv_idx):
        return (q_idx >= kv_idx) & (kv_idx >= starts[b, q_idx])

    def window_mod(b, h, q_idx, kv_idx):
        return (q_idx >= kv_idx) & (kv_idx >= starts[b, q_idx]) & (q_idx - kv_idx < window)

    full = BlockMask.from_kv_blocks(*ordered(visible & ~whole), *ordered(whole), BLOCK_SIZE=size, mask_mod=full_mod,
                                    seq_lengths=(length, length))
    near = visible & ((q[None, :, None] - k) * size < window + size - 1)
    windowed = BlockMask.from_kv_blocks(*ordered(near), None, None, BLOCK_SIZE=size, mask_mod=window_mod,
                                        seq_lengths=(length, length))
    return windowed, full
