"""Reference logits for every model.bin in a folder, one JSON file each.

    python3 tools/reference/make_fixtures.py CHECKPOINTS OUT [--device cuda|cpu] [--plain-only] [--greedy 64]

Two implementations that share only the file reader compute the same: transformers' GptOssForCausalLM (float32)
and plain.py (float64). The command fails when they disagree. With --plain-only (no torch needed) the transformers
part is left out.
"""

import argparse
import base64
import json
import sys
import time
from pathlib import Path

import numpy as np

import plain
from model_bin import Checkpoint

AGREEMENT = 5e-4  # of the largest |logit|; seen: 1e-6 to 4e-5
NUM_TOP = 20
SMALL_VOCAB = 1024  # up to here all logits are kept, beyond it the top and an even sample

TEXT = (
    "The quick brown fox reads a short letter: two plus two is four, and twelve times twelve is 144. "
    "How do I see the logs? Run the command, wait for an answer, then look at the last lines of the file. "
    "A window of positions slides over the text; what has left it is seen by every second layer alone. "
)


def main():
    options = parse_arguments()
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    paths = sorted(Path(options.checkpoints).glob("*.bin"))
    if not paths:
        sys.exit(f"no *.bin in {options.checkpoints}")
    agreed = True
    for path in paths:
        started = time.time()
        fixture = make_fixture(Checkpoint(path), path.stem, options)
        (out / f"{path.stem}.json").write_text(json.dumps(fixture, indent=1) + "\n")
        difference = fixture["largest_difference"]
        print(f"{path.name}: {len(fixture['prompts'])} prompts, {time.time() - started:.1f} s, "
              f"transformers against plain {difference}", flush=True)
        agreed = agreed and (difference is None or difference <= AGREEMENT)
    if not agreed:
        sys.exit(f"the two references differ by more than {AGREEMENT} of the largest logit")


def parse_arguments():
    parser = argparse.ArgumentParser(description="Writes reference logits for every model.bin in a folder.")
    parser.add_argument("checkpoints", help="folder with *.bin files")
    parser.add_argument("out", help="folder for the JSON files")
    parser.add_argument("--device", default=None, help="torch device; default cuda if there is one")
    parser.add_argument("--plain-only", action="store_true", help="only the float64 numpy reference")
    parser.add_argument("--greedy", type=int, default=64, help="greedy tokens a prompt")
    return parser.parse_args()


def make_fixture(checkpoint, name, options):
    backend = PlainOnly(checkpoint) if options.plain_only else Transformers(checkpoint, options.device)
    prompts = [
        reference(checkpoint, backend, title, tokens, options.greedy) for title, tokens in make_prompts(checkpoint)
    ]
    differences = [prompt["difference"] for prompt in prompts if prompt["difference"] is not None]
    return {
        "checkpoint": name,
        "sha256": checkpoint.sha256(),
        "bytes": checkpoint.num_bytes(),
        "shape": vars(checkpoint.shape),
        "made_with": backend.description,
        "largest_difference": max(differences) if differences else None,
        "prompts": prompts,
    }


def reference(checkpoint, backend, title, tokens, num_greedy):
    """The greedy continuation, then one pass of both references over prompt and continuation."""
    sequence = list(tokens)
    for _ in range(num_greedy):
        sequence.append(int(np.argmax(backend.forward(sequence)[-1])))
    greedy = sequence[len(tokens):]
    fed = sequence[:-1] if num_greedy else sequence
    steps = max(1, num_greedy)
    exact = plain.forward(checkpoint, fed, last=steps)  # row 0: the prompt's last position
    other = None if backend.is_plain else backend.forward(fed, last=steps)
    scale = float(np.max(np.abs(exact[0])))
    difference = None if other is None else float(np.max(np.abs(exact - other)) / np.max(np.abs(exact)))

    probed = probe_tokens(exact[0])
    best = np.argsort(-exact[0], kind="stable")[:NUM_TOP]
    log_total = log_sum_exp(exact[0])
    two_best = -np.sort(-exact, axis=1)[:, :2]
    return {
        "title": title,
        "tokens": [int(token) for token in tokens],
        "largest_logit": scale,
        "difference": difference,
        "top": [[int(t), round(float(exact[0][t]), 6), round(float(exact[0][t] - log_total), 6)] for t in best],
        "probed": "all" if len(probed) == len(exact[0]) else [int(token) for token in probed],
        "plain": pack(exact[0][probed]),
        "transformers": None if other is None else pack(other[0][probed]),
        "greedy": greedy,
        "greedy_gaps": [round(float(a - b), 6) for a, b in two_best] if num_greedy else [],
        "greedy_agrees": [int(np.argmax(row)) for row in exact] == greedy if num_greedy else True,
    }


def make_prompts(checkpoint):
    s = checkpoint.shape
    long_enough = max(2 * s.sliding_window + 45, 331)
    words = TEXT * (1 + long_enough // 40)
    prompts = [
        ("one token", random_tokens(s.vocab_size, 1, 11)),
        ("a few random tokens", random_tokens(s.vocab_size, 9, 12)),
        ("just past the window", random_tokens(s.vocab_size, s.sliding_window + 2, 13)),
        ("past the window twice", random_tokens(s.vocab_size, long_enough, 14)),
        ("long text", encode(checkpoint, words)[: long_enough - 14]),
    ]
    if {"start", "message", "end"} <= checkpoint.special.keys():
        special = checkpoint.special
        chat = [special["start"], *encode(checkpoint, "user"), special["message"], *encode(checkpoint, "Hello"),
                special["end"], special["start"], *encode(checkpoint, "assistant")]
        prompts.append(("a greeting in Harmony", chat))
    return [(title, tokens) for title, tokens in prompts if len(tokens) + 64 <= s.context_length]


def random_tokens(vocab_size, count, seed):
    """A linear congruential generator, so that the ids do not depend on numpy's version."""
    tokens, state = [], seed
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        tokens.append((state >> 33) % vocab_size)
    return tokens


def encode(checkpoint, text):
    """Greedy longest match: not BPE, but text that the model has seen much of the same way."""
    ids = {token: i for i, token in reversed(list(enumerate(checkpoint.text_tokens)))}
    longest = max(map(len, checkpoint.text_tokens))
    data, at, tokens = text.encode(), 0, []
    while at < len(data):
        for length in range(min(longest, len(data) - at), 0, -1):
            if data[at : at + length] in ids:
                tokens.append(ids[data[at : at + length]])
                break
        else:
            length = 1  # a byte that is no token: skip it
        at += length
    return tokens


def probe_tokens(logits):
    if len(logits) <= SMALL_VOCAB:
        return np.arange(len(logits))
    best = np.argsort(-logits, kind="stable")[:64]
    even = np.linspace(0, len(logits) - 1, 448).astype(int)
    return np.unique(np.concatenate([best, even]))


def log_sum_exp(logits):
    top = logits.max()
    return top + np.log(np.exp(logits - top).sum())


def pack(values):
    """float32, little-endian, base64."""
    return base64.b64encode(np.asarray(values, dtype="<f4").tobytes()).decode()


class PlainOnly:
    is_plain = True
    description = {"plain": f"numpy {np.__version__}, float64"}

    def __init__(self, checkpoint):
        self._checkpoint = checkpoint

    def forward(self, tokens, last=1):
        return plain.forward(self._checkpoint, tokens, last)


class Transformers:
    is_plain = False

    def __init__(self, checkpoint, device):
        import torch
        import transformers

        import transformers_model

        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._forward = transformers_model.forward
        self._model, rope = transformers_model.build(checkpoint, device)
        self.description = {
            "plain": f"numpy {np.__version__}, float64",
            "transformers": f"transformers {transformers.__version__}, torch {torch.__version__}, float32, {device}",
            "rope": rope,
        }

    def forward(self, tokens, last=1):
        return self._forward(self._model, tokens, last)


if __name__ == "__main__":
    main()
