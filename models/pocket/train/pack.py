"""Conversations and plain text packed into rows of token ids, with a loss weight and a document start per token.

Only what the model speaks in the last turn is trained at full weight; earlier assistant turns have weight 0, because
history ends its answers in <|end|> and lacks their analysis, and training on it teaches exactly that.
"""

import lzma
import pathlib
import random
from collections.abc import Iterator

import numpy as np

from harmony import Message, pieces
from tokenizer import NUM_TEXT_TOKENS, SPECIAL, Tokenizer

COPIED = 0.5
SPOKEN, PLAIN, PROMPT, HISTORY = 1.0, 0.15, 0.04, 0.0


def tokenize(messages: list[Message], tokenizer: Tokenizer) -> tuple[list[int], list[float]]:
    """Token ids of a conversation and the weight of each as a target."""
    ids: list[int] = []
    weights: list[float] = []
    last = len(messages) - 1
    for i, message in enumerate(messages):
        spoken = message.spoken
        assistant = message.role == 'assistant'
        weight = SPOKEN if spoken else HISTORY if assistant else PROMPT
        parts = pieces(message, last_final=spoken and i == last and message.channel == 'final')
        # `<|start|>assistant` opens the prompt's end; later messages of the same completion speak it themselves
        prompted = 2 if spoken and not (i and messages[i - 1].spoken and not messages[i - 1].recipient) else 0
        for j, (text, special) in enumerate(parts):
            tokens = [SPECIAL[text]] if special else tokenizer.encode(text)
            ids += tokens
            weights += [PROMPT if j < prompted else weight] * len(tokens)
    return ids, weights


class PlainText:
    """Slices of the documentation text."""

    def __init__(self, path: str | pathlib.Path):
        self.documents = lzma.open(path, 'rt').read().split('\f')
        self.sizes = np.cumsum([len(d) for d in self.documents])

    def slice(self, rng: random.Random, characters: int) -> str:
        at = rng.randrange(int(self.sizes[-1]))
        document = self.documents[int(np.searchsorted(self.sizes, at, side='right'))]
        start = rng.randrange(max(1, len(document) - characters)) if len(document) > characters else 0
        start = document.rfind('\n', 0, start) + 1 if start else 0
        return document[start:start + characters]

    def passage(self, rng: random.Random, characters: int) -> str:
        """At least about `characters` of text from as many documents as needed."""
        parts, size = [], 0
        while size < characters:
            parts.append(self.slice(rng, min(characters - size, 12_000)))
            size += len(parts[-1]) + 2
        return '\n\n'.join(parts)


COPIES = 0.08  # share of documents


def copies(rng: random.Random) -> tuple[list[int], list[float]]:
    """Random tokens that come back: whole runs in another order, only their repetition trained. Teaches copying alone."""
    low, high = rng.choice([(0, NUM_TEXT_TOKENS), (256, NUM_TEXT_TOKENS), (256, 2000)])
    pieces = [[rng.randrange(low, high) for _ in range(rng.choice([1, 2, 3, 4, 6, 8, 12]) + 2)] for _ in range(rng.randint(2, 14))]
    ids = [token for piece in pieces for token in piece]
    weights = [0.0] * len(ids)
    for _ in range(rng.choice([1, 2])):
        for piece in rng.sample(pieces, len(pieces)):
            ids += piece
            weights += [0.0, *[COPIED] * (len(piece) - 1)]  # its first token says which run comes
    return ids, weights


def batches(seed: int, length: int, rows: int, sample, plain: PlainText, tokenizer: Tokenizer,
            plain_share: float) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Endless (ids uint16, weights float16, starts uint16), each (rows, length). `sample(rng)` gives a conversation."""
    rng = random.Random(seed)
    pool: list[tuple[list[int], list[float]]] = []

    def refill() -> None:
        while len(pool) < 48:
            roll = rng.random()
            if roll < COPIES:
                pool.append(copies(rng))
            elif roll < COPIES + plain_share:
                pool.append(plain_document(rng.randint(200, 1000)))
            else:
                document = tokenize(sample(rng), tokenizer)
                if len(document[0]) <= length:
                    pool.append(document)
        rng.shuffle(pool)

    def plain_document(size: int) -> tuple[list[int], list[float]]:
        ids: list[int] = []
        while len(ids) < size:
            ids += tokenizer.encode(plain.slice(rng, size * 5))
        return ids[:size], [PLAIN] * size

    while True:
        ids = np.zeros((rows, length), np.uint16)
        weights = np.zeros((rows, length), np.float16)
        starts = np.zeros((rows, length), np.uint16)
        for row in range(rows):
            at = 0
            while at < length:
                room = length - at
                refill()
                pick = next((i for i, d in enumerate(pool) if len(d[0]) <= room), None)
                document = pool.pop(pick) if pick is not None and room > 24 else plain_document(room)
                end = at + len(document[0])
                ids[row, at:end], weights[row, at:end], starts[row, at:end] = document[0], document[1], at
                weights[row, at] = 0  # nothing before it predicts it
                at = end
        yield ids, weights, starts
