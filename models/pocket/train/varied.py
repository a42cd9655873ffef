"""Tools of many shapes: random names, parameters and wordings that a model can only handle by reading the declaration.

A request is built from what its tool takes: a verb, the thing that the tool is about, and phrases that carry the values.
The link between request and tool is a shared word, a synonym (WordNet), a unit, or only the kinds of the values.
"""

import json
import random
import re

import values
from phrases import DO, Draw, dress, is_held

# parameters by what they carry: (names, kind of value, ways to say it, units). {v} value, {n} the tool's noun, {u} unit, {p} name
LABEL = ['{v}', 'the {n} {v}', '{n} {v}', 'the {n} called {v}', 'the {n} named {v}', 'my {n} {v}', 'our {n} {v}', '{v} as the {n}', 'the {v} {n}', '{v}', 'a {n} named {v}', 'a {n} called {v}']
THINGS: list[tuple[str, str, list[str]]] = [
    ('name title {n} {n}_name target item object label subject topic', 'label', LABEL),
    ('{n} name thing what', 'word', LABEL),
    ('id {n}_id number {n}_number code reference key {n}_ref serial uuid', 'id', ['{v}', '{n} {v}', 'the {n} {v}', '{n} number {v}', 'the {n} with the id {v}', 'number {v}', '{n} #{v}', 'the {n} with number {v}', 'my {n} {v}']),
    ('id {n}_id number index no', 'num', ['{n} {v}', 'the {n} {v}', '{n} number {v}', 'the {n} with the id {v}', 'number {v}', '{n} #{v}', 'the {n} with number {v}', 'the {n} number {v}']),
    ('file path filename input document {n}_file image', 'file', ['{v}', 'the file {v}', 'the {n} in {v}', 'the {n} of {v}', 'the {n} {v}', '{v} as a {n}']),
    ('text message content body query question phrase note comment value input data string', 'text', ['{v}', 'the text {v}', 'the {n} {v}', 'the words {v}', 'a {n} saying {v}', 'a {n} that says {v}', 'a {n}: {v}', '{v} as a {n}']),
    ('person user who contact customer guest player member employee student owner patient', 'person', ['{v}', '{v}', 'the {n} of {v}', 'a {n} for {v}', '{v} for the {n}', 'the {n} that belongs to {v}']),
    ('city place location where town region station stop country', 'place', ['the {n} in {v}', 'the {n} of {v}', '{v}', 'the {n} for {v}', 'a {n} near {v}', 'the {n} at {v}']),
    ('url link address page site endpoint', 'url', ['{v}', 'the page {v}', 'the {n} at {v}', 'the {n} from {v}', 'the link {v}']),
    ('kind type category {n} color style option choice', 'enum', ['the {v} {n}', 'a {v} {n}', '{v}', 'the {n} to {v}', '{v} {n}s', 'some {v}', 'the {v} one', '{v} for the {n}']),
    ('code symbol currency ticker flight coupon', 'code', ['{v}', '{v}', 'the {n} {v}', 'the {n} of {v}', '{n} {v}', 'the {n} for {v}', '{v} for the {n}']),
    ('value key token input', 'any', ['{v}', '{v}', 'the {n} {v}', '{n} {v}']),
]
NUMBERS: list[tuple[str, str, list[str]]] = [
    ('{u} {u}_count num_{u} amount quantity count number value', 'int', ['{v} {u}', '{v} {u} of {n}', 'the {n} to {v} {u}', 'a {n} of {v} {u}', '{v} {u} of the {n}', 'the {n} by {v} {u}', 'the {n} at {v} {u}', 'a {v} {u} {n}']),
    ('quantity count amount number copies pieces n times total', 'int', ['{v} {n}s', '{v} {n}s', '{v} of the {n}s', '{v} more {n}s', 'the {n} {v} times', 'up to {v} {n}s', '{v} times the {n}']),
    ('level value percent position {n} {n}_level speed rate step temperature score', 'int', ['the {n} to {v}', 'the {n} at {v}', 'the {n} by {v}', 'the {n} up to {v}', '{n} {v}', 'the {n} down to {v}', 'the {n} on {v}', '{v} as the {n}', 'a {n} of {v}', 'the {n} {v} percent']),
    ('amount price cost sum value weight length', 'decimal', ['{v}', 'the {n} for {v}', 'a {n} of {v}', 'the {n} with {v}', '{v} for the {n}', 'the {n} to {v}']),
]
# two things that one phrase says: (names of a, kind, names of b, kind, ways)
PAIRS: list[tuple[str, str, str, str, list[str]]] = [
    ('item product what {n} thing name article', 'label', 'quantity count amount number pieces', 'int', ['{b} {a}', '{b} {a}', '{a}, {b} pieces', '{b} times {a}', '{a} ({b})', '{b} of {a}', '{a} x{b}', '{a}, {b} of them', '{b} pieces of {a}', '{b} {n}s of {a}']),
    ('{n} name target who what item device {n}_id', 'label', '{u} amount value level {u}_count', 'int', ['{b} {u} to {a}', '{a} {b} {u}', '{b} {u} for {a}', '{b} {u} on {a}', '{a} with {b} {u}', '{a} to {b} {u}', '{a} by {b} {u}', '{b} {u} of {a}', 'the {a} {n} {b} {u}', '{a}: {b} {u}', 'the {n} {a} {b} {u}', 'the {n} {a} to {b} {u}', 'the {n} {a} by {b} {u}', '{b} {u} into {a}', '{a} at {b} {u}']),
    ('{n} name target item device room zone', 'label', 'value level amount percent score number', 'int', ['{a} to {b}', '{a} at {b}', '{a} {b}', '{b} for {a}', '{a} with {b}', '{a} by {b}', '{a} on {b}', 'the {n} {a} to {b}', 'the {n} {a} {b}', '{b} to {a}', '{a}: {b}', '{b} in {a}']),
    ('{n} kind type category part which', 'enum', '{u} amount count value quantity', 'int', ['{b} {u} of {a}', 'the {a} {n} to {b}', '{b} {u} for the {a}', 'the {a} {n} {b} {u}', '{a} for {b} {u}', '{a}, {b} {u}', 'the {a} {b} {u}', '{b} {u} on the {a}', 'a {a} {n} of {b} {u}', 'the {a} to {b}', '{b} {u} to the {a}', '{a} {b} {u}']),
    ('source from origin start old input base first a left {n}', 'label', 'target to destination end new output second b right into', 'label', ['{a} to {b}', '{a} into {b}', 'from {a} to {b}', '{a} with {b}', 'between {a} and {b}', 'to {b} from {a}', '{a} onto {b}', '{a} as {b}', '{a} over to {b}', '{a} and {b}', '{b} from {a}', 'the {n} {a} to {b}', 'the {n} from {a} to {b}', '{a} instead of {b}', '{a} against {b}', '{a} toward {b}', 'the {n} between {a} and {b}']),
    ('origin from start departure', 'place', 'destination to end arrival', 'place', ['from {a} to {b}', 'to {b} from {a}', 'between {a} and {b}', 'a {n} from {a} to {b}', 'the {n} between {a} and {b}', '{a} to {b}', 'the {n} from {a} to {b}', 'how it is from {a} to {b}']),
    ('person recipient to user who contact friend guest', 'person', 'text message body note content what {n} event subject', 'text', ['{a} that {b}', '{a} {b}', '{a}: {b}', '{b} to {a}', 'to {a} {b}', '{a} the {n} {b}', '{a} about {b}', '{a} to {b}', '{a} to the {n} {b}', '{a} a {n} for {b}', '{a} for {b}', '{b} for {a}', '{a} a {n} to {b}', '{a} into {b}']),
    ('person recipient to user who customer payee', 'person', 'amount {u} value sum money', 'int', ['{a} {b} {u}', '{b} {u} to {a}', '{b} {u} for {a}', '{a} for {b} {u}', 'from {a} {b} {u}', '{b} {u} from {a}', '{a} over {b} {u}', '{a} with {b} {u}', 'to {a} {b} {u}']),
    ('person owner user assignee', 'person', 'id {n}_id number {n}', 'id', ['{b} to {a}', '{a} {b}', 'the {n} {b} to {a}', '{n} {b} for {a}', "{a}'s {n} {b}", '{a} the {n} {b}', '{a} for {n} {b}', '{b} over to {a}']),
    ('name key {n} field variable setting', 'any', 'value content to new_value', 'any', ['{a} to {b}', '{b} under {a}', '{a} as {b}', '{b} in {a}', '{a} = {b}', '{b} as {a}', '{a}: {b}', '{b} for {a}', '{b} at {a}']),
    ('file path document image input', 'file', '{u} value amount number', 'int', ['{a} by {b} {u}', '{a} {b} {u}', '{a} to {b} {u}', '{b} {u} of {a}', '{a} with {b} {u}', '{b} {u} from {a}', '{a} at {b} {u}']),
    ('file path document source', 'file', 'text pattern content word', 'text', ['{b} to {a}', '{b} in {a}', '{a} for {b}', '{b} into {a}', '{a} with {b}', '{b} at the end of {a}', '{b} from {a}']),
    ('{n} title name', 'label', 'score rating {u} points grade', 'int', ['{a} with {b} {u}', '{a} {b} {u}', '{b} {u} to {a}', '{b} {u} for {a}', '{b} {u} on {a}', '{a} {b}', 'the {n} {a} {b}', 'the {n} {a} with {b} {u}']),
]
AS = ['{v} as {p}', '{v} as the {p}', 'and {v} as {p}', 'and {v} for the {p}', 'having {v} as {p}', 'with {v} being the {p}', 'taking {v} for {p}', 'choose {v} as {p}', 'using {v} for the {p}', 'let {v} be the {p}', 'where {v} is the {p}', 'the {p} shall be {v}', 'put {v} in {p}', 'and take {v} as the {p}', 'by {p} {v}', 'plus {p} {v}', 'on {p} {v}', 'of {p} {v}', 'for the {p}, {v}']
TAILS: list[tuple[str, str, list[str]]] = [
    ('date day when on deadline due {n}_date', 'date', ['on {v}', 'for {v}', 'by {v}', '{v}', 'until {v}']),
    ('time at start when hour', 'time', ['at {v}', 'by {v}', 'for {v}', 'from {v}', 'until {v}']),
    ('city place location region', 'place', ['in {v}', 'at {v}', 'near {v}', 'for {v}']),
    ('recipient person user owner assignee to customer for', 'person', ['for {v}', 'to {v}', 'with {v}', 'of {v}', 'by {v}']),
    ('{u} {u}_limit max_{u} limit duration', 'int', ['for {v} {u}', 'with {v} {u}', 'in {v} {u}', 'at most {v} {u}', 'of {v} {u}', 'up to {v} {u}', 'after {v} {u}', 'within {v} {u}', '{v} {u}', 'every {v} {u}']),
    ('count times repeat limit retries copies', 'int', ['{v} times', 'at most {v}', 'with a limit of {v}', '{v} in all', 'in {v} copies', 'not more than {v}']),
    ('mode format kind language unit priority style type', 'enum', ['as {v}', 'in {v}', 'with {v}', 'by {v}', 'in {v} mode', 'to {v}', 'with {v} {p}']),
    ('path folder file output directory', 'path', ['in {v}', 'to {v}', 'from {v}', 'into {v}', 'under {v}']),
    ('note reason text comment message description subject', 'text', ['saying {v}', 'because {v}', 'with the {p} {v}', 'and note {v}', 'about {v}', 'with the text {v}', ': {v}']),
    ('email contact', 'email', ['with the email {v}', 'for {v}', 'to {v}', 'with mail {v}']),
    ('tag label group team project channel', 'word', ['with the {p} {v}', 'tagged {v}', 'in the {p} {v}', 'under {v}', 'for the {p} {v}', 'to the {p} {v}']),
    ('price amount cost budget max_price', 'decimal', ['for {v} dollars', 'at {v}', 'under {v} dollars', 'for {v}', 'with a {p} of {v}']),
    ('version revision', 'version', ['in version {v}', 'at {v}', 'version {v}']),
    ('{m} {m} {m}_name', 'any', ['with the {p} {v}', 'with {p} {v}', '{p} {v}', '{p}: {v}', 'using {v} as the {p}', '{p}={v}', 'where the {p} is {v}', 'and the {p} {v}', 'set the {p} to {v}']),
    ('{m} {m} {m}_name', 'any', AS), ('{m}', 'int', AS), ('mode format type color unit {m}', 'enum', AS), ('target note file email user title tag', 'any', AS),
    ('{m}', 'int', ['with the {p} {v}', 'with {p} {v}', '{p} {v}', '{p}: {v}', 'using {v} as the {p}', '{p}={v}', 'where the {p} is {v}', 'with {v} {p}s', '{v} {p}s']),
    ('{m}', 'enum', ['with the {p} {v}', 'with {v} {p}', '{p} {v}', '{p}: {v}', 'as {v}', 'in {v}', '{p}={v}']),
    ('tags names items fields columns ids people', 'list', ['with the {p} {v}', 'with {v}', 'for {v}', '{p}: {v}', 'with {v} as {p}']),
    ('force verbose public urgent recursive silent private dry_run {m}', 'flag', []),
]
ON = ['with {p}', 'with {p} on', '{p} true', '{p}=true', 'with {p} enabled', 'set {p} to true', 'turn {p} on', 'make it {p}', 'and {p}', '{p} please']
OFF = ['without {p}', 'with {p} off', '{p} false', '{p}=false', 'with {p} disabled', 'set {p} to false', 'turn {p} off', 'not {p}', 'and no {p}']
UNITS = ('minutes hours seconds days weeks months years grams kilos liters meters miles kilometers degrees percent points stars pages lines words copies people guests seats nights rooms dollars euros coins steps times rows files '
         'watts volts pixels megabytes tickets bottles cups boxes bags rounds laps goals votes units portions slices inches feet calories songs messages credits tokens cards plates bricks').split()
GENERIC_VERBS = 'put make give take get set bring let do use have add want need see find show start change turn send move handle run go+with go+for work+on deal+with'.split()
GETTERS = 'get find check show list count look+up fetch read query search'.split()
ASKING = ['what is the {n} of {v}', 'what is the {n} for {v}', 'how is the {n} of {v}', 'what {n} does {v} have', 'how much {n} has {v}', 'tell me the {n} of {v}', '{n} of {v}', 'which {n} belongs to {v}', 'i need the {n} of {v}', 'i want to know the {n} of {v}', 'do you have the {n} of {v}',
          'how many {n}s are in {v}', 'is there a {n} for {v}', 'show me the {n} of {v}', "what's the {n} of {v}", 'what about the {n} of {v}', 'the {n} of {v} please', 'who is the {n} of {v}', 'where is the {n} of {v}', 'how long is the {n} of {v}', 'does {v} have a {n}', 'how many {n}s has {v}', 'can i see the {n} of {v}']
EXPLICIT = ['call {t} with {a}', 'use {t} with {a}', 'use the tool {t}: {a}', 'run {t} with {a}', '{t} {a}', 'please call {t}, {a}', 'invoke {t} with {a}', 'use {t}, {a}', 'call the function {t} with {a}', '{t}: {a}', 'i want {t} with {a}', 'execute {t} with {a}', 'try {t} with {a}', 'go for {t} with {a}']
SAID = ['{p} {v}', '{p}={v}', '{p}: {v}', '{p} set to {v}', '{v} as {p}', '{v} for {p}', 'the {p} {v}', 'the {p} being {v}', '{p} is {v}']
DESCRIBED = ['{V} {a} {n}.', '{V} the {n}.', '{V}s {a} {n}', 'Use this to {v} {a} {n}.', '{V} {a} {n} with the given values.', '{V} {n}s', 'Tool that can {v} {a} {n}.', 'Lets you {v} {a} {n}.', '{V} {n}s of the user.', 'To {v} {a} {n}.', '{V} {a} {n} by its {p}.', 'Can {v} {n}s.', '{V}s the {n} of the {p}.', 'This function {v}s {a} {n}.',
             'Call this when the user wants to {v} {a} {n}.', '{V} {a} {n}. Returns the result.', '{V} one {n}.\nFails if there is none.', 'Helps to {v} {n}s.', '{V} {a} {n} for a {p}.', '{N}: {v}', '{V} any {n} in the system.']
EXPLAINED = ['The {p}.', '{P} to use.', '{P}', 'What {p} to use.', 'The {p} of the {n}.', 'Which {p}.', 'the {p}', 'A {p}', '{P} of the {n}', 'Required. The {p}.', 'Value for the {p}', 'The {p} that is meant']


class Bank:
    """Words for tools and requests; no word that is kept for evaluation names a tool."""

    def __init__(self, listed: list[list[str]], nouns: list[str], words: list[str], fragment, taken: set[str]) -> None:
        # fragment(rng, most): a few words of prose; taken: letters of names that no tool may have
        self.nouns, self.words, self.fragment, self.taken = nouns, words, fragment, taken
        self.common = [w for kind, w in listed if kind == 'common' and not is_held(w)]
        verbs = {w for kind, w in listed if kind == 'verb'}
        self.synonyms: dict[str, dict[str, list[str]]] = {'verb': {}, 'noun': {}}
        for kind, group in listed:
            if kind in ('synverb', 'synnoun'):
                members = [w.replace('_', ' ') for w in group.split('|')]
                for w in members:
                    others = self.synonyms[kind[3:]].setdefault(w, [])
                    others += [o for o in members if o != w and (kind == 'synverb' or not is_held(o))]
        linked = [v for v in self.synonyms['verb'] if ' ' not in v and not is_held(v) and len(v) < 10]
        self.verbs = sorted(v for v in verbs if not is_held(v)) + 3 * sorted(linked)
        self.linked_nouns = sorted(n for n in self.synonyms['noun'] if ' ' not in n and not is_held(n) and len(n) < 11)


def tool_name(d: Draw, verb: str, noun: str, extra: str | None) -> str:
    if d.maybe(0.07):  # the name says nothing: the description has to
        return d.choice([values.pseudo(d), f'{values.pseudo(d)}_{values.pseudo(d)}', f'fn_{d.randint(1, 99)}', f'tool{d.randint(1, 99)}', f'{values.pseudo(d)}{d.randint(1, 9)}', f'op_{values.pseudo(d)}'])
    parts = [*verb.split(' '), *noun.split(' ')]
    if extra and d.maybe(0.25):
        parts.insert(d.choice([0, 1, len(parts)]), extra)
    if d.maybe(0.14):
        parts = [*noun.split(' '), *verb.split(' ')]
    if d.maybe(0.05):
        parts = noun.split(' ')
    if d.maybe(0.06):
        parts.append(d.choice(['tool', 'v2', 'now', 'api', 'cmd', 'action', 'all', 'by_id', 'info', 'item']))
    roll = d.random()
    if roll < 0.58:
        return '_'.join(parts)
    if roll < 0.78:
        return parts[0] + ''.join(p.capitalize() for p in parts[1:])
    if roll < 0.87:
        return '-'.join(parts)
    return ''.join(p.capitalize() for p in parts) if roll < 0.93 else ''.join(parts)


def plural(word: str) -> str:
    return word + 'es' if word.endswith(('s', 'x', 'ch', 'sh')) else word[:-1] + 'ies' if word.endswith('y') and word[-2:-1] not in 'aeiou' else word + 's'


class Shape:
    """One tool and one request for it."""

    def __init__(self, d: Draw, bank: Bank):
        self.d, self.bank = d, bank
        self.verb = d.choice(GETTERS).replace('+', ' ') if d.maybe(0.22) else d.choice(bank.verbs)
        self.noun = d.choice([d.choice(bank.nouns), d.choice(bank.common), d.choice(bank.linked_nouns)])
        self.unit, self.other = d.choice(UNITS) if d.maybe(0.8) else plural(d.choice(bank.common)), d.choice(bank.nouns)
        self.taken: set[str] = set()
        self.params: list[dict] = []  # {name, schema, required, value, said}
        self.verb_said = self.noun_said = False

    def param_name(self, names: str) -> str:
        name = self.d.choice(names.split(' ')).replace('{n}', self.noun.replace(' ', '_')).replace('{u}', self.unit).replace('{m}', self.other)
        if name in self.taken or name == 'functions':
            name = f'{name}_{self.d.choice(["value", "2", "name", self.other])}'
        if '_' in name and self.d.maybe(0.15):
            head, *rest = name.split('_')
            name = head + ''.join(w.capitalize() for w in rest)
        self.taken.add(name)
        return name

    def param(self, names: str, kind: str, required: bool = True) -> dict:
        d = self.d
        name = self.param_name(names)
        drawn, schema = values.draw(d, kind, self.bank.words, self.bank.fragment)
        if d.maybe(0.5):
            plain = name.replace('_', ' ')
            schema['description'] = d.choice(EXPLAINED).replace('{p}', plain).replace('{P}', plain.capitalize()).replace('{n}', self.noun)
        out = {'name': name, 'schema': schema, 'required': required, 'value': drawn, 'said': values.spoken(d, drawn, kind), 'kind': kind, 'used': True}
        self.params.append(out)
        return out

    def fill(self, text: str, **said: str) -> str:
        self.noun_said |= '{n}' in text
        noun = self.noun
        others = self.bank.synonyms['noun'].get(noun)
        if others and self.d.maybe(0.2):
            noun = self.d.choice(others)
        text = text.replace('{n}s', plural(noun)).replace('{n}', noun).replace('{u}', self.unit)
        for slot, value in said.items():
            text = text.replace('{' + slot + '}', value)
        return re.sub(r'\ba (?=[aeiou])', 'an ', text) if self.d.maybe(0.8) else text

    def main(self) -> str:
        """What the request is about, as the verb's object."""
        d, roll = self.d, self.d.random()
        if roll < 0.08:
            return self.fill(d.choice(['the {n}', 'a {n}', 'my {n}', 'the {n}s', 'all {n}s', 'a new {n}', 'this {n}', '{n}', 'every {n}', 'the next {n}', 'our {n}s']))
        if roll < 0.46:
            names_a, kind_a, names_b, kind_b, ways = d.choice(PAIRS)
            if kind_a == 'label' and kind_b == 'label' and d.maybe(0.35):
                kind_a = kind_b = d.choice(['file', 'place', 'word', 'id', 'person', 'code', 'any'])
            a, b = self.param(names_a, kind_a), self.param(names_b, kind_b)
            if d.maybe(0.12):
                self.params.reverse()
            return self.fill(d.choice(ways), a=a['said'], b=b['said'])
        names, kind, ways = d.choice(THINGS) if roll < 0.8 else d.choice(NUMBERS)
        p = self.param(names, kind)
        return self.fill(d.choice(ways), v=p['said'])

    def tails(self) -> list[str]:
        d, out = self.d, []
        for _ in range(d.choice([0, 0, 0, 1, 1, 2, 3])):
            names, kind, ways = d.choice(TAILS)
            p = self.param(names, kind, required=d.maybe(0.55))
            if not p['required'] and d.maybe(0.55):
                p['used'] = False
                continue
            plain = re.sub(r'(?<=[a-z])(?=[A-Z])', ' ', p['name']).replace('_', ' ').lower()
            if kind == 'flag':
                out.append(d.choice(ON if p['value'] else OFF).replace('{p}', plain))
            else:
                out.append(self.fill(d.choice(ways).replace('{p}', plain), v=p['said']).replace(' : ', ': '))
        return out

    def request_verb(self) -> str:
        d, roll = self.d, self.d.random()
        others = self.bank.synonyms['verb'].get(self.verb)
        self.verb_said = True
        if others and roll < 0.4:
            return d.choice(others)
        if roll < 0.72:
            return self.verb
        self.verb_said = False
        return d.choice(GENERIC_VERBS).replace('+', ' ') if roll < 0.92 else d.choice(self.bank.verbs)

    def request(self) -> str:
        d = self.d
        if d.maybe(0.06):
            return self.explicit()
        if self.verb.split(' ')[0] in GETTERS and d.maybe(0.35):
            names, kind, _ = d.choice([t for t in THINGS if t[1] != 'text'])
            p = self.param(names, kind)
            text = self.fill(d.choice(ASKING), v=p['said'])
            text = ' '.join([text, *self.tails()])
            return dress(d, text, d.maybe(0.8), slips=False)
        object_, tails = self.main(), self.tails()
        d.rng.shuffle(tails)
        glue = d.choice([' ', ' ', ' ', ', ', ' and '])
        roll = d.random()
        if roll < 0.06:  # telegram style
            self.noun_said = True
            text = f"{self.noun}{d.choice([': ', ' ', ', '])}{object_}{glue if tails else ''}{glue.join(tails)}"
            return dress(d, text, False, slips=False)
        if roll < 0.12:
            text = f"{d.choice(['i want', 'i need', 'we need', 'we want', 'i would like', 'there should be', 'get me', 'give me', 'it is about', 'it should be', 'i am thinking of', 'what i want is', 'how about'])} {object_}{glue if tails else ''}{glue.join(tails)}"
            return dress(d, text, False, slips=False)
        verb = self.request_verb()
        if tails and d.maybe(0.1) and not tails[0].startswith((':', 'and')):
            text = f'{tails[0]}, {verb} {object_}{glue if tails[1:] else ""}{glue.join(tails[1:])}'
            return dress(d, text, False, slips=False)
        if verb.count(' ') == 1 and d.maybe(0.3) and len(object_) < 30:  # turn it off
            head, rest = verb.split(' ')
            text = f'{head} {object_} {rest}'
        else:
            text = f'{verb} {object_}'
        text += (glue if tails and glue != ' and ' else ' ' if tails else '') + glue.join(tails)
        return dress(d, d.pick(DO).replace('{vp}', text), d.maybe(0.25), slips=False)

    def explicit(self) -> str:
        """A request that names the tool and its arguments."""
        d = self.d
        self.noun_said = self.verb_said = True
        for _ in range(d.choice([1, 1, 2, 2, 3])):
            names, kind = d.choice([(t[0], t[1]) for t in THINGS + NUMBERS] + [('{m}', d.choice(['any', 'int', 'id', 'text', 'word', 'code', 'decimal']))] * 8)
            self.param(names, kind)
        said = [d.choice(SAID).replace('{p}', p['name']).replace('{v}', p['said']) for p in self.params]
        d.rng.shuffle(said)
        return dress(d, d.choice(EXPLICIT).replace('{a}', d.choice([', ', ' and ', ' ', ', ']).join(said)), False, slips=False)

    def tool(self) -> dict:
        d = self.d
        for _ in range(d.choice([0, 0, 0, 0, 1, 1, 2, 3])):  # parameters that nobody mentions
            names, kind, _ = d.choice(TAILS + NUMBERS)
            self.param(names, kind, required=False)['used'] = False
        params = list(self.params)
        if d.maybe(0.25):
            d.rng.shuffle(params)
        self.params = params
        name = tool_name(d, self.verb, self.noun, d.choice(self.bank.common) if d.maybe(0.3) else None)
        shown = re.sub(r'[_-]', '', name.lower())
        clear = self.verb.replace(' ', '') in shown and self.noun.replace(' ', '') in shown
        described = None
        if not clear or d.maybe(0.85):
            verb, noun = self.verb, self.noun
            others = self.bank.synonyms['verb'].get(verb)
            if others and clear and d.maybe(0.25):
                verb = d.choice(others)
            article = 'an' if noun[0] in 'aeiou' else 'a'
            named = params[0]['name'].replace('_', ' ') if params else 'user'
            described = d.choice(DESCRIBED).replace('{V}', verb.capitalize()).replace('{N}', noun.capitalize()).replace('{v}', verb).replace('{n}s', plural(noun)).replace('{n}', noun).replace('{a}', article).replace('{p}', named)
            if d.maybe(0.08):
                described += ' ' + self.bank.fragment(d.rng, 12).capitalize() + '.'
        if not params and d.maybe(0.5):
            schema = None
        else:
            required = [p['name'] for p in params if p['required']]
            schema = {'type': 'object', 'properties': {p['name']: p['schema'] for p in params}}
            if required or d.maybe(0.5):
                schema['required'] = required
            if d.maybe(0.2):
                schema['additionalProperties'] = False
        return {'name': name, 'description': described, 'parameters': schema}

    def arguments(self) -> dict:
        return {p['name']: p['value'] for p in self.params if p['used']}


def faithful(text: str, arguments: dict, params: list[dict]) -> bool:
    """Whether each value stands in the request as it must be copied."""
    said = {p['name']: p for p in params}
    return all(said[name]['said'] in text for name in arguments if said[name]['kind'] != 'flag')


def allowed(bank: Bank, tool: dict) -> bool:
    return re.sub('[^a-z]', '', tool['name'].lower()) not in bank.taken and bool(re.fullmatch(r'[A-Za-z0-9_-]{1,64}', tool['name']))


def varied(d: Draw, bank: Bank) -> tuple[dict, str, dict, tuple[bool, bool]]:
    """(tool, request, arguments, whether the request says the tool's verb and noun)."""
    while True:
        shape = Shape(d, bank)
        request = shape.request()
        tool = shape.tool()
        request = request.replace('{t}', tool['name'])
        arguments = shape.arguments()
        if allowed(bank, tool) and faithful(request, arguments, shape.params) and '{' not in re.sub(r'[`"\'].*?[`"\']', '', request):
            return tool, request, arguments, (shape.verb_said, shape.noun_said)


def another(d: Draw, bank: Bank, verb: str | None = None, noun: str | None = None) -> dict:
    """A tool that the request does not mean."""
    shape = Shape(Draw(d.rng), bank)
    shape.verb, shape.noun = verb or shape.verb, noun or shape.noun
    shape.main()
    shape.tails()
    tool = shape.tool()
    return tool if allowed(bank, tool) else another(d, bank)


if __name__ == '__main__':  # a look at what is drawn
    import pathlib
    import sys
    listed = [line.split(' ') for line in pathlib.Path(sys.argv[1]).read_text().splitlines()]
    nouns = [w for kind, w in listed if kind == 'noun' and not is_held(w)]
    bank = Bank(listed, nouns, [w for kind, w in listed if kind in ('noun', 'verb', 'adj')], lambda rng, n: ' '.join(rng.choice(nouns) for _ in range(rng.randint(2, n))), set())
    for seed in range(int(sys.argv[2]) if len(sys.argv) > 2 else 20):
        tool, request, arguments, _ = varied(Draw(random.Random(seed)), bank)
        print(json.dumps(tool), '\n  ', request, '\n  ', json.dumps(arguments))
