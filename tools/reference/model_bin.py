"""Reads a model.bin into numpy arrays, independently of the engine's loader.

Tensors come out in the file's own convention: interleaved Q/K rows, softmax scale folded in.
"""

import hashlib
import mmap
import struct
from dataclasses import dataclass
from uuid import UUID

import numpy as np

SPECIAL_TOKENS = {
    UUID("55a77c2f-8a01-4c54-8ac2-313bfc7e208d"): "start",
    UUID("16e40431-f47f-4b22-b59b-8b278fc30a54"): "message",
    UUID("fcac2f6d-4705-4f6b-b228-642accac7238"): "end",
    UUID("f799ff69-1992-43c4-a3d8-d831f475dc75"): "return",
    UUID("fd3dda11-c8ab-4033-876e-d93deb172c93"): "channel",
}
FP4 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], dtype=np.float64)
SCALE_BIAS = 127 + 14


@dataclass
class Shape:
    context_length: int
    num_hidden_layers: int
    num_experts: int
    experts_per_token: int
    hidden_size: int
    intermediate_size: int
    swiglu_limit: float
    head_dim: int
    num_attention_heads: int
    num_key_value_heads: int
    sliding_window: int
    rope_theta: float
    interpolation_scale: float
    yarn_offset: float
    yarn_scale: float
    yarn_multiplier: float
    rms_norm_eps: float
    vocab_size: int = 0


class Checkpoint:
    """`dense` maps names to float64 arrays; experts are dequantised on demand."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._at = 0
        self._read_header()
        self._index_weights()

    def sha256(self):
        return hashlib.sha256(self._map).hexdigest()

    def num_bytes(self):
        return len(self._map)

    def mlp1(self, layer, expert):
        """(weight (2 * intermediate, hidden), bias), even rows gate, odd rows linear."""
        return self._expert(layer, expert, 0, 2 * self.shape.intermediate_size, self.shape.hidden_size)

    def mlp2(self, layer, expert):
        """(weight (hidden, intermediate), bias)."""
        return self._expert(layer, expert, 3, self.shape.hidden_size, self.shape.intermediate_size)

    # --- header ---

    def _take(self, size):
        if self._at + size > len(self._map):
            raise ValueError(f"{self.path}: truncated at byte {self._at}")
        piece = self._map[self._at : self._at + size]
        self._at += size
        return piece

    def _read_header(self):
        if self._take(16) != b"GPT-OSS v1.0" + bytes(4):
            raise ValueError(f"{self.path}: not a GPT-OSS v1.0 file")
        self._expect("df52dc86-1789-4ed0-a295-66f10508145b")
        self.shape = Shape(*struct.unpack("<6If4I6f", self._take(68)))
        self._expect("229177a8-5775-4268-bfd8-d588b351c56d")
        self._expect("7401aded-2a95-40cb-b782-9ccebaafe72b")
        num_special, num_text, regex_size, tokens_size = struct.unpack("<4I", self._take(16))
        self.shape.vocab_size = num_special + num_text
        self.special = {}
        for i in range(num_special):
            name = SPECIAL_TOKENS.get(UUID(bytes=self._take(16)))
            if name:
                self.special[name] = num_text + i
        self._take(regex_size)
        end = self._at + tokens_size
        self.text_tokens = []
        for _ in range(num_text):
            (length,) = struct.unpack("<H", self._take(2))
            self.text_tokens.append(self._take(length))
        if self._at != end:
            raise ValueError(f"{self.path}: tokens_size does not match the tokens")

    def _expect(self, uuid):
        if self._take(16) != UUID(uuid).bytes:
            raise ValueError(f"{self.path}: expected UUID {uuid} at byte {self._at - 16}")

    # --- weights ---

    def _align(self, alignment):
        self._at = -(-self._at // alignment) * alignment

    def _bf16(self, *dims):
        self._align(16)
        return bf16_to_float64(np.frombuffer(self._take(2 * int(np.prod(dims))), dtype="<u2")).reshape(dims)

    def _index_weights(self):
        s = self.shape
        hidden, heads, kv_heads, head_dim = s.hidden_size, s.num_attention_heads, s.num_key_value_heads, s.head_dim
        qkv = (heads + 2 * kv_heads) * head_dim
        self._align(16384)
        self.embedding = self._bf16(s.vocab_size, hidden)
        self.layers = []
        for _ in range(s.num_hidden_layers):
            self.layers.append(
                {
                    "attn_norm": self._bf16(hidden),
                    "qkv_weight": self._bf16(qkv, hidden),
                    "qkv_bias": self._bf16(qkv),
                    "sinks": self._bf16(heads),
                    "out_weight": self._bf16(hidden, heads * head_dim),
                    "out_bias": self._bf16(hidden),
                    "mlp_norm": self._bf16(hidden),
                    "router_weight": self._bf16(s.num_experts, hidden),
                    "router_bias": self._bf16(s.num_experts),
                }
            )
        self.final_norm = self._bf16(hidden)
        self.unembedding = self._bf16(s.vocab_size, hidden)

        inter = s.intermediate_size
        sizes = [inter * hidden, 2 * inter * hidden // 32, 4 * inter, hidden * inter // 2, hidden * inter // 32, 2 * hidden]
        self._experts = []  # (layer, expert) -> six (offset, bytes)
        for _ in range(s.num_hidden_layers):
            self._align(16384)
            experts = []
            for _ in range(s.num_experts):
                parts = []
                for size in sizes:
                    self._align(16)
                    parts.append((self._at, size))
                    self._at += size
                experts.append(parts)
            self._experts.append(experts)
        if self._at > len(self._map):
            raise ValueError(f"{self.path}: {len(self._map)} bytes, {self._at} needed")

    def _expert(self, layer, expert, first, rows, cols):
        blocks, scales, bias = (
            np.frombuffer(self._map[at : at + size], dtype=np.uint8)
            for at, size in self._experts[layer][expert][first : first + 3]
        )
        codes = np.empty((rows, cols // 32, 32), dtype=np.uint8)
        pairs = blocks.reshape(rows, cols // 32, 16)
        codes[..., 0::2] = pairs & 15
        codes[..., 1::2] = pairs >> 4
        exponents = scales.reshape(rows, cols // 32, 1).astype(np.int32) - SCALE_BIAS
        weight = np.ldexp(FP4[codes], exponents).reshape(rows, cols)
        return weight, bf16_to_float64(bias.view("<u2"))


def bf16_to_float64(halves):
    return (halves.astype(np.uint32) << 16).view(np.float32).astype(np.float64)


def rope_frequencies(shape):
    """Inverse frequencies (head_dim / 2) after YaRN, float64."""
    pairs = np.arange(shape.head_dim // 2, dtype=np.float64)
    inverse = shape.rope_theta ** (-2 * pairs / shape.head_dim)
    ramp = np.clip(pairs * shape.yarn_scale + shape.yarn_offset, 0, 1)
    return inverse * (1 - ramp) + inverse * shape.interpolation_scale * ramp
