"""A model.bin inside Hugging Face transformers' GptOssForCausalLM, in float32.

The file's conventions are undone first: Q and K rows go back to halves, the softmax scale back out of the
projections, MXFP4 to floats, and the YaRN ramp to transformers' own parameters.
"""

import math

import numpy as np
import torch
from transformers import GptOssConfig, GptOssForCausalLM

from model_bin import rope_frequencies

ROPE_TOLERANCE = 2e-6  # relative; float32 rounding of the header's fields and of transformers' own arithmetic


def build(checkpoint, device):
    """(model, where its RoPE frequencies come from)."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    torch.set_float32_matmul_precision("highest")
    torch.set_default_dtype(torch.float32)

    model = GptOssForCausalLM(make_config(checkpoint.shape))
    model.load_state_dict(state_dict(checkpoint), strict=True)
    model = model.to(device=device, dtype=torch.float32).eval()
    if model.config._attn_implementation != "eager":
        raise RuntimeError(f"attention is {model.config._attn_implementation}, eager is needed for the sinks")
    for layer in model.model.layers:
        layer.mlp.experts.limit = checkpoint.shape.swiglu_limit
    return model, settle_rope(model.model.rotary_emb, checkpoint.shape)


@torch.inference_mode()
def forward(model, tokens, last=1):
    """Logits (last, vocab) of the last positions, as numpy float64."""
    device = model.lm_head.weight.device
    ids = torch.tensor([list(tokens)], dtype=torch.long, device=device)
    logits = model(input_ids=ids, use_cache=False, logits_to_keep=last).logits
    return logits[0].to(torch.float64).cpu().numpy()


def make_config(s):
    config = GptOssConfig(
        num_hidden_layers=s.num_hidden_layers,
        num_local_experts=s.num_experts,
        num_experts_per_tok=s.experts_per_token,
        vocab_size=s.vocab_size,
        hidden_size=s.hidden_size,
        intermediate_size=s.intermediate_size,
        head_dim=s.head_dim,
        num_attention_heads=s.num_attention_heads,
        num_key_value_heads=s.num_key_value_heads,
        sliding_window=s.sliding_window,
        max_position_embeddings=s.context_length,
        rms_norm_eps=float(s.rms_norm_eps),
        rope_parameters=yarn_parameters(s),
        layer_types=[("full_attention" if n % 2 else "sliding_attention") for n in range(s.num_hidden_layers)],
        attention_dropout=0.0,
        tie_word_embeddings=False,
        pad_token_id=None,
        bos_token_id=None,
        eos_token_id=None,
    )
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"
    return config


def yarn_parameters(s):
    """The header's ramp as the two rotation counts that transformers derives it from; without a ramp, plain RoPE."""
    if s.yarn_scale <= 0:
        return {"rope_type": "default", "rope_theta": float(s.rope_theta)}
    low = -s.yarn_offset / s.yarn_scale
    high = low + 1 / s.yarn_scale
    original = max(1, round(s.context_length * s.interpolation_scale))

    def rotations(dimension):
        return original / (2 * math.pi) * s.rope_theta ** (-2 * dimension / s.head_dim)

    return {
        "rope_type": "yarn",
        "rope_theta": float(s.rope_theta),
        "factor": 1.0 / s.interpolation_scale,
        "attention_factor": float(s.yarn_multiplier),
        "beta_fast": float(rotations(low)),
        "beta_slow": float(rotations(high)),
        "truncate": False,
        "original_max_position_embeddings": original,
    }


def settle_rope(rotary, s):
    """Keeps transformers' own frequencies where they are the header's; where it clamps its ramp, sets the header's."""
    wanted = rope_frequencies(s)
    own = rotary.inv_freq.to(torch.float64).cpu().numpy()
    difference = float(np.max(np.abs(own / wanted - 1)))
    same_factor = abs(rotary.attention_scaling - s.yarn_multiplier) <= ROPE_TOLERANCE
    if difference <= ROPE_TOLERANCE and same_factor:
        return {"source": "transformers", "largest_relative_difference": difference}
    frequencies = torch.tensor(wanted, dtype=torch.float32, device=rotary.inv_freq.device)
    rotary.inv_freq = frequencies
    rotary.original_inv_freq = frequencies
    rotary.attention_scaling = float(s.yarn_multiplier)
    return {"source": "header", "largest_relative_difference": difference}


def state_dict(checkpoint):
    s = checkpoint.shape
    state = {
        "model.embed_tokens.weight": tensor(checkpoint.embedding),
        "model.norm.weight": tensor(checkpoint.final_norm),
        "lm_head.weight": tensor(checkpoint.unembedding),
    }
    q_size, kv_size = s.num_attention_heads * s.head_dim, s.num_key_value_heads * s.head_dim
    for n, layer in enumerate(checkpoint.layers):
        prefix = f"model.layers.{n}."
        for kind in ("weight", "bias"):
            q, k, v = np.split(layer[f"qkv_{kind}"], [q_size, q_size + kv_size])
            # transformers multiplies the scores by head_dim^-0.5; in the file that factor is in the projections
            state[f"{prefix}self_attn.q_proj.{kind}"] = tensor(to_halves(q, s.head_dim) * math.sqrt(s.head_dim))
            state[f"{prefix}self_attn.k_proj.{kind}"] = tensor(to_halves(k, s.head_dim))
            state[f"{prefix}self_attn.v_proj.{kind}"] = tensor(v)
            state[f"{prefix}self_attn.o_proj.{kind}"] = tensor(layer[f"out_{kind}"])
            state[f"{prefix}mlp.router.{kind}"] = tensor(layer[f"router_{kind}"])
        state[f"{prefix}self_attn.sinks"] = tensor(layer["sinks"])
        state[f"{prefix}input_layernorm.weight"] = tensor(layer["attn_norm"])
        state[f"{prefix}post_attention_layernorm.weight"] = tensor(layer["mlp_norm"])

        mlp1 = [checkpoint.mlp1(n, e) for e in range(s.num_experts)]
        mlp2 = [checkpoint.mlp2(n, e) for e in range(s.num_experts)]
        experts = f"{prefix}mlp.experts."
        state[experts + "gate_up_proj"] = tensor(np.stack([weight.T for weight, _ in mlp1]))
        state[experts + "gate_up_proj_bias"] = tensor(np.stack([bias for _, bias in mlp1]))
        state[experts + "down_proj"] = tensor(np.stack([weight.T for weight, _ in mlp2]))
        state[experts + "down_proj_bias"] = tensor(np.stack([bias for _, bias in mlp2]))
    return state


def to_halves(rows, head_dim):
    """Within each head: even rows first, then odd rows."""
    heads = rows.reshape(-1, head_dim // 2, 2, *rows.shape[1:])
    return np.swapaxes(heads, 1, 2).reshape(rows.shape)


def tensor(array):
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
