"""The truncated o200k vocabulary: encode, decode, special tokens.

The first N ranks of o200k_base are a BPE vocabulary of their own (ranks are merge order). Special tokens follow
the text tokens at the same distances as in o200k_harmony (199998 + i there, NUM_TEXT_TOKENS + i here).
"""

import base64
import json
import pathlib

import regex

NUM_TEXT_TOKENS = 7152
SPECIAL_NAMES = (
    None, '<|endoftext|>', None, None, '<|return|>', '<|constrain|>', None, '<|channel|>',
    '<|start|>', '<|end|>', '<|message|>', None, None, None, '<|call|>', None,
)
# UUIDs of the published file format; a reserved id has none
SPECIAL_UUIDS = {
    '<|start|>': '55a77c2f-8a01-4c54-8ac2-313bfc7e208d', '<|message|>': '16e40431-f47f-4b22-b59b-8b278fc30a54',
    '<|end|>': 'fcac2f6d-4705-4f6b-b228-642accac7238', '<|return|>': 'f799ff69-1992-43c4-a3d8-d831f475dc75',
    '<|constrain|>': 'c0bb14c7-6022-49da-ad08-792d67e8b470', '<|channel|>': 'fd3dda11-c8ab-4033-876e-d93deb172c93',
    '<|call|>': '1220f796-e388-4de5-b487-fe2eb5fe03c0',
}
SPECIAL = {name: NUM_TEXT_TOKENS + i for i, name in enumerate(SPECIAL_NAMES) if name}
VOCAB_SIZE = NUM_TEXT_TOKENS + len(SPECIAL_NAMES)


class Tokenizer:
    """Encodes ordinary text. Markers are added by the renderer as ids, never parsed out of text."""

    def __init__(self, ranks_json: str | pathlib.Path):
        table = json.loads(pathlib.Path(ranks_json).read_text())
        self.pattern: str = table['pat_str']
        self.pieces: list[bytes] = []
        for line in table['bpe_ranks'].splitlines():
            _, first, *words = line.split(' ')
            assert int(first) == len(self.pieces)
            self.pieces += [base64.b64decode(word) for word in words]
            if len(self.pieces) >= NUM_TEXT_TOKENS:
                break
        self.pieces = self.pieces[:NUM_TEXT_TOKENS]
        self._ranks = {piece: rank for rank, piece in enumerate(self.pieces)}
        self._split = regex.compile(self.pattern)
        self._cache: dict[str, list[int]] = {}
        try:  # the native encoder is about five times as fast; same result
            import tiktoken
            self._native = tiktoken.Encoding('pocket', pat_str=self.pattern, mergeable_ranks=self._ranks, special_tokens={})
        except ImportError:
            self._native = None

    def encode(self, text: str) -> list[int]:
        cached = self._cache.get(text)
        if cached is None:
            cached = self._native.encode_ordinary(text) if self._native else self._encode_words(text)
            if len(text) < 400 and len(self._cache) < 200_000:
                self._cache[text] = cached
        return cached

    def decode(self, tokens: list[int]) -> str:
        """Text with special tokens written as markers."""
        out, held = [], b''
        for token in tokens:
            if token < NUM_TEXT_TOKENS:
                held += self.pieces[token]
            else:
                out.append(held.decode('utf-8', 'replace'))
                held = b''
                out.append(SPECIAL_NAMES[token - NUM_TEXT_TOKENS] or f'<|reserved_{token}|>')
        return ''.join(out) + held.decode('utf-8', 'replace')

    def _encode_words(self, text: str) -> list[int]:
        tokens: list[int] = []
        for word in self._split.findall(text):
            found = self._cache.get('\0' + word)
            if found is None:
                found = self._merge(word.encode())
                self._cache['\0' + word] = found
            tokens += found
        return tokens

    def _merge(self, word: bytes) -> list[int]:
        parts = [word[i:i + 1] for i in range(len(word))]
        while len(parts) > 1:
            rank, at = min((self._ranks.get(parts[i] + parts[i + 1], 1 << 30), i) for i in range(len(parts) - 1))
            if rank == 1 << 30:
                break
            parts[at:at + 2] = [parts[at] + parts[at + 1]]
        return [self._ranks[part] for part in parts]
