"""Turns unpacked documentation packages into prose: `extract_text.py ROOT OUT`.

Writes OUT/text.txt.xz (documents separated by a form feed, paragraphs by newlines), OUT/words.txt (short WordNet words by
kind; `common` are the nouns that the text uses often) and prints the characters kept per package.
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


def wordnet(root: pathlib.Path) -> tuple[list[str], dict[str, list[str]]]:
    glosses, words = [], {}
    for kind in ('noun', 'verb', 'adj', 'adv'):
        path = next(root.rglob(f'data.{kind}'), None)
        if path is None:
            continue
        kept = set()
        for line in path.read_text('latin-1').splitlines():
            if line.startswith('  ') or '|' not in line:
                continue
            fields, gloss = line.split('|', 1)
            word = fields.split()[4].replace('_', ' ')
            if DROPPED_WORDS.search(gloss):
                continue
            glosses.append(f'{word} ({kind}): {gloss.strip()}')
            if re.fullmatch(r'[a-z]{3,9}', word):
                kept.add(word)
        words[kind] = sorted(kept)
    return glosses, words


def main() -> None:
    root, out = map(pathlib.Path, sys.argv[1:3])
    documents, seen = [], set()
    for package in sorted(root.iterdir()):
        size = 0
        if package.name == 'wordnet-base':
            glosses, words = wordnet(package)
            for at in range(0, len(glosses), 60):
                documents.append('\n'.join(glosses[at:at + 60]))
                size += len(documents[-1])
            listed = words
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
    (out / 'words.txt').write_text('\n'.join(lines) + '\n')
    with lzma.open(out / 'text.txt.xz', 'wt', preset=6) as file:
        file.write('\f'.join(documents))


def hash_key(line: str) -> str:
    return line[:80]


if __name__ == '__main__':
    main()
