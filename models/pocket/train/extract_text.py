"""Turns unpacked documentation packages into prose: `extract_text.py ROOT OUT`.

Writes OUT/text.txt.xz (documents separated by a form feed, paragraphs by newlines), OUT/words.txt (short WordNet words by
kind; `common` are the nouns that the text uses often; `synverb` and `synnoun` are groups of words for one thing, joined by
`|`) and prints the characters kept per package.
"""

import collections
import html.parser
import lzma
import pathlib
import re
import sys

SKIPPED = {'script', 'style', 'pre', 'nav', 'header', 'footer', 'table', 'head', 'code-block', 'svg', 'form'}
BLOCKS = {'p', 'li', 'dd', 'dt', 'h1', 'h2', 'h3', 'h4', 'div', 'td', 'section', 'br'}
DROPPED_WORDS = re.compile(r'\b(sex|slur|offensive|vulgar|obscen|genital|whore|slave|nazi|kill|murder|rape|suicid|drug|disparag)', re.I)
# a word is dropped altogether if any of its senses is described so: the list alone cannot say which sense is meant
DROPPED_SENSES = re.compile(DROPPED_WORDS.pattern + r'|\b(derogat|contempt|insult|ethnic|racial|taboo|prostitut|excrement|feces|urin|testic|penis|vagina|breast|buttocks|anus|homosexual|lesbian|mulatto|negro|fascis|terroris|geno|tortur|corpse|porno|lewd|promiscu|copulat)', re.I)
COARSE = {'bitch', 'cripple', 'damn', 'squaw', 'bastard', 'idiot', 'moron', 'imbecile', 'retard', 'spastic', 'halfwit'}  # not described so in WordNet


class Prose(html.parser.HTMLParser):
    """Collects the text of block elements outside code, tables and navigation."""

    def __init__(self) -> None:
        super().__init__()
        self.skipping = 0
        self.parts: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag in SKIPPED:
            self.skipping += 1
        elif tag in BLOCKS:
            self.parts.append('\n')

    def handle_endtag(self, tag):
        if tag in SKIPPED:
            self.skipping = max(0, self.skipping - 1)
        elif tag in BLOCKS:
            self.parts.append('\n')

    def handle_data(self, data):
        if not self.skipping:
            self.parts.append(data)


def paragraphs(path: pathlib.Path) -> list[str]:
    parser = Prose()
    try:
        parser.feed(path.read_text('utf-8', 'ignore'))
    except (AssertionError, OSError):
        return []
    lines = (' '.join(line.split()) for line in re.sub(r'(?<!\n)\n(?!\n)', ' ', ''.join(parser.parts).replace('\xa0', ' ').replace('¶', '')).split('\n'))
    return [line for line in lines if 40 <= len(line) <= 3000 and sum(c.isalpha() or c == ' ' for c in line) > 0.8 * len(line)]


def wordnet(root: pathlib.Path) -> tuple[list[str], dict[str, list[str]], list[tuple[str, list[str]]]]:
    """(glosses, words by kind, groups of synonyms with their kind)."""
    glosses, senses, dropped = [], [], set(COARSE)
    for kind in ('noun', 'verb', 'adj', 'adv'):
        path = next(root.rglob(f'data.{kind}'), None)
        if path is None:
            continue
        for line in path.read_text('latin-1').splitlines():
            if line.startswith('  ') or '|' not in line:
                continue
            fields, gloss = line.split('|', 1)
            fields = fields.split()
            lemmas = [re.sub(r'\(.*', '', word).replace('_', ' ') for word in fields[4:4 + 2 * int(fields[3], 16):2]]
            if DROPPED_SENSES.search(gloss):
                dropped.update(word.lower() for word in lemmas)
            if not DROPPED_WORDS.search(gloss):
                glosses.append(f'{lemmas[0]} ({kind}): {gloss.strip()}')
            senses.append((kind, lemmas))
    words: dict[str, set[str]] = {}
    for kind, lemmas in senses:
        words.setdefault(kind, set()).update(w for w in lemmas[:1] if re.fullmatch(r'[a-z]{3,9}', w) and w not in dropped)
    groups = [(kind, [w for w in lemmas if re.fullmatch(r'[a-z]{3,12}( [a-z]{2,8}){0,2}', w) and w not in dropped]) for kind, lemmas in senses
              if kind in ('noun', 'verb')]
    return glosses, {kind: sorted(kept) for kind, kept in words.items()}, [(kind, group) for kind, group in groups if len(group) > 1]


def main() -> None:
    root, out = map(pathlib.Path, sys.argv[1:3])
    documents, seen = [], set()
    for package in sorted(root.iterdir()):
        size = 0
        if package.name == 'wordnet-base':
            glosses, listed, groups = wordnet(package)
            for at in range(0, len(glosses), 60):
                documents.append('\n'.join(glosses[at:at + 60]))
                size += len(documents[-1])
        else:
            for path in sorted(package.rglob('*.html')) + sorted(package.rglob('*.html.en')):
                kept = []
                for line in paragraphs(path):
                    if hash_key(line) not in seen and not DROPPED_WORDS.search(line):
                        seen.add(hash_key(line))
                        kept.append(line)
                if sum(map(len, kept)) > 300:
                    documents.append('\n'.join(kept))
                    size += len(documents[-1])
        print(f'{package.name}: {size:,} characters')
    counts = collections.Counter(re.findall(r'\b[a-z]{3,9}\b', '\n'.join(documents)))
    lines = [f'{kind} {word}' for kind in listed for word in listed[kind]]
    lines += [f'common {word}' for word in listed['noun'] if counts[word] >= 60]
    for kind, group in groups:  # of words that the text uses, too
        used = [w for w in group if all(counts[part] >= 12 or len(part) == 2 for part in w.split(' '))]
        if len(used) > 1:
            lines.append(f"syn{kind} {'|'.join(used).replace(' ', '_')}")
    (out / 'words.txt').write_text('\n'.join(lines) + '\n')
    with lzma.open(out / 'text.txt.xz', 'wt', preset=6) as file:
        file.write('\f'.join(documents))


def hash_key(line: str) -> str:
    return line[:80]


if __name__ == '__main__':
    main()
