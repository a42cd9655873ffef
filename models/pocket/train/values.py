"""Values that requests carry and calls copy: words, ids, codes, texts, numbers, dates, lists."""

import re

from phrases import CITIES, NAMES, Draw, join
from shell import filename

SURNAMES = 'Smith Brown Miller Taylor Wilson Moore Clark Lewis Young Hall Wright Green Baker Adams Nelson Carter Turner Parker Evans Morris Reed Cook Bell Ward Gray Hughes Foster Kim Chen Patel Singh Khan Silva Costa Rossi Weber Novak Kovac Larsen Berg Dubois Moreau Sato Tanaka Okafor Mensah Haddad Cohen'.split()
STREETS = ['Main Street', 'Park Road', 'Mill Lane', 'Station Square', 'Oak Avenue', 'Church Street', 'Harbour Road', 'the airport', 'the main station', 'the office', 'Hill Street', 'Market Square', 'the hotel', 'the museum', 'Elm Street', 'Bridge Lane']
WEEKDAYS = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split()
MONTHS = 'January February March April May June July August September October November December'.split()
CHOICES = [s.split(' ') for s in (
    'low medium high', 'small medium large', 'red green blue yellow', 'on off auto', 'start stop pause', 'json csv xml yaml', 'pdf html text', 'en de fr es', 'north south east west', 'spring summer autumn winter', 'public private internal', 'fast slow normal', 'day night', 'left right center', 'up down', 'open closed',
    'active paused archived', 'card cash invoice', 'car bus train bike', 'dog cat bird fish', 'gold silver bronze', 'metric imperial', 'asc desc', 'admin editor viewer', 'daily weekly monthly', 'hot warm cold', 'kg lb oz', 'km mi m', 'USD EUR CHF SEK', 'GET POST PUT DELETE', 'debug info warn error', 'png jpg gif', 'oak pine maple', 'front back side',
    'kitchen bedroom bathroom', 'breakfast lunch dinner', 'chess poker bridge', 'rock jazz folk', 'running hiking skiing', 'apple pear plum', 'A B C', 'S M L XL', 'new used', 'yes no maybe', 'tea coffee juice', 'morning noon evening', 'window aisle', 'economy business first', 'add remove list', 'mp3 wav flac', 'linux macos windows', 'house garden shed', 'piano guitar drums')]
COMMON_TEXTS = ['hello', 'team meeting', 'good morning', 'buy milk', 'the report is done', 'see you soon', 'call the dentist', 'weekly review', 'thank you', 'happy birthday', 'project plan', 'dinner at eight', 'the door is open', 'we are late', 'summer party', 'board meeting', 'bring the keys', 'all is fine', 'meet me at the station', 'pay the rent', 'the server is down', 'lunch break']
CONSONANTS, VOWELS = ['b', 'd', 'f', 'g', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'z', 'br', 'tr', 'st', 'kl', 'sh', 'ch'], ['a', 'e', 'i', 'o', 'u', 'ai', 'ou', 'ee']


def pseudo(d: Draw) -> str:
    """A word that does not exist."""
    return ''.join(d.choice(CONSONANTS) + d.choice(VOWELS) for _ in range(d.choice([1, 2, 2, 3]))) + d.choice(['', 'n', 'r', 'x', 'l', 'sk', 't', 'm'])


def characters(d: Draw, alphabet: str, low: int, high: int) -> str:
    return ''.join(d.choice(alphabet) for _ in range(d.randint(low, high)))


LETTERS, CAPITALS, DIGITS = 'abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '0123456789'


def word(d: Draw, words: list[str]) -> str:
    w = d.choice(words)
    return d.choice([lambda: w, lambda: w, lambda: w, lambda: w.capitalize(), lambda: f'{w}-{d.choice(words)}', lambda: f'{w}_{d.randint(1, 99)}', lambda: f'{w}{d.randint(1, 999)}', lambda: pseudo(d), lambda: f'{w}_{d.choice(words)}', lambda: pseudo(d).capitalize(), lambda: w.upper()])()


def label(d: Draw, words: list[str]) -> str:
    """The name of a thing, as people write it."""
    w = lambda: d.choice(words)
    return d.choice([w, w, lambda: f'{w()} {w()}', lambda: f'{w()} {w()} {w()}', lambda: f'{w().capitalize()} {w().capitalize()}', lambda: f'The {w().capitalize()} {w().capitalize()}', lambda: word(d, words), lambda: word(d, words), lambda: pseudo(d).capitalize(), lambda: f'{d.choice(NAMES)} {d.choice(SURNAMES)}', lambda: f'{w().capitalize()} {d.randint(1, 9)}',
                     lambda: f'green {w()}', lambda: f'{w()} and {w()}', lambda: f'{w()} of {w()}', lambda: f'a {w()}'])()


def identifier(d: Draw, words: list[str]) -> str:
    return d.choice([lambda: f'{characters(d, CAPITALS, 1, 3)}-{d.randint(1, 99999)}', lambda: f'{characters(d, LETTERS, 1, 3)}{d.randint(1, 9999)}', lambda: str(d.randint(1, 99999)), lambda: characters(d, '0123456789abcdef', 5, 12), lambda: f'{d.randint(10, 999)}-{d.randint(10, 9999)}', lambda: characters(d, CAPITALS + DIGITS, 4, 9),
                     lambda: f'{d.choice(words)}-{d.randint(1, 999)}', lambda: f'#{d.randint(1, 9999)}', lambda: f'{characters(d, LETTERS, 2, 4)}_{characters(d, LETTERS + DIGITS, 2, 6)}', lambda: f'{characters(d, "0123456789abcdef", 4, 4)}-{characters(d, "0123456789abcdef", 4, 4)}', lambda: f'{d.choice(CAPITALS)}{d.randint(1, 99)}.{d.randint(1, 99)}'])()


def anything(d: Draw, words: list[str], fragment) -> str:
    return d.choice([lambda: word(d, words), lambda: identifier(d, words), lambda: characters(d, LETTERS, 2, 10), lambda: characters(d, CAPITALS, 2, 7), lambda: pseudo(d), lambda: label(d, words), lambda: characters(d, LETTERS + CAPITALS + DIGITS, 3, 12), lambda: text(d, words, fragment), lambda: ' '.join(pseudo(d) for _ in range(d.randint(2, 3)))])()


def text(d: Draw, words: list[str], fragment) -> str:
    return d.choice([lambda: ' '.join(d.choice(words) for _ in range(d.choice([1, 2, 2, 3, 3, 4, 5]))), lambda: ' '.join(d.choice(words) for _ in range(d.choice([1, 2, 3]))), lambda: d.choice(COMMON_TEXTS), lambda: fragment(d.rng, 8), lambda: fragment(d.rng, 5)])()


def date(d: Draw) -> str:
    return d.choice([lambda: f'{d.randint(2024, 2028)}-{d.randint(1, 12):02}-{d.randint(1, 28):02}', lambda: f'{d.choice(MONTHS)} {d.randint(1, 31)}', lambda: d.choice(['tomorrow', 'today', 'tonight', 'next week', 'next month']), lambda: d.choice(WEEKDAYS), lambda: f'{d.randint(1, 31)} {d.choice(MONTHS)}', lambda: f'next {d.choice(WEEKDAYS)}', lambda: f'{d.randint(1, 12)}/{d.randint(1, 28)}/{d.randint(2024, 2028)}', lambda: f'{d.randint(1, 28)}.{d.randint(1, 12)}.{d.randint(2024, 2028)}'])()


def clock_time(d: Draw) -> str:
    return d.choice([lambda: f'{d.randint(0, 23)}:{d.randint(0, 59):02}', lambda: f'{d.randint(0, 23):02}:{d.randint(0, 59):02}', lambda: f'{d.randint(1, 12)} {d.choice(["am", "pm", "AM", "PM"])}', lambda: f'{d.randint(1, 12)}{d.choice(["am", "pm"])}', lambda: f'{d.randint(1, 12)}:{d.choice([15, 30, 45])} pm', lambda: d.choice(['noon', 'midnight'])])()


def path(d: Draw, words: list[str]) -> str:
    w = lambda: d.choice(words)
    return d.choice([lambda: filename(d), lambda: f'/{w()}/{w()}', lambda: f'./{w()}', lambda: f'~/{w()}', lambda: f'{w()}/{filename(d)}', lambda: f'/{w()}/{w()}/{filename(d)}', lambda: f'{w()}.{characters(d, LETTERS, 2, 4)}', lambda: f'../{w()}'])()


def number(d: Draw) -> int:
    return d.choice([lambda: d.randint(1, 20), lambda: d.randint(1, 20), lambda: d.randint(1, 100), lambda: d.randint(10, 999), lambda: d.randint(100, 9999), lambda: d.randint(0, 99999), lambda: d.choice([10, 20, 25, 30, 50, 60, 100, 200, 500, 1000])])()


def draw(d: Draw, kind: str, words: list[str], fragment) -> tuple[object, dict]:
    """(value, JSON schema) of a kind."""
    string = {'type': 'string'}
    if kind == 'int' or kind == 'num':
        return number(d), {'type': d.choice(['integer', 'integer', 'number'])}
    if kind == 'decimal':
        return (round(d.random() * d.choice([10, 100, 1000]), d.choice([1, 2, 2])) if d.maybe(0.6) else number(d)), {'type': 'number'}
    if kind == 'flag':
        return d.maybe(0.6), {'type': 'boolean'}
    if kind == 'enum':
        options = d.choice(CHOICES) if d.maybe(0.6) else list(dict.fromkeys(d.choice([d.choice(words), d.choice(words), pseudo(d)]) for _ in range(d.randint(2, 5))))
        return d.choice(options), {'type': 'string', 'enum': options}
    if kind == 'list':
        items = list(dict.fromkeys(d.choice([lambda: d.choice(words), lambda: d.choice(NAMES), lambda: word(d, words)])() for _ in range(d.randint(2, 4))))
        return items, {'type': 'array', 'items': {'type': 'string'}}
    return {
        'word': lambda: word(d, words), 'label': lambda: label(d, words), 'id': lambda: identifier(d, words), 'text': lambda: text(d, words, fragment), 'any': lambda: anything(d, words, fragment), 'file': lambda: filename(d) if d.maybe(0.5) else path(d, words), 'path': lambda: path(d, words),
        'person': lambda: d.choice([lambda: d.choice(NAMES), lambda: d.choice(NAMES), lambda: f'{d.choice(NAMES)} {d.choice(SURNAMES)}', lambda: pseudo(d).capitalize(), lambda: f'Mr {d.choice(SURNAMES)}', lambda: f'Dr {d.choice(SURNAMES)}', lambda: d.choice(words).capitalize()])(),
        'place': lambda: d.choice([lambda: d.choice(CITIES), lambda: d.choice(CITIES), lambda: pseudo(d).capitalize(), lambda: d.choice(STREETS), lambda: d.choice(words).capitalize(), lambda: d.choice(words)])(),
        'code': lambda: d.choice([lambda: characters(d, CAPITALS, 2, 5), lambda: characters(d, CAPITALS, 3, 4), lambda: f'{characters(d, CAPITALS, 2, 2)}{d.randint(10, 9999)}', lambda: d.choice(words).upper(), lambda: characters(d, CAPITALS + DIGITS, 4, 8)])(),
        'url': lambda: d.choice([lambda: f'https://{d.choice(words)}.{d.choice(["com", "org", "net", "io"])}', lambda: f'https://example.com/{d.choice(words)}', lambda: f'http://localhost:{d.randint(1000, 9999)}/{d.choice(words)}', lambda: f'{d.choice(words)}.{d.choice(["com", "org", "de"])}', lambda: f'https://www.{d.choice(words)}.com/{d.choice(words)}/{d.randint(1, 99)}'])(),
        'email': lambda: f"{d.choice([d.choice(words), d.choice(NAMES).lower(), d.choice(NAMES).lower() + '.' + d.choice(SURNAMES).lower()])}{d.choice(['', '', str(d.randint(1, 99))])}@{d.choice(['example.com', 'example.org', 'mail.com', d.choice(words) + '.net'])}",
        'date': lambda: date(d), 'time': lambda: clock_time(d), 'version': lambda: f'{d.randint(0, 20)}.{d.randint(0, 20)}' + d.choice(['', f'.{d.randint(0, 9)}']),
    }[kind](), string


def spoken(d: Draw, value: object, kind: str) -> str:
    """A value as a request mentions it."""
    if isinstance(value, list):
        return join(value) if d.maybe(0.7) else ', '.join(value)
    out = str(value)
    if kind in ('label', 'text', 'word', 'any') and d.maybe(0.3) and not re.search('["\'`]', out):
        return d.choice(['"{}"', "'{}'", '"{}"', '`{}`']).format(out)
    return out
