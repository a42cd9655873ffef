"""Drawing from lists of phrasings, some of which are held out of training; frames shared by all skills; dressing."""

import hashlib
import importlib
import random
import re

HELD_SHARE = 40 / 256  # of every list of at least six phrasings


def is_held(item: str) -> bool:
    return hashlib.md5(item.encode()).digest()[0] < HELD_SHARE * 256


class Draw:
    """A random source that knows whether it draws for training (never a held-out phrasing) or for evaluation."""

    _split: dict[int, tuple[object, list, list]] = {}

    def __init__(self, rng: random.Random, held: bool = False):
        self.rng, self.held, self.used = rng, held, []
        self.choice, self.random, self.randint, self.sample = rng.choice, rng.random, rng.randint, rng.sample

    def pick(self, items):
        """One phrasing of a list that lives for the whole run. A phrasing may be a tuple: its first element decides."""
        entry = Draw._split.get(id(items))
        if entry is None:
            key = lambda item: item if isinstance(item, str) else str(item[0])
            held = [item for item in items if is_held(key(item))] if len(items) >= 6 else []
            if len(held) > len(items) // 3:
                held = held[:len(items) // 3]
            entry = Draw._split[id(items)] = (items, [item for item in items if item not in held], held)
        _, train, held = entry
        if self.held and held and self.rng.random() < 0.45:
            item = self.rng.choice(held)
            self.used.append(item if isinstance(item, str) else str(item[0]))
            return item
        return self.rng.choice(train)

    def trained(self, items) -> list:
        """The phrasings of a list that training may draw (a pick from the list comes first)."""
        return Draw._split[id(items)][1]

    def maybe(self, probability: float) -> bool:
        return self.rng.random() < probability


DO = [  # asking for an action: {vp} is an infinitive phrase
    '{vp}', '{vp}', '{vp}', 'please {vp}', 'can you {vp}', 'could you {vp}', 'i want you to {vp}', 'i need you to {vp}', 'would you {vp}',
    "i'd like you to {vp}", 'go ahead and {vp}', '{vp} for me', '{vp} now', 'help me {vp}', 'your task: {vp}', 'next, {vp}',
    'could you please {vp}', 'can you please {vp}', 'it would be great if you could {vp}', 'i need to {vp}', 'try to {vp}', 'quickly {vp}',
    'just {vp}', 'kindly {vp}', 'do me a favor and {vp}', 'are you able to {vp}', 'now {vp}', 'first, {vp}', 'can u {vp}', 'pls {vp}',
    "i'd appreciate it if you could {vp}", 'i want to {vp}', 'i would like to {vp}', 'we need to {vp}', 'let us {vp}', "let's {vp}",
    'your job is to {vp}', 'make sure to {vp}', 'please go and {vp}', 'will you {vp}', 'would you please {vp}', 'could you quickly {vp}',
    'hey can you {vp}', 'i have to {vp}', 'it is time to {vp}', 'then {vp}', 'once again, {vp}', 'be so kind and {vp}', 'please {vp} for me',
    'i want to see you {vp}', 'i ask you to {vp}', 'you should {vp}', 'you can {vp} now', 'my request: {vp}', 'task: {vp}', 'todo: {vp}',
    'what i need is for you to {vp}', "if you don't mind, {vp}", 'if possible, {vp}', 'when you can, {vp}', 'could you {vp} for me',
    'may i ask you to {vp}', 'i wonder if you could {vp}', 'the next step is to {vp}', 'simply {vp}', 'use your tools to {vp}',
]
HOW = [  # asking how something is done
    'how do i {vp}', 'how do i {vp}', 'how can i {vp}', 'how to {vp}', 'how would i {vp}', "what's the command to {vp}", 'what is the command to {vp}',
    'which command do i use to {vp}', 'what do i type to {vp}', 'what is the way to {vp}', 'is there a way to {vp}', 'tell me how to {vp}',
    'explain how to {vp}', 'show me how to {vp}', 'i want to {vp}, how', "i'd like to know how to {vp}", 'what should i run to {vp}',
    'how does one {vp}', 'can you tell me how to {vp}', "i don't know how to {vp}", 'what must i do to {vp}', "what's the best way to {vp}",
    'how should i {vp}', 'how could i {vp}', 'what can i do to {vp}', 'is it possible to {vp}', 'which command lets me {vp}', 'how do you {vp}',
    'how do we {vp}', 'help me understand how to {vp}', 'i need to {vp}, what do i do', 'i am trying to {vp}', "i'm trying to {vp} but don't know how",
    'what do i need to {vp}', 'please explain how to {vp}', 'could you explain how to {vp}', 'what are the steps to {vp}', 'describe how to {vp}',
    'what is the easiest way to {vp}', 'can i {vp}', 'i want to {vp}', 'i need to {vp}', 'i would like to {vp}', 'do you know how to {vp}',
    'any idea how to {vp}', 'got a command to {vp}', 'what would i type to {vp}', 'if i want to {vp}, what do i run', 'remind me how to {vp}',
    'how is it possible to {vp}', 'teach me how to {vp}', 'instructions to {vp}', 'command to {vp}', 'way to {vp}', 'how do people {vp}',
    'what lets me {vp}', 'which command should i use to {vp}', 'with which command can i {vp}', 'where can i {vp}',
]
WHAT = [  # asking about a thing
    'what is {np}', 'what is {np}', "what's {np}", 'tell me about {np}', 'explain {np}', 'what do you know about {np}', 'describe {np}',
    'what can you tell me about {np}', 'i want to know about {np}', 'give me some information on {np}', 'can you explain {np}', 'what does {np} mean',
    'i have a question about {np}', 'please explain {np}', 'could you tell me what {np} is', 'do you know what {np} is', 'what exactly is {np}',
    'help me understand {np}', 'what about {np}', 'define {np}', "i don't understand {np}", 'say something about {np}', 'give me a short explanation of {np}',
    'explain to me what {np} is', 'what should i know about {np}', 'who or what is {np}', "i'd like to learn about {np}", 'teach me about {np}',
    'in one sentence, what is {np}', 'could you describe {np}', 'info on {np}', 'talk about {np}', 'how would you describe {np}', 'any facts about {np}',
]
WHERE = [
    'where is {np}', 'where is {np}', "where's {np}", 'where do i find {np}', 'where can i find {np}', 'where does codexpc keep {np}', 'what is the path of {np}',
    'what is the path to {np}', 'location of {np}', 'path of {np}', 'tell me where {np} is', 'show me where {np} is', 'where is {np} stored', 'where do i look for {np}',
    'in which folder is {np}', 'which directory holds {np}', 'can you tell me where {np} is', 'i am looking for {np}', "i can't find {np}", 'i need {np}, where is it',
    'where does {np} live', 'where should i look for {np}', 'do you know where {np} is', 'what is the location of {np}', 'give me the path of {np}',
    'where would i find {np}', 'which path does {np} have', 'at what path is {np}', 'where has codexpc put {np}', 'full path of {np} please', 'where to find {np}',
]
OPENINGS = ['', '', '', '', '', '', '', '', 'hey, ', 'hi, ', 'hello, ', 'ok, ', 'okay so ', 'so, ', 'um, ', 'well, ', 'quick question: ', 'question: ', 'one thing: ',
            'hi! ', 'hello! ', 'good morning, ', 'right, ', 'alright, ', 'excuse me, ', 'sorry, ', 'hi there, ', 'thanks. ', 'great, ', 'actually, ', 'and ', 'also, ',
            'listen, ', 'oh, ', 'by the way, ', 'now, ', 'first: ', 'hey codexpc, ', 'dear assistant, ', 'yo, ']
ENDINGS = ['', '', '', '', '', '', '', ' please', ', please', ' thanks', ', thanks', ' thank you', ', ok', ' right now', '', ' for me', ' quickly', '...', ' :)', ' now']
NAMES = ('Anna Ben Carla David Emma Felix Grace Hugo Ida Jonas Kira Leo Maria Nina Oscar Paula Quinn Rosa Sam Tom Uma Victor Wendy Xavier Yara Zoe Alice Bob Carol Dan Eva Frank '
         'Gina Henry Iris Jack Kate Liam Mia Noah Olga Peter Rita Simon Tina Ursula Vera Will Amir Bela Chen Deepa Elif Fatima Goran Hana Ivan Jun Kofi Lena Mateo Nadia').split()
CITIES = ('Paris Berlin London Tokyo Madrid Rome Oslo Vienna Prague Dublin Lisbon Athens Cairo Lagos Nairobi Delhi Mumbai Beijing Seoul Sydney Toronto Boston Chicago Denver Austin '
          'Seattle Miami Lima Quito Bogota Santiago Havana Zurich Geneva Munich Hamburg Milan Naples Porto Krakow Budapest Helsinki Stockholm Copenhagen Brussels Amsterdam').split()


def typo(d: Draw, text: str) -> str:
    """One slip of the finger in a plain word, or the text as it is."""
    words = text.split(' ')
    spots = [i for i, w in enumerate(words) if len(w) > 4 and w.isalpha() and w.islower()]
    if not spots:
        return text
    at = d.choice(spots)
    w = words[at]
    i = d.randint(1, len(w) - 2)
    words[at] = d.choice([w[:i] + w[i + 1:], w[:i] + w[i + 1] + w[i] + w[i + 2:], w[:i] + w[i] + w[i:]])
    return ' '.join(words)


def dress(d: Draw, text: str, question: bool = True, slips: bool = True, soft: bool = True) -> str:
    """Opening, ending, punctuation, case and a rare typo around a request."""
    if soft:
        opening = d.choice(OPENINGS) if d.maybe(0.35) else ''
        ending = d.choice(ENDINGS) if d.maybe(0.3) else ''
        text = opening + text + ending
    if slips and d.maybe(0.08):
        text = typo(d, text)
    roll = d.random()
    if roll < 0.6:
        text = text[:1].upper() + text[1:]
        text = text.replace(' i ', ' I ').replace(" i'", " I'")
    if text[-1:].isalnum() or text[-1:] in '`)"':
        if question:
            text += d.choice(['?', '?', '?', '?', '', '', '??', ' ?', '.'])
        else:
            text += d.choice(['.', '', '', '', '!', '.'])
    if roll > 0.95 and slips:
        text = text.upper()
    return text


def normal(text: str) -> str:
    """A request without case, punctuation and numbers."""
    return re.sub(r'[^a-z#]+', ' ', re.sub(r'\d+', '#', text.lower())).strip()


def bare(text: str) -> str:
    """`normal`, without the openings and endings that `dress` adds."""
    text = normal(text)
    for opening in _OPENINGS:
        if text.startswith(opening):
            text = text[len(opening):]
            break
    for ending in _ENDINGS:
        if text.endswith(ending):
            return text[:-len(ending)]
    return text


_OPENINGS = sorted({normal(o) + ' ' for o in OPENINGS if normal(o)}, key=len, reverse=True)
_ENDINGS = sorted({' ' + normal(e) for e in ENDINGS if normal(e)}, key=len, reverse=True)


def held_requests() -> set[str]:
    """Held-out phrasings that are whole requests: training must not compose them by another way."""
    found = set()
    for module in ('talk', 'faq', 'unknown', 'tools', 'shell'):
        for items in lists_in(vars(importlib.import_module(module))):
            if len(items) >= 6:
                found.update(normal(item) for item in items if is_held(item) and '{' not in item and len(normal(item)) > 3)
    return found


def lists_in(value: object):
    """All lists of strings in a module's constants, however deep."""
    if isinstance(value, list) and value and all(isinstance(v, str) for v in value):
        yield value
    elif isinstance(value, dict):
        for key, v in value.items():
            if not str(key).startswith('__') and str(key) not in ('NAMES', 'CITIES', 'DO', 'HOW', 'WHAT', 'WHERE'):
                yield from lists_in(v)
    elif isinstance(value, (list, tuple)):
        for v in value:
            yield from lists_in(v)


def join(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ', '.join(words[:-1]) + ' and ' + words[-1]
