"""Checks that the exported file computes what the training model computes: `check_export.py RANKS`, on the CPU.

A small random model is exported, read back and compared on one sequence longer than the window, whole and in steps.
"""

import pathlib
import sys
import tempfile

import torch

import export
from evaluate import Decoder, restore
from model import Config, Pocket, dense_masks, rmsnorm, rope_tables
from tokenizer import Tokenizer


def main() -> None:
    torch.manual_seed(3)
    config = Config(embedding_dim=64, num_blocks=4, num_experts=8, mlp_dim=32)
    model = Pocket(config)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if 'bias' in name or 'sinks' in name or 'unembedding' in name:
                p.normal_(std=0.3)
            if 'mlp1_weight' not in name and 'mlp2_weight' not in name:
                p.copy_(p.to(torch.bfloat16).float())  # as stored
        tokens = torch.randint(0, config.vocab_size, (1, 300))
        cos, sin = rope_tables(config, 300, 'cpu')
        x, _ = model.hidden(tokens, cos, sin, dense_masks(torch.zeros(1, 300, dtype=torch.int32), config.attention_window))
        wanted = rmsnorm(x, model.norm, config.rmsnorm_epsilon) @ model.unembedding.T
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / 'model.bin'
            export.write(model, Tokenizer(sys.argv[1]), path)
            decoder = Decoder(path, 'cpu')
            again = Pocket(config)
            restore(again, path)
            x, _ = again.hidden(tokens, cos, sin, dense_masks(torch.zeros(1, 300, dtype=torch.int32), config.attention_window))
            restored = rmsnorm(x, again.norm, config.rmsnorm_epsilon) @ again.unembedding.T
            positions = torch.arange(300)[None]
            cache = [torch.zeros(2, 1, 300, 1, 64) for _ in decoder.blocks]
            parts = [decoder.forward(tokens[:, a:b], positions[:, a:b], cache, b) for a, b in [(0, 200), (200, 270)] + [(i, i + 1) for i in range(270, 300)]]
            ours = decoder.logits(torch.cat(parts, 1))
    # Q and K biases are folded and rounded again only by powers of two, so the two agree to float32 rounding
    error = max(((other - wanted).abs().max() / wanted.abs().max()).item() for other in (ours, restored))
    print(f'largest difference {error:.1e} of the largest logit')
    sys.exit(error > 1e-4)


if __name__ == '__main__':
    main()
