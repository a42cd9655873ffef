"""Writes the published `GPT-OSS v1.0` file: Apple layout, permuted Q/K rows, folded softmax scale, MXFP4 experts."""

import pathlib
import struct
import uuid

import numpy as np
import torch
from torch import Tensor

from model import FP4_BOUNDS, Config, Pocket
from tokenizer import SPECIAL_NAMES, SPECIAL_UUIDS, Tokenizer

MAGIC = b'GPT-OSS v1.0' + struct.pack('<I', 0)
MODEL_UUID = 'df52dc86-1789-4ed0-a295-66f10508145b'
APPLE_LAYOUT_UUID = '229177a8-5775-4268-bfd8-d588b351c56d'
TIKTOKEN_UUID = '7401aded-2a95-40cb-b782-9ccebaafe72b'
PAGE, ALIGNMENT, SCALE_BIAS = 16384, 16, 14


def bf16_bytes(t: Tensor) -> bytes:
    return t.detach().float().cpu().to(torch.bfloat16).contiguous().view(torch.int16).numpy().astype('<i2').tobytes()


def mxfp4_bytes(weight: Tensor) -> tuple[bytes, bytes]:
    """(blocks, scales) of a float32 (rows, K); the same rounding as model.mxfp4_round."""
    w = weight.detach().float().cpu().numpy()
    groups = w.reshape(-1, 32)
    peak = np.maximum(np.abs(groups).max(1), 2.0 ** -100).astype(np.float32)
    exponent = (peak.view(np.int32) >> 23) - 127 - 2
    magnitude = np.abs(groups * np.ldexp(np.float32(1), -exponent)[:, None])
    code = sum((magnitude > bound).astype(np.uint8) for bound in FP4_BOUNDS)
    code |= (np.signbit(groups).astype(np.uint8) << 3)
    packed = code[:, 0::2] | (code[:, 1::2] << 4)  # the low nibble is the even element
    return packed.astype(np.uint8).tobytes(), (exponent + 127 + SCALE_BIAS).astype(np.uint8).tobytes()


def attention_weights(config: Config, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Q and K rows interleaved (2i from i, 2i+1 from i + half), Q times 0.5, K times 0.25."""
    c = config
    heads = c.num_heads + 2 * c.num_kv_heads
    half = c.head_dim // 2
    order = torch.stack((torch.arange(half), torch.arange(half) + half), 1).reshape(-1)
    w = weight.detach().float().cpu().view(heads, c.head_dim, -1).clone()
    b = bias.detach().float().cpu().view(heads, c.head_dim).clone()
    turned = c.num_heads + c.num_kv_heads
    w[:turned], b[:turned] = w[:turned][:, order], b[:turned][:, order]
    factor = torch.ones(heads)
    factor[:c.num_heads], factor[c.num_heads:turned] = 0.5, 0.25
    return (w * factor[:, None, None]).view(weight.shape), (b * factor[:, None]).view(bias.shape)


def write(model: Pocket, tokenizer: Tokenizer, path: pathlib.Path, unembedding_scale: float = 1.0) -> None:
    c = model.config
    interpolation, offset, scale, multiplier = c.yarn()
    regex = tokenizer.pattern.encode() + b'\0'
    text = b''.join(struct.pack('<H', len(p)) + p for p in tokenizer.pieces)
    head = MAGIC + uuid.UUID(MODEL_UUID).bytes
    head += struct.pack('<6I f 4I 6f', c.context_length, c.num_blocks, c.num_experts, c.num_active_experts, c.embedding_dim,
                        c.mlp_dim, c.swiglu_limit, c.head_dim, c.num_heads, c.num_kv_heads, c.attention_window,
                        c.rope_theta, interpolation, offset, scale, multiplier, c.rmsnorm_epsilon)
    head += uuid.UUID(APPLE_LAYOUT_UUID).bytes + uuid.UUID(TIKTOKEN_UUID).bytes
    head += struct.pack('<4I', len(SPECIAL_NAMES), len(tokenizer.pieces), len(regex), len(text))
    for name in SPECIAL_NAMES:
        head += uuid.UUID(SPECIAL_UUIDS[name]).bytes if name in SPECIAL_UUIDS else bytes(16)
    out = bytearray(head + regex + text)

    def pad(to: int) -> None:
        out.extend(bytes(-len(out) % to))

    def dense(t: Tensor) -> None:
        pad(ALIGNMENT)
        out.extend(bf16_bytes(t))

    pad(PAGE)
    dense(model.embedding)
    for block in model.blocks:
        weight, bias = attention_weights(c, block.qkv_weight, block.qkv_bias)
        for t in (block.attn_norm, weight, bias, block.sinks, block.out_weight, block.out_bias,
                  block.mlp_norm, block.router_weight, block.router_bias):
            dense(t)
    dense(model.norm)
    dense(model.unembedding * unembedding_scale)
    for block in model.blocks:
        pad(PAGE)
        for e in range(c.num_experts):
            for weight, bias in ((block.mlp1_weight, block.mlp1_bias), (block.mlp2_weight, block.mlp2_bias)):
                blocks, scales = mxfp4_bytes(weight[e])
                for part in (blocks, scales, bf16_bytes(bias[e])):
                    pad(ALIGNMENT)
                    out.extend(part)
            pad(ALIGNMENT)
    path.write_bytes(out)
