"""Trains the pocket model on one or more GPUs, then evaluates and exports it.

    python3 -m torch.distributed.run --nproc_per_node=2 train.py --ranks o200k_base.json --text text.txt.xz \\
      --words words.txt --out DIR --short 720 --long 240

--short and --long are seconds of training on rows of 2,048 and 16,384 tokens; the learning rate follows that clock,
which starts after compilation. Batches come from generator processes, one seed each, taken in turn. Without the launcher
one process trains on one GPU; with it each has its own batches, and gradients are averaged.
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import queue
import sys
import threading
import time

import numpy as np
import torch
import torch.distributed

import evaluate
import export
import judge
from pack import PLAIN
from model import Config, Pocket, dense_masks, flex_masks, rope_tables, weighted_loss

TOKENS_PER_STEP = 65_536  # of each process
RANK, WORLD = int(os.environ.get('RANK', 0)), int(os.environ.get('WORLD_SIZE', 1))


def generate(worker: int, out: multiprocessing.Queue, options: argparse.Namespace, length: int, rows: int) -> None:
    import conversations
    from pack import PlainText, batches
    from tokenizer import Tokenizer
    tokenizer, plain = Tokenizer(options.ranks), PlainText(options.text)
    sample = conversations.Sampler(plain, options.words, long=length > 4096)
    share = 0.1 if length <= 4096 else 0.06
    for batch in batches(options.seed * 1000 + RANK * 200 + worker + (500 if length > 4096 else 0), length, rows, sample, plain, tokenizer, share):
        out.put(batch)


class Feed:
    """Batches of one row length from `workers` processes, in a fixed order, moved to the device by a thread."""

    def __init__(self, options: argparse.Namespace, length: int):
        context = multiprocessing.get_context('fork')
        rows = max(1, options.tokens // length)
        self.queues = [context.Queue(maxsize=3) for _ in range(options.workers)]
        self.workers = [context.Process(target=generate, args=(i, q, options, length, rows), daemon=True)
                        for i, q in enumerate(self.queues)]
        for worker in self.workers:
            worker.start()
        self.ready: queue.Queue = queue.Queue(maxsize=6)
        self.device, self.stopped, self.waited = torch.device('cpu'), False, 0.0

    def start(self, device: torch.device) -> None:
        self.device = device
        threading.Thread(target=self.move, daemon=True).start()

    def move(self) -> None:
        turn = 0
        while not self.stopped:
            try:
                ids, weights, starts = self.queues[turn % len(self.queues)].get(timeout=2)
            except queue.Empty:
                if not self.workers[turn % len(self.queues)].is_alive() and not self.stopped:
                    self.ready.put(RuntimeError('a generator process ended'))
                    return
                continue
            turn += 1
            tensors = [torch.from_numpy(a.astype(t)) for a, t in ((ids, np.int64), (weights, np.float32), (starts, np.int32))]
            if self.device.type == 'cuda':
                tensors = [t.pin_memory().to(self.device, non_blocking=True) for t in tensors]
            self.ready.put(tensors)

    def __next__(self):
        began = time.perf_counter()
        item = self.ready.get()
        self.waited += time.perf_counter() - began
        if isinstance(item, Exception):
            raise item
        return item

    def close(self) -> None:
        self.stopped = True
        for worker in self.workers:
            worker.kill()


def orthogonalise(g: torch.Tensor) -> torch.Tensor:
    """Five Newton-Schulz steps on a batch of matrices, in bf16 on a GPU."""
    x = g.to(torch.bfloat16 if g.is_cuda else torch.float32)
    flip = x.shape[-2] > x.shape[-1]
    if flip:
        x = x.transpose(-2, -1)
    x = x / (x.float().square().sum((-2, -1), keepdim=True).sqrt() + 1e-7).to(x.dtype)
    for _ in range(5):
        a = x @ x.transpose(-2, -1)
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return (x.transpose(-2, -1) if flip else x).float()


class Muon:
    """Momentum 0.95 (Nesterov), orthogonalised updates; parameters of one shape are treated as one batch."""

    def __init__(self, parameters: list[torch.nn.Parameter], compiled: bool):
        shapes: dict[tuple, list] = {}
        for parameter in parameters:
            shapes.setdefault(tuple(parameter.shape), []).append(parameter)
        self.groups = list(shapes.values())
        self.momenta = [torch.zeros(len(g), *g[0].shape, device=g[0].device) for g in self.groups]
        self.step_fn = torch.compile(self.update, dynamic=False) if compiled else self.update

    @staticmethod
    def update(momentum: torch.Tensor, grads: list[torch.Tensor]) -> torch.Tensor:
        g = torch.stack(grads)
        momentum.mul_(0.95).add_(g)
        shape = g.shape
        out = orthogonalise((g + 0.95 * momentum).reshape(-1, *shape[-2:]))
        return out.view(shape)

    @torch.no_grad()
    def step(self, rate: float) -> None:
        for parameters, momentum in zip(self.groups, self.momenta):
            update = self.step_fn(momentum, [p.grad for p in parameters])
            rows, columns = parameters[0].shape[-2:]
            torch._foreach_add_([p.data for p in parameters], list(update.unbind(0)), alpha=-rate * max(1, rows / columns) ** 0.5)


def rate_at(short: float, long: float, step: int) -> float:
    """Share of the full learning rate; short and long are the fractions done of the two phases."""
    warm = min(1.0, (step + 1) / 50)
    if long > 0:
        return 0.3 * max(0.0, 1 - long)
    return warm * (1.0 if short < 0.4 else 1 - 0.7 * (short - 0.4) / 0.6)


class Trainer:
    def __init__(self, options: argparse.Namespace, feeds: dict[int, Feed], tokenizer):
        self.options, self.feeds, self.tokenizer = options, feeds, tokenizer
        self.device = torch.device('cuda', int(os.environ.get('LOCAL_RANK', 0))) if torch.cuda.is_available() else torch.device('cpu')
        self.cuda = self.device.type == 'cuda'
        torch.manual_seed(options.seed)
        self.config = Config(**json.loads(options.config))
        self.model = Pocket(self.config)
        if options.resume:
            evaluate.restore(self.model, pathlib.Path(options.resume), options.resume_scale)
        self.model = self.model.to(self.device)
        if WORLD > 1:
            for parameter in self.model.parameters():
                torch.distributed.broadcast(parameter.data, 0)
        self.loss_fn = weighted_loss
        if self.cuda:
            from torch import _dynamo
            _dynamo.config.cache_size_limit = 64
            torch.set_float32_matmul_precision('high')
            for block in self.model.blocks:
                block.compile(dynamic=False)
            self.loss_fn = torch.compile(weighted_loss, dynamic=False)
        self.masks = flex_masks if self.cuda else dense_masks
        matrices, vectors, tables = [], [], []
        for name, parameter in self.model.named_parameters():
            if name in ('embedding',):
                tables.append(parameter)
            elif name.rsplit('.', 1)[-1] in ('qkv_weight', 'out_weight', 'mlp1_weight', 'mlp2_weight'):
                matrices.append(parameter)
            else:
                vectors.append(parameter)
        self.muon = Muon(matrices, self.cuda)
        extra = {'fused': True} if self.cuda else {}
        self.adam = torch.optim.AdamW([{'params': vectors, 'base': 3e-3}, {'params': tables, 'base': 6e-3}],
                                      betas=(0.9, 0.95), weight_decay=0.0, **extra)
        self.step_count, self.tokens_seen, self.started = 0, 0, time.time()

    def say(self, text: str) -> None:
        if RANK:
            return
        print(f'{time.time() - self.started:7.1f} s  {text}', flush=True)

    def step(self, batch, share: float, cos, sin) -> tuple[torch.Tensor, torch.Tensor]:
        ids, weights, starts = batch
        targets = torch.roll(ids, -1, 1)
        weights = torch.roll(weights, -1, 1)
        weights[:, -1] = 0
        x, router = self.model.hidden(ids, cos, sin, self.masks(starts, self.config.attention_window))
        losses = self.loss_fn(x, self.model.norm, self.model.unembedding, targets, weights, self.config.rmsnorm_epsilon)
        (losses.sum() / weights.sum() + router).backward()
        if WORLD > 1:
            self.average_gradients()
        self.muon.step(0.02 * share)
        for group in self.adam.param_groups:
            group['lr'] = group['base'] * share
        self.adam.step()
        for parameter in self.model.parameters():
            parameter.grad = None
        spoken = weights == 1
        plain = (weights - PLAIN).abs() < 1e-3  # they come in 16 bits
        return (losses.detach() * spoken).sum() / spoken.sum().clamp(min=1), (losses.detach() * plain).sum() / PLAIN / plain.sum().clamp(min=1)

    def average_gradients(self) -> None:
        grads = [parameter.grad for parameter in self.model.parameters()]
        flat = torch.cat([grad.reshape(-1) for grad in grads])
        torch.distributed.all_reduce(flat)
        torch._foreach_copy_(grads, [part.view_as(grad) for part, grad in zip(flat.div_(WORLD).split([g.numel() for g in grads]), grads)])

    def agreed(self, done: float) -> float:
        """The first process's clock, so that all take the same rate and the same number of steps."""
        if WORLD == 1:
            return done
        told = torch.tensor([done], dtype=torch.float64)
        torch.distributed.broadcast(told, 0)
        return float(told)

    def phase(self, length: int, seconds: float, max_steps: int = 1 << 60) -> None:
        feed, options = self.feeds[length], self.options
        feed.start(self.device)
        cos, sin = rope_tables(self.config, length, self.device)
        long = length > 4096
        began, steps, last_say, log = None, 0, 0.0, []
        while steps < max_steps:
            done = self.agreed((time.time() - began) / seconds if began else 0.0)
            if done >= 1:
                break
            share = rate_at(1.0, max(done, 1e-6), self.step_count) if long else rate_at(done, 0.0, self.step_count)
            log.append(self.step(next(feed), share, cos, sin))
            self.step_count += 1
            steps += 1
            self.tokens_seen += self.options.tokens * WORLD
            if steps <= 3 and self.cuda:
                torch.cuda.synchronize()
                self.say(f'step {steps} of rows of {length}')
            if began and not long and not RANK and options.snapshot and time.time() - began > options.snapshot:
                export.write(self.model, self.tokenizer, pathlib.Path(options.out) / 'snapshot.bin', options.scale)
                options.snapshot = 0
            if steps == 3:
                began, feed.waited = time.time(), 0.0
                base = self.tokens_seen
            if began and time.time() - last_say > self.options.say_every:
                spoken, plain = (sum(float(a[k]) for a in log) / len(log) for k in (0, 1))
                log, last_say = [], time.time()
                self.say(f'step {self.step_count}  {done:5.1%}  rate {share:.3f}  spoken {spoken:.4f}  plain {plain:.3f}  '
                         f'{(self.tokens_seen - base) / max(1e-3, time.time() - began) / 1e6:.2f} M tokens/s  waited {feed.waited:.1f} s')
            elif len(log) > 400:
                log = log[-200:]
        if self.cuda:
            self.say(f'phase done: {steps} steps, {self.tokens_seen / 1e6:.0f} M tokens, '
                     f'{torch.cuda.max_memory_allocated() / 2**30:.1f} GiB, waited {feed.waited:.1f} s for data')
        feed.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument('--ranks', required=True)
    parser.add_argument('--text', required=True)
    parser.add_argument('--words', required=True)
    parser.add_argument('--eval', default=str(pathlib.Path(__file__).parent.parent / 'eval'))
    parser.add_argument('--out', required=True)
    parser.add_argument('--short', type=float, default=720)
    parser.add_argument('--long', type=float, default=240)
    parser.add_argument('--resume', help='a model.bin to go on from, instead of random weights')
    parser.add_argument('--resume-scale', type=float, default=1.0, help='by which that file has its unembedding multiplied')
    parser.add_argument('--scale', type=float, default=1.3, help='of the unembedding in the exported file: sharpens sampling')
    parser.add_argument('--snapshot', type=float, default=0, help='seconds into the first phase at which OUT/snapshot.bin is written')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--tokens', type=int, default=TOKENS_PER_STEP)
    parser.add_argument('--short-length', type=int, default=2048)
    parser.add_argument('--long-length', type=int, default=16384)
    parser.add_argument('--max-steps', type=int, default=1 << 60)
    parser.add_argument('--workers', type=int, default=max(1, (os.cpu_count() or 2) // WORLD - 1))
    parser.add_argument('--say-every', type=float, default=10)
    parser.add_argument('--config', default='{}', help='JSON of Config fields, for tests')
    parser.add_argument('--eval-limit', type=int, default=0, help='cases a skill; 0 is all, -1 is none')
    options = parser.parse_args()
    for name in ('ranks', 'text', 'words', 'eval', 'out', 'resume'):  # the folder may be replaced while this runs
        if getattr(options, name):
            setattr(options, name, str(pathlib.Path(getattr(options, name)).resolve()))
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    # generators of both phases start before the GPU is touched; a full queue holds the second set back
    lengths = ([options.short_length] if options.short else []) + ([options.long_length] if options.long else [])
    feeds = {length: Feed(options, length) for length in lengths}
    if WORLD > 1:
        torch.distributed.init_process_group('cpu:gloo,cuda:nccl' if torch.cuda.is_available() else 'gloo')
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ['LOCAL_RANK']))
    from tokenizer import Tokenizer
    tokenizer = Tokenizer(options.ranks)
    trainer = Trainer(options, feeds, tokenizer)
    if options.short:
        trainer.phase(options.short_length, options.short, options.max_steps)
    if options.long:
        trainer.phase(options.long_length, options.long, options.max_steps)
    if WORLD > 1:
        torch.distributed.destroy_process_group()
    if RANK:
        return
    torch.save(trainer.model.state_dict(), out / 'masters.pt')
    trainer.say('exporting')
    export.write(trainer.model, tokenizer, out / 'model.bin', options.scale)
    if options.eval_limit >= 0:
        arguments = (out / 'model.bin', tokenizer, pathlib.Path(options.eval), out, trainer.device, options.eval_limit, trainer.say)
        evaluate.run(*arguments, name='report')
        sampled = [case for case in judge.load_cases(pathlib.Path(options.eval)) if case['sampling']['temperature']]
        evaluate.run(*arguments, scale=1 / options.scale, name='unscaled', cases=sampled)
    trainer.say('done')
    (out / 'finished').touch()


if __name__ == '__main__':
    sys.exit(main())
