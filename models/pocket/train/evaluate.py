"""A batched decoder that reads model.bin and runs the evaluation cases: `evaluate.py MODEL RANKS EVAL_DIR OUT`.

It reads the exported file rather than the training weights, so it tests the export too. Plain float32 PyTorch.
"""

import json
import pathlib
import struct
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

import judge
from cases import prompt_tokens
from tokenizer import SPECIAL, Tokenizer

FP4 = np.array([0, .5, 1, 1.5, 2, 3, 4, 6, -0., -.5, -1, -1.5, -2, -3, -4, -6], np.float32)
STOPS = (SPECIAL['<|return|>'], SPECIAL['<|call|>'])


class Reader:
    """Tensors of a model.bin, decoded to float32."""

    def __init__(self, path: pathlib.Path, device):
        data = self.data = np.fromfile(path, np.uint8)
        raw = data.tobytes()[:4096]
        assert raw[:16] == b'GPT-OSS v1.0\0\0\0\0'
        names = ('context_length', 'num_blocks', 'num_experts', 'num_active_experts', 'embedding_dim', 'mlp_dim', 'swiglu_limit',
                 'head_dim', 'num_heads', 'num_kv_heads', 'attention_window', 'rope_theta', 'interpolation_scale', 'yarn_offset',
                 'yarn_scale', 'yarn_multiplier', 'rmsnorm_epsilon')
        self.header = dict(zip(names, struct.unpack_from('<6If4I6f', raw, 32)))
        at = 32 + 17 * 4 + 32
        specials, texts, regex_size, text_size = struct.unpack_from('<4I', raw, at)
        self.vocab_size = specials + texts
        self.at, self.device = at + 16 + 16 * specials + regex_size + text_size, device
        self.align(16384)

    def align(self, to: int) -> None:
        self.at += -self.at % to

    def take(self, size: int) -> np.ndarray:
        self.align(16)
        self.at += size
        return self.data[self.at - size:self.at]

    def dense(self, *shape: int) -> Tensor:
        values = self.take(2 * int(np.prod(shape))).view('<u2').astype(np.uint32) << 16
        return torch.from_numpy(values.view(np.float32).reshape(shape).copy()).to(self.device)

    def mxfp4(self, rows: int, columns: int) -> Tensor:
        packed = self.take(rows * columns // 2)
        scale = np.ldexp(np.float32(1), self.take(rows * columns // 32).astype(np.int32) - 14 - 127)
        values = np.stack((FP4[packed & 15], FP4[packed >> 4]), 1).reshape(-1, 32) * scale[:, None]
        return torch.from_numpy(values.reshape(rows, columns).astype(np.float32)).to(self.device)


class Decoder:
    def __init__(self, path: pathlib.Path, device):
        r = Reader(path, device)
        h = self.h = r.header
        self.device = device
        d, wide, kv = h['embedding_dim'], h['num_heads'] * h['head_dim'], h['num_kv_heads'] * h['head_dim']
        self.embedding = r.dense(r.vocab_size, d)
        self.blocks = []
        for _ in range(h['num_blocks']):
            self.blocks.append(dict(attn_norm=r.dense(d), qkv_w=r.dense(wide + 2 * kv, d), qkv_b=r.dense(wide + 2 * kv),
                                    sinks=r.dense(h['num_heads']), out_w=r.dense(d, wide), out_b=r.dense(d), mlp_norm=r.dense(d),
                                    router_w=r.dense(h['num_experts'], d), router_b=r.dense(h['num_experts'])))
        self.norm, self.unembedding = r.dense(d), r.dense(r.vocab_size, d)
        for block in self.blocks:
            r.align(16384)
            block['experts'] = [(r.mxfp4(2 * h['mlp_dim'], d), r.dense(2 * h['mlp_dim']), r.mxfp4(d, h['mlp_dim']), r.dense(d))
                                for _ in range(h['num_experts'])]
        assert r.at == len(r.data), 'bytes left over'
        half = h['head_dim'] // 2
        pair = torch.arange(half, dtype=torch.float64)
        frequency = h['rope_theta'] ** (-pair / half)
        ramp = (pair * h['yarn_scale'] + h['yarn_offset']).clamp(0, 1)
        self.inverse = frequency * (1 - ramp) + h['interpolation_scale'] * frequency * ramp

    def rope(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        angle = positions.cpu().double()[..., None] * self.inverse
        m = self.h['yarn_multiplier']
        return (angle.cos() * m).float().to(self.device), (angle.sin() * m).float().to(self.device)

    def rmsnorm(self, x: Tensor, gain: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.h['rmsnorm_epsilon']) * gain

    def forward(self, tokens: Tensor, positions: Tensor, cache: list, keys: int) -> Tensor:
        """tokens, positions (batch, n); cache per block (2, batch, length, head_dim * kv); attends to the first `keys` slots."""
        h = self.h
        heads, size, groups = h['num_heads'], h['head_dim'], h['num_heads'] // h['num_kv_heads']
        batch, n = tokens.shape
        x = F.embedding(tokens, self.embedding)
        cos, sin = self.rope(positions)
        rows = torch.arange(batch, device=self.device)[:, None]
        first = max(0, int(positions.min()) - h['attention_window'] + 1)
        for index, w in enumerate(self.blocks):
            qkv = F.linear(self.rmsnorm(x, w['attn_norm']), w['qkv_w'], w['qkv_b']).view(batch, n, -1, size)
            turned = qkv[:, :, :heads + h['num_kv_heads']]
            a, b = turned[..., 0::2], turned[..., 1::2]
            c, s = cos[:, :, None], sin[:, :, None]
            turned = torch.stack((a * c - b * s, b * c + a * s), -1).flatten(-2)
            q, k, v = turned[:, :, :heads], turned[:, :, heads:], qkv[:, :, heads + h['num_kv_heads']:]
            cache[index][0][rows, positions] = k
            cache[index][1][rows, positions] = v
            window = index % 2 == 0
            start = first if window else 0
            key = torch.arange(start, keys, device=self.device)
            seen = key[None, None] <= positions[..., None]
            if window:
                seen &= positions[..., None] - key[None, None] < h['attention_window']
            kk, vv = cache[index][0][:, start:keys], cache[index][1][:, start:keys]
            q = q.view(batch, n, h['num_kv_heads'], groups, size)
            scores = torch.einsum('bnkgd,bskd->bkgns', q, kk).masked_fill(~seen[:, None, None], -1e30)
            sink = w['sinks'].view(1, h['num_kv_heads'], groups, 1, 1).expand(*scores.shape[:-1], 1)
            weights = torch.cat((scores, sink), -1).softmax(-1)[..., :-1]
            out = torch.einsum('bkgns,bskd->bnkgd', weights, vv).reshape(batch, n, -1)
            x = x + F.linear(out, w['out_w'], w['out_b'])
            x = x + self.experts(self.rmsnorm(x, w['mlp_norm']).view(batch * n, -1), w).view(x.shape)
        return x

    def experts(self, t: Tensor, w: dict) -> Tensor:
        h = self.h
        top, chosen = F.linear(t, w['router_w'], w['router_b']).topk(h['num_active_experts'], dim=-1)
        share = top.softmax(-1).flatten()
        order = chosen.flatten().argsort(stable=True)
        counts = torch.bincount(chosen.flatten(), minlength=h['num_experts']).tolist()
        out = torch.zeros_like(t)
        for (w1, b1, w2, b2), picks in zip(w['experts'], order.split(counts)):
            if len(picks):
                tokens = picks // h['num_active_experts']
                y = F.linear(t[tokens], w1, b1)
                gate, linear = y[:, 0::2].clamp(max=h['swiglu_limit']), y[:, 1::2].clamp(-h['swiglu_limit'], h['swiglu_limit'])
                y = F.linear(gate * torch.sigmoid(1.702 * gate) * (linear + 1), w2, b2)
                out.index_add_(0, tokens, y * share[picks][:, None])
        return out

    def logits(self, x: Tensor) -> Tensor:
        return F.linear(self.rmsnorm(x, self.norm), self.unembedding)

    @torch.no_grad()
    def generate(self, prompts: list[list[int]], limit: int, temperature: float, seed: int) -> list[list[int]]:
        """Completions (with their stop token) of one batch; a shared prefix is computed once."""
        batch, longest = len(prompts), max(map(len, prompts))
        kv = self.h['num_kv_heads']
        lengths = torch.tensor([len(p) for p in prompts], device=self.device)
        shared = next((i for i, column in enumerate(zip(*prompts)) if len(set(column)) > 1), min(map(len, prompts)) - 1)
        shared = max(0, min(shared, min(map(len, prompts)) - 1))
        cache = [torch.zeros(2, batch, longest + limit, kv, self.h['head_dim'], device=self.device) for _ in self.blocks]
        one = [c[:, :1].clone() for c in cache]
        for at in range(0, shared, 1024):
            end = min(shared, at + 1024)
            tokens = torch.tensor([prompts[0][at:end]], device=self.device)
            self.forward(tokens, torch.arange(at, end, device=self.device)[None], one, end)
        for c, o in zip(cache, one):
            c[:, :, :shared] = o[:, :, :shared]
        del one
        padded = torch.zeros(batch, longest, dtype=torch.long)
        for i, p in enumerate(prompts):
            padded[i, :len(p)] = torch.tensor(p)
        padded = padded.to(self.device)
        hidden = torch.zeros(batch, self.h['embedding_dim'], device=self.device)
        for at in range(shared, longest, 128):
            end = min(longest, at + 128)
            x = self.forward(padded[:, at:end], torch.arange(at, end, device=self.device)[None].expand(batch, -1), cache, end)
            inside = (lengths - 1 >= at) & (lengths - 1 < end)
            hidden[inside] = x[inside, (lengths - 1 - at)[inside]]
        generator = torch.Generator(device=self.device).manual_seed(seed)
        out = torch.zeros(batch, limit, dtype=torch.long, device=self.device)
        done = torch.zeros(batch, dtype=torch.bool, device=self.device)
        for step in range(limit):
            logits = self.logits(hidden)
            if temperature:
                token = torch.multinomial((logits / temperature).softmax(-1), 1, generator=generator)[:, 0]
            else:
                token = logits.argmax(-1)
            out[:, step] = token
            done |= (token == STOPS[0]) | (token == STOPS[1])
            if step % 8 == 7 and bool(done.all()):
                break
            hidden = self.forward(token[:, None], (lengths + step)[:, None], cache, longest + step + 1)[:, 0]
        results = []
        for row in out.tolist():
            end = next((i + 1 for i, t in enumerate(row) if t in STOPS), limit)
            results.append(row[:end])
        return results


def restore(model, path: pathlib.Path, scale: float = 1.0) -> None:
    """Puts a file's weights into a training model (experts at their quantised values, the unembedding divided by `scale`)."""
    decoder, c = Decoder(path, 'cpu'), model.config
    half, heads = c.head_dim // 2, c.num_heads + 2 * c.num_kv_heads
    order = torch.stack((torch.arange(half), torch.arange(half) + half), 1).reshape(-1)
    turned = c.num_heads + c.num_kv_heads
    factor = torch.ones(heads, 1, 1)
    factor[:c.num_heads], factor[c.num_heads:turned] = 0.5, 0.25

    def unturn(t: Tensor) -> Tensor:
        t = t.view(heads, c.head_dim, -1) / factor
        out = t.clone()
        out[:turned, order] = t[:turned]
        return out

    with torch.no_grad():
        model.embedding.copy_(decoder.embedding)
        model.norm.copy_(decoder.norm)
        model.unembedding.copy_(decoder.unembedding / scale)
        for block, w in zip(model.blocks, decoder.blocks):
            block.qkv_weight.copy_(unturn(w['qkv_w']).reshape(block.qkv_weight.shape))
            block.qkv_bias.copy_(unturn(w['qkv_b']).reshape(-1))
            for name, value in (('attn_norm', 'attn_norm'), ('sinks', 'sinks'), ('out_weight', 'out_w'), ('out_bias', 'out_b'),
                                ('mlp_norm', 'mlp_norm'), ('router_weight', 'router_w'), ('router_bias', 'router_b')):
                getattr(block, name).copy_(w[value])
            for at, name in enumerate(('mlp1_weight', 'mlp1_bias', 'mlp2_weight', 'mlp2_bias')):
                getattr(block, name).copy_(torch.stack([expert[at] for expert in w['experts']]))


def complete(decoder: Decoder, tokenizer: Tokenizer, cases: list[dict], limit: int = 256) -> list[dict]:
    """[{id, completion}] for cases, batched by length."""
    jobs = sorted(((prompt_tokens(case, tokenizer), case) for case in cases), key=lambda job: (job[1]['sampling']['temperature'], len(job[0])))
    out = []
    at = 0
    while at < len(jobs):
        end, temperature = at, jobs[at][1]['sampling']['temperature']
        while end < len(jobs) and jobs[end][1]['sampling']['temperature'] == temperature and end - at < 400 \
                and (end - at + 1) * (len(jobs[end][0]) + limit) < 700_000:
            end += 1
        end = max(end, at + 1)
        results = decoder.generate([tokens for tokens, _ in jobs[at:end]], limit, temperature, 1234 + at)
        out += [{'id': case['id'], 'completion': tokenizer.decode(tokens)} for (_, case), tokens in zip(jobs[at:end], results)]
        at = end
    return out


def run(path: pathlib.Path, tokenizer: Tokenizer, eval_dir: pathlib.Path, out: pathlib.Path, device, limit: int, say=print,
        temperature: float | None = None, scale: float = 1.0, name: str = 'report', cases: list[dict] | None = None) -> None:
    """Judges all cases; `temperature` replaces the cases' own, `scale` multiplies the logits."""
    decoder = Decoder(path, device)
    decoder.unembedding *= scale
    cases = cases or judge.load_cases(eval_dir)
    if temperature is not None:
        cases = [{**case, 'sampling': {'temperature': temperature}} for case in cases]
    if limit:
        kept: dict[str, int] = {}
        cases = [c for c in cases if kept.setdefault(c['skill'], 0) < limit and not kept.update({c['skill']: kept[c['skill']] + 1})]
    began = time.time()
    completions = []
    groups = [[c for c in cases if not c.get('base')], [c for c in cases if c.get('base')]]
    for group in groups:
        completions += complete(decoder, tokenizer, group)
    (out / f'{name}.jsonl').write_text(''.join(json.dumps(d) + '\n' for d in completions))
    report = judge.report(cases, completions)
    (out / f'{name}.json').write_text(json.dumps(report, indent=1) + '\n')
    say(f'{name}: {len(completions)} completions in {time.time() - began:.1f} s, temperature {temperature}, logits × {scale}')
    say(judge.table(report))


if __name__ == '__main__':  # MODEL RANKS EVAL_DIR OUT [LIMIT [SKILL,SKILL…]]
    place = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    torch.set_float32_matmul_precision('high')
    wanted = sys.argv[6].split(',') if len(sys.argv) > 6 else None
    run(pathlib.Path(sys.argv[1]), Tokenizer(sys.argv[2]), pathlib.Path(sys.argv[3]), pathlib.Path(sys.argv[4]), place,
        int(sys.argv[5]) if len(sys.argv) > 5 else 0, name=f"report-{wanted[0]}" if wanted else 'report',
        cases=[c for c in judge.load_cases(pathlib.Path(sys.argv[3])) if not wanted or c['skill'] in wanted])
