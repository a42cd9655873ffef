"""Other words for the same request: synonyms, contractions, dropped and added small words; never a held-out phrasing."""

import functools
import importlib
import re

from phrases import Draw, is_held, lists_in, normal

GROUPS = [g.split('|') for g in '''
show|display|print|view|output|present
see|view|look at|watch|have a look at|take a look at|read
stop|halt|end|quit|terminate|shut down|bring down|take down|kill|switch off|turn off|finish|close
start|launch|begin|bring up|fire up|boot|get running|switch on|turn on|kick off
check|verify|inspect|examine|test|look at|make sure of
remove|delete|get rid of|erase|drop|throw out|take away
find|locate|look for|search for|discover|hunt for
change|switch|modify|alter|adjust|edit|swap|replace
choose|select|pick|specify|name|determine
set|change|choose|define|configure|fix
limit|restrict|cap|bound|reduce|shorten|cut|keep down
make|create|set up|build|produce
list|enumerate|name|show|give|print
answer|reply|response|output
answers|replies|responses|outputs
problem|trouble|fault|error|issue|failure
damaged|corrupt|broken|defective|bad|faulty|invalid
settings|configuration|options|preferences|config|parameters
setting|option|preference|parameter
program|application|app|software|tool|project
computer|machine|pc|laptop|system|box
thinking|reasoning|thoughts|analysis
think|reason|ponder
visible|shown|displayed
big|large|huge|great
small|little|tiny|short
quickly|fast|rapidly|soon|at once
memory|ram
message|text|notice
download|fetch|get
file|document
folder|directory
files|documents
location|place|path|whereabouts
conversation|chat|dialogue|talk|session
question|prompt|query|request
interactive|live
automatically|by itself|on its own|by default
login|boot|startup|logging in
requirements|prerequisites|needs|dependencies
need|require|want
needed|required|necessary
does not|doesn't|does'nt|will not
is not|isn't|is never
do not|don't|dont
cannot|can't|can not|am unable to
i am|i'm|im
what is|what's|whats|tell me
how do i|how can i|how does one|how am i to
want to|would like to|wish to|have to|need to
tell me|let me know|explain|say
explain|describe|clarify|tell me
useful|helpful|good
serious|real|actual|proper
work|jobs|tasks|use
priority|precedence|order|ranking
beat|override|win over|outrank
environment|environment variables|env vars
free|available|unused
current|present|actual
happens|occurs|takes place
shut|closed
running|active|alive|up
healthy|fine|ok|well|in order
busy|occupied|loaded
too long|too large|too big|over the limit
fit|go in|have room
enough|sufficient
exactly|precisely
random|different
repeat|reproduce|redo
same|identical
install|set up|put in|add
uninstall|remove|deinstall|take off
available|offered|there
licence|license|terms
crash|die|break|fall over|fail
crashes|dies|breaks|fails
share|use together
several|many|multiple|more than one|two
programs|applications|apps|clients|tools
compile|build|make
clone|checkout|copy
newest|latest|most recent|last
changes|edits|modifications
count|number|tally
word|term|text
copy|duplicate
rename|call
kernel|operating system
disk|drive|storage
space|room
processes|tasks|programs
user|account
hello|hi|hey
glad|happy|pleased
talk|chat|speak
sad|unhappy
clever|smart|bright|intelligent
stupid|dumb|silly
wrong|incorrect|false|mistaken
right|correct|true
bye|goodbye|farewell
thanks|thank you|thx
friend|buddy|pal|mate
robot|bot|machine
person|human|somebody|human being
made|built|created|developed|trained
private|confidential|secret
internet|web|network|cloud
data|words|messages|texts
abilities|skills|talents|powers
limits|limitations|bounds|weak points
'''.strip().splitlines()]
OTHERS: dict[str, list[str]] = {}
for _group in GROUPS:
    for _word in _group:
        OTHERS.setdefault(_word, []).extend(w for w in _group if w != _word)
_ANY = re.compile(r"(?<![\w'`-])(" + '|'.join(sorted(map(re.escape, OTHERS), key=len, reverse=True)) + r")(?![\w'`-])")
SMALL = ['just', 'really', 'maybe', 'again', 'actually', 'simply', 'possibly', 'only', 'so', 'kind of', 'perhaps', 'right', 'even', 'exactly']


@functools.cache
def held_pieces() -> tuple[frozenset[tuple[str, ...]], int]:
    """Runs of words of held-out phrasings (two words of a whole one, three of a frame), and the longest run's length."""
    found = set()
    for module in ('talk', 'faq', 'unknown', 'tools', 'shell', 'phrases'):
        for items in lists_in({**vars(importlib.import_module(module)), **({key + '_': vars(importlib.import_module('phrases'))[key] for key in ('DO', 'HOW', 'WHAT', 'WHERE')} if module == 'phrases' else {})}):
            for item in items:
                if len(items) >= 6 and is_held(item):
                    for piece in re.split(r'{\w+}', item):
                        run = tuple(normal(piece).split())
                        if len(run) >= (3 if '{' in item else 2):
                            found.add(run)
    return frozenset(found), max(map(len, found))


def runs(text: str) -> set[tuple[str, ...]]:
    """The held-out runs that a text has."""
    pieces, longest = held_pieces()
    words = normal(text).split()
    return {run for i in range(len(words)) for j in range(i + 2, min(len(words), i + longest) + 1) if (run := tuple(words[i:j])) in pieces}


def paraphrase(d: Draw, text: str, share: float = 0.4, kept: frozenset[str] = frozenset()) -> str:
    """The text in other words but for those `kept`, in `share` of the draws; held-out draws keep their wording."""
    if d.held or not d.maybe(share):
        return text
    strength = d.choice([0.2, 0.4, 0.6])
    out = _ANY.sub(lambda m: d.choice(OTHERS[m[1]]) if m[1] not in kept and d.maybe(strength) else m[1], text)
    words = out.split(' ')
    if len(words) > 3 and d.maybe(0.25):
        small = [i for i, w in enumerate(words) if w in ('the', 'a', 'an', 'do', 'i', 'my', 'is', 'to', 'of')]
        if small:
            words.pop(d.choice(small))
    if len(words) > 2 and d.maybe(0.15):
        words.insert(d.randint(1, len(words) - 1), d.choice(SMALL))
    out = ' '.join(words)
    return text if runs(out) - runs(text) else out
