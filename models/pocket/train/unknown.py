"""Questions and tasks that the model must refuse: it says that it does not know, or that it has no tool for it."""

import re

from phrases import CITIES, DO, HOW, NAMES, WHAT, Draw, dress

DONT_KNOW = ['I do not know that. I can chat, do small sums, answer questions about codexpc and use the tools I am given.',
             "I don't know that. I am a small model: I can do small sums and answer questions about codexpc."]
CANNOT = ['I cannot do that: I have no tool for it.']
REFUSED = r"do not know|don't know|cannot|can't|no tool|not able"
CHECK = {'kind': 'final', 'any': [REFUSED]}

COUNTRIES = ('France Spain Italy Germany Austria Brazil Canada Chile China Cuba Egypt Finland Greece India Ireland Japan Kenya Mexico Norway Peru Poland Portugal Russia Sweden Turkey Vietnam Ukraine Iran Iraq Nepal Ghana '
             'Morocco Hungary Iceland Belgium Denmark Australia Argentina Thailand Malaysia').split()
PEOPLE = ['Einstein', 'Newton', 'Napoleon', 'Mozart', 'Bach', 'Shakespeare', 'Goethe', 'Cleopatra', 'Caesar', 'Picasso', 'Darwin', 'Galileo', 'Plato', 'Aristotle', 'Beethoven', 'Turing', 'Curie', 'Tesla', 'Gandhi', 'Lincoln', 'Washington', 'Columbus', 'Kant', 'Tolstoy', 'Dickens', 'Mandela', 'Rembrandt', 'Chopin']
WORKS = ['Hamlet', 'Faust', 'the Odyssey', 'Moby Dick', 'War and Peace', 'the Mona Lisa', 'Don Quixote', 'Dracula', 'Macbeth', 'the Magic Flute', 'Star Wars', 'Emma', 'Ulysses', 'the Iliad', 'Carmen', 'the Starry Night', 'Frankenstein', 'the Hobbit']
TOPICS = ['photosynthesis', 'quantum physics', 'black holes', 'the French Revolution', 'the Roman Empire', 'dinosaurs', 'gravity', 'evolution', 'inflation', 'the stock market', 'football', 'chess', 'jazz', 'opera', 'the moon', 'the sun', 'Mars', 'volcanoes', 'earthquakes', 'DNA', 'vitamins', 'coffee', 'tea', 'bitcoin', 'world war two', 'the middle ages',
          'relativity', 'electricity', 'the internet', 'philosophy', 'democracy', 'climate change', 'the ocean', 'penguins', 'elephants', 'cats', 'roses', 'the human heart', 'the brain', 'atoms', 'Kubernetes', 'Docker', 'Linux', 'Rust', 'Java', 'React', 'SQL', 'machine learning', 'calculus', 'algebra', 'geometry', 'prime numbers', 'tennis', 'basketball', 'the olympics']
QUESTIONS = [
    'what is the capital of {country}', 'which city is the capital of {country}', 'how many people live in {country}', 'what is the population of {city}', 'who is the president of {country}', 'who rules {country}', 'what language do they speak in {country}', 'which currency does {country} have', 'where is {country}', 'where is {city}',
    'how far is it from {city} to {city2}', 'what is the weather in {city}', 'how is the weather today', 'will it rain tomorrow in {city}', 'is it cold in {city}', 'what time is it in {city}', 'how big is {country}', 'how old is {city}', 'what is there to see in {city}', 'how do i get to {city}',
    'who was {person}', 'when was {person} born', 'when did {person} die', 'what did {person} discover', 'where was {person} born', 'why is {person} famous', 'how old did {person} get', 'who wrote {work}', 'who made {work}', 'when was {work} made', 'what is {work} about', 'how does {work} end',
    'how does {topic} work', 'why is {topic} important', 'who invented {topic}', 'when was {topic} discovered', 'what are the basics of {topic}', 'give me an introduction to {topic}', 'how can i learn {topic}', 'what do experts say about {topic}', 'why do people like {topic}', 'is {topic} dangerous', 'what is the history of {topic}', 'write about {topic}',
    'why is the sky blue', 'why is grass green', 'how many planets are there', 'what is the tallest mountain', 'what is the longest river', 'who won the world cup', 'who is the richest person', 'what is the speed of light', 'how many bones do humans have', 'what is the meaning of life', 'what year is it', 'what day is it today', 'what time is it', 'what is the date',
    'who is the pope', 'what happened in 1789', 'what happened in {year}', 'who won the election in {year}', 'when does the train leave', 'what is on tv tonight', 'what should i eat', 'what should i cook tonight', 'how much does a car cost', 'what is the price of gold', 'how is the stock market', 'what are the news', 'who won yesterday', 'what is the best phone',
    'how tall is the eiffel tower', 'how many legs has a spider', 'do fish sleep', 'how long do dogs live', 'what do bears eat', 'why do cats purr', 'what color is a {noun}', 'how big is a {noun}', 'where do i buy a {noun}', 'how much does a {noun} cost', 'who invented the {noun}', 'what is the opposite of {noun}', 'what rhymes with {noun}', 'how do you spell {noun} in french',
    'is a {noun} heavier than a {noun2}', 'what is the difference between a {noun} and a {noun2}', 'why does a {noun} need a {noun2}', 'can a {noun} fly', 'what is a {noun} made of', 'how many kinds of {noun} are there', 'which {noun} is best', 'when was the {noun} invented', 'what is the plural of {noun}', 'translate {noun} into german', 'what does {noun} mean in spanish',
    'what did i eat yesterday', 'where did i put my keys', 'what is my password', 'what is my phone number', 'how old am i', 'when is my birthday', 'what am i thinking', 'what is the name of my dog', 'how tall am i', 'where was i born', 'who is my neighbor', 'what is in my pocket', 'which number am i thinking of',
    'how many people work at openai', 'who is the ceo of openai', 'what is the latest version of python', 'how many stars are in the sky', 'which team does {name} play for', 'who is {name}', 'do you know {name}', 'where does {name} live', 'what is {name} doing', 'is {name} married', 'how old is {name}', 'when will {name} arrive',
]
TASKS = [  # infinitive phrases that need knowledge, skill or a tool
    'write a poem about {topic}', 'write a story about a {noun}', 'write an essay on {topic}', 'translate this into french', 'translate {noun} into spanish', 'draw a {noun}', 'paint a picture of a {noun}', 'sing a song', 'write a python script', 'write a sorting function in {lang}', 'fix my {lang} code', 'explain {topic} to a child',
    'send an email to {name}', 'call {name}', 'text {name} that i am late', 'order a pizza', 'book a flight to {city}', 'book a hotel in {city}', 'turn on the lights', 'play some music', 'set an alarm for seven', 'remind me to buy a {noun}', 'search the web for {noun}', 'look up {topic} on the internet', 'open the browser', 'buy a {noun}',
    'tell me the news', 'tell me the weather in {city}', 'tell me the time', 'tell me the date', 'recommend a book', 'recommend a restaurant in {city}', 'plan a trip to {country}', 'cook dinner', 'bake a cake', 'repair a {noun}', 'grow a {noun}', 'learn {lang}', 'clean a {noun}', 'build a {noun}', 'make a {noun}', 'sell a {noun}', 'cook a {noun}',
    'summarize the text', 'summarize this book', 'write a letter to {name}', 'write a summary of {work}', 'list the kings of {country}', 'name three rivers in {country}', 'list five facts about {topic}', 'compare {topic} and {topic2}', 'debug my program', 'write unit tests for my code', 'refactor this function', 'create a website', 'delete my account',
    'list the files', 'show me the files', 'create a file called {noun}.txt', 'delete the file {noun}.txt', 'open {noun}.txt', 'read the file {noun}.md', 'run git status', 'run the command ls', 'run {noun}.py', 'commit my changes', 'push to github', 'install a package', 'search my files for {noun}', 'rename the folder {noun}', 'show the disk usage', 'print the current directory',
    'schedule a meeting with {name}', 'transfer {year} dollars to {name}', 'convert {year} dollars to euros', 'pick a lottery number', 'predict the future', 'guess my age', 'read my mind', 'find my phone', 'take a photo', 'start the car', 'lock the door', 'water the {noun}', 'feed the {noun}', 'find a {noun} near me', 'show me a picture of a {noun}',
    'write a haiku', 'invent a new {noun}', 'give me a recipe for {noun} soup', 'solve a riddle', 'write a song about {topic}', 'tell me a fairy tale', 'write a business plan', 'do my taxes', 'design a logo for {name}', 'review my essay', 'correct my grammar', 'make a list of {noun} names', 'describe the city of {city}', 'tell me the history of {country}',
]
LANGS = ['Python', 'Java', 'Rust', 'C', 'Go', 'Kotlin', 'Haskell', 'Ruby', 'PHP', 'Swift', 'Perl', 'TypeScript']


def fill(d: Draw, text: str, nouns: list[str]) -> str:
    if '{' not in text:
        return text
    for slot, values in (('{country}', COUNTRIES), ('{city}', CITIES), ('{city2}', CITIES), ('{person}', PEOPLE), ('{work}', WORKS), ('{topic}', TOPICS), ('{topic2}', TOPICS), ('{name}', NAMES), ('{lang}', LANGS), ('{noun}', nouns), ('{noun2}', nouns)):
        if slot in text:
            text = text.replace(slot, d.choice(values))
    return text.replace('{year}', str(d.randint(2, 2030)))


def unknown(d: Draw, nouns: list[str]) -> tuple[str, str, str, dict]:
    """(request, thought, answer, check)."""
    roll = d.random()
    if roll < 0.4:
        text = fill(d, d.pick(QUESTIONS), nouns)
        text = dress(d, text)
    elif roll < 0.62:
        noun = d.choice(nouns)
        what = d.choice([d.choice(TOPICS), d.choice(TOPICS), d.choice(COUNTRIES), d.choice(PEOPLE), f'a {noun}', f'the {noun}', noun, f'{noun}s', d.choice(WORKS)])
        text = dress(d, d.pick(WHAT).replace('{np}', what))
    elif roll < 0.72:
        text = dress(d, d.pick(HOW).replace('{vp}', fill(d, d.pick(TASKS), nouns)))
    else:
        text = dress(d, d.pick(DO).replace('{vp}', fill(d, d.pick(TASKS), nouns)), d.maybe(0.4))
        return text, 'I have no tool for this.', d.choice(CANNOT), CHECK
    return text, 'I do not know this.', d.choice(DONT_KNOW[:1] * 4 + DONT_KNOW), CHECK


PARAMETERS = {'noun': 'item thing name what {w}', 'city': 'city place location', 'name': 'person name recipient', 'topic': 'topic subject about', 'country': 'country land', 'work': 'title work', 'lang': 'language lang', 'year': 'amount number value'}


def task(d: Draw, nouns: list[str]) -> tuple[dict, str, dict]:
    """(tool, request, arguments): a task that would be refused, and the tool that it needs."""
    phrase = d.pick(TASKS)
    said, properties, arguments = phrase, {}, {}
    for slot in re.findall(r'{(\w+?)2?}', phrase):
        spelled = '{' + slot + '}'
        if slot in arguments or spelled not in said:
            continue
        found = fill(d, spelled, nouns)
        said = said.replace(spelled, found)
        key = d.choice(PARAMETERS[slot].split(' ')).replace('{w}', 'object')
        number = slot == 'year'
        properties[key] = {'type': 'integer' if number else 'string'}
        arguments[key] = int(found) if number else found
    if '{' in said:
        return task(d, nouns)
    plain = [w for w in re.sub(r'{\w+}', '', phrase).replace('.', ' ').split() if w.isalpha() and w not in ('a', 'an', 'the', 'to', 'my', 'in', 'for', 'on', 'of', 'about', 'me', 'that', 'i', 'am', 'this', 'some', 'with', 'from', 'near', 'into', 'called', 'is')]
    name = d.choice(['_'.join(plain[:3]), '_'.join(plain[:2]), plain[0] + ''.join(w.capitalize() for w in plain[1:3]), '-'.join(plain[:3]), '_'.join(reversed(plain[:2]))])
    if len(plain) < 2:
        name = f"{plain[0]}_{d.choice(list(properties) or ['it'])}"
    tool = {'name': name, 'description': d.choice([f"{' '.join(plain).capitalize()}.", f"Can {' '.join(plain)}.", f"Use it to {' '.join(plain)}.", None]), 'parameters': {'type': 'object', 'properties': properties, 'required': list(properties)} if properties or d.maybe(0.5) else None}
    text = dress(d, d.pick(DO).replace('{vp}', said), d.maybe(0.3), slips=False)
    return (tool, text, arguments) if all(str(v) in text for v in arguments.values()) else task(d, nouns)
