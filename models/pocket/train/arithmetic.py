"""Small sums, worked out digit by digit in the analysis channel: only one-digit facts have to be known."""

from phrases import NAMES, Draw, dress

EXPRESSION_FRAMES = [
    'what is {e}', 'what is {e}', "what's {e}", 'calculate {e}', 'compute {e}', 'how much is {e}', '{e}', '{e} =', '{e} = ?', 'solve {e}', 'give me the result of {e}', 'tell me {e}', 'what do you get for {e}', 'can you calculate {e}',
    'please compute {e}', 'what does {e} make', 'what is the result of {e}', 'work out {e}', 'find {e}', 'evaluate {e}', 'i need {e}', 'could you work out {e}', 'how much does {e} make', 'what number is {e}', 'do you know what {e} is', 'quick, {e}',
    'the value of {e}', 'what about {e}', 'and {e}', 'i want to know {e}', 'answer this: {e}', 'tell me the result of {e}', 'say what {e} is', 'explain {e}', 'help me with {e}', 'i wonder what {e} is', 'how do i calculate {e}', 'what would {e} be',
    'show me {e}', 'can you do {e}', 'what is the answer to {e}', 'let me know what {e} is', 'what comes out of {e}', 'determine {e}', 'my homework is {e}', 'a sum: {e}', 'math: {e}', 'please solve {e} for me', 'could you tell me what {e} is', 'give me {e}',
    'what does {e} equal', '{e} equals', '{e} is what', 'how many is {e}', 'do the math: {e}', 'what total do i get from {e}', 'if i compute {e}, what do i get', 'can you tell me {e}', 'what will {e} give', 'i have to calculate {e}',
]
OPERATORS = {'+': ['{a} + {b}', '{a}+{b}', '{a} plus {b}', '{a} + {b}', '{a} and {b} added', 'the sum of {a} and {b}', '{a} added to {b}', '{a} increased by {b}', 'the total of {a} and {b}'],
             '-': ['{a} - {b}', '{a}-{b}', '{a} minus {b}', '{a} - {b}', 'the difference of {a} and {b}', '{a} less {b}', '{a} reduced by {b}', '{a} decreased by {b}', '{b} subtracted from {a}'],
             '*': ['{a} * {b}', '{a}*{b}', '{a} times {b}', '{a} x {b}', 'the product of {a} and {b}', '{a} multiplied by {b}', '{a} × {b}', '{a} times {b}']}
COMMANDS = {'+': ['add {a} and {b}', 'add {b} to {a}', 'sum up {a} and {b}', 'put {a} and {b} together', 'add up {a} and {b}', 'sum {a} and {b}', 'add the numbers {a} and {b}', 'total {a} and {b}'],
            '-': ['subtract {b} from {a}', 'take {b} away from {a}', 'take {b} from {a}', 'deduct {b} from {a}', 'remove {b} from {a}', 'reduce {a} by {b}'],
            '*': ['multiply {a} by {b}', 'multiply {a} and {b}', 'multiply {a} with {b}', 'take {a} times {b}', 'find {a} times {b}', 'multiply the numbers {a} and {b}']}
STORIES = {
    '+': ['{n} has {a} {o} and gets {b} more. How many {o} does {n} have now?', 'There are {a} {o} in one box and {b} in another. How many {o} are there in all?', 'I had {a} {o} and bought {b} more. How many do I have?',
          '{n} collected {a} {o} on Monday and {b} on Tuesday. How many in total?', 'A shop sold {a} {o} in the morning and {b} in the afternoon. How many did it sell?', '{n} owns {a} {o}, {m} owns {b}. How many {o} do they have together?',
          'We counted {a} {o}, then {b} more. What is the total?', 'If I have {a} {o} and find {b} others, how many are there?', 'A truck carries {a} {o}. Another {b} {o} are loaded. How many {o} does it carry now?', '{n} read {a} pages yesterday and {b} today. How many pages is that?',
          'On the table are {a} {o}. {n} adds {b}. How many are on the table?', 'One room holds {a} people, the next holds {b}. How many people fit in both?', '{n} walked {a} meters and then {b} meters. How far did {n} walk?', 'My list has {a} entries and yours has {b}. How many entries together?',
          '{n} saved {a} dollars and earned {b} dollars. How much money does {n} have?', 'First {a} {o} arrived, later {b} came as well. How many arrived?', 'The team scored {a} points in the first half and {b} in the second. How many points in all?', 'A file has {a} lines and another has {b} lines. How many lines do both have?'],
    '-': ['{n} has {a} {o} and gives away {b}. How many {o} are left?', 'There were {a} {o}, and {b} were sold. How many are left?', 'I had {a} {o} and lost {b}. How many do I have now?', 'A book has {a} pages and {n} has read {b}. How many pages remain?',
          'From {a} {o}, {b} are broken. How many are still good?', '{n} had {a} dollars and spent {b}. How much money is left?', 'A bus with {a} people lets {b} get off. How many stay on the bus?', '{n} owns {a} {o}, {m} owns {b}. How many more does {n} have?',
          'The tank held {a} liters; {b} were used. How many liters are left?', 'Of {a} tests, {b} have failed. How many passed?', 'There are {a} {o} in a basket. {n} takes out {b}. How many stay in the basket?', 'A rope of {a} meters is cut by {b} meters. How long is it now?',
          'We had {a} {o} and ate {b} of them. How many remain?', '{n} needs {a} {o} and already has {b}. How many are missing?', 'A trip is {a} km long. {n} has driven {b} km. How far is it still?', 'If {b} of {a} {o} are gone, how many are there?'],
    '*': ['{n} has {a} boxes with {b} {o} each. How many {o} are there?', 'There are {a} rows of {b} {o}. How many {o} in all?', 'A ticket costs {b} dollars. How much do {a} tickets cost?', 'Each of {a} children gets {b} {o}. How many {o} are needed?',
          '{n} buys {a} packs of {b} {o}. How many {o} is that?', 'A car drives {b} km every day for {a} days. How far is that?', 'One shelf holds {b} {o}. How many fit on {a} shelves?', 'If one of the {o} weighs {b} kg, how much do {a} weigh?', '{n} works {b} hours a day. How many hours is that in {a} days?',
          'A page has {b} lines. How many lines do {a} pages have?', '{a} bags hold {b} {o} each. What is the total?', 'Every week {n} reads {b} pages. How many pages in {a} weeks?', 'There are {a} teams of {b} people. How many people are there?', '{a} friends bring {b} {o} each. How many {o} do they bring?'],
}
MORE = {  # further stories
    '+': ['A cart holds {a} {o}. Then {b} {o} are put in. How many {o} does it hold now?', 'A ship carries {a} tons. Another {b} tons come on board. How many tons does it carry now?', 'A van has {a} {o} in it and {b} {o} are added. How many are in it now?', 'Another {b} {o} join {a} {o}. How many {o} is that?', 'In the bag are {a} {o}. {n} puts in {b}. How many are in the bag?',
          'On the shelf are {a} {o}, and {n} puts {b} more there. How many are on the shelf?', '{n} wrote {a} lines yesterday and {b} today. How many lines is that?', '{n} sold {a} {o} last week and {b} this week. How many {o} is that?', '{n} ran {a} meters in the morning and {b} in the evening. How many meters is that?', 'Yesterday {n} made {a} {o}, today {b}. How many {o} were made?',
          'A farmer has {a} cows and {b} sheep. How many animals is that?', 'The first page has {a} words and the second {b}. How many words in all?', 'A school has {a} girls and {b} boys. How many children are there?', '{n} pays {a} dollars for a coat and {b} for shoes. How much is that?', 'The bill is {a} dollars, and the tip is {b}. How much does {n} pay?', '{a} {o} are here and {b} {o} are there. How many {o} are there together?',
          '{n} brings {a} {o} and {m} brings {b}. How many {o} do we have?', 'A train with {a} people takes on {b} more. How many people are on it?', 'My stack has {a} {o}. I put {b} on top. How many does it have now?', 'To the {a} {o} come another {b}. How many are there?', 'A tank with {a} liters gets {b} liters more. How much is in it now?', 'The game gave {n} {a} points, then {b} points. How many points is that?',
          'A garden has {a} red and {b} white flowers. How many flowers does it have?', 'It took {a} minutes to go and {b} minutes to come back. How long did it take?', 'One rope is {a} meters long, the other {b}. How long are they together?'],
    '-': ['A truck carries {a} {o}. {b} {o} are unloaded. How many {o} does it carry now?', 'On the table are {a} {o}. {n} takes {b}. How many are still on the table?', '{n} had to read {a} pages and has read {b}. How many pages are left?', 'The shop had {a} {o} and sold {b}. How many does it have now?', 'A school has {a} children, {b} of them girls. How many boys are there?', 'I have {a} dollars and pay {b}. How much do I keep?',
          'In the hall were {a} people, and {b} went home. How many are still there?', 'A file of {a} lines loses {b} lines. How many lines are left?', '{n} is {a} and {m} is {b} years old. How much older is {n}?', 'Of {a} {o}, {n} eats {b}. How many are left over?', 'The battery had {a} units and used {b}. How many units are left?', '{n} owes {a} dollars and pays back {b}. How much is still owed?',
          'The tower is {a} meters high, the house {b}. How much higher is the tower?', '{a} {o} were ordered and {b} came. How many are still to come?', 'A shelf with {a} {o} loses {b}. How many {o} are on it now?'],
    '*': ['A box holds {b} {o}. How many {o} are in {a} boxes?', '{n} has {a} shelves of {b} {o}. How many {o} is that?', 'Each day {n} makes {b} {o}. How many in {a} days?', 'There are {a} tables with {b} chairs each. How many chairs are there?', '{a} cars carry {b} people each. How many people is that?', 'One hour costs {b} dollars. What do {a} hours cost?', 'Every child has {b} {o}, and there are {a} children. How many {o} do they have?',
          'In {a} nests are {b} eggs each. How many eggs are there?', '{n} pays {b} dollars a month. How much is that in {a} months?', 'A machine makes {b} {o} a minute. How many in {a} minutes?', '{a} pages have {b} words each. How many words is that?', 'A garden has {a} rows with {b} plants. How many plants is that?'],
}
for _op, _stories in MORE.items():
    STORIES[_op].extend(_stories)
OBJECTS = ('apples pears books stones coins cards eggs pens flowers shells stamps marbles cookies balls cups plates boxes tickets nails screws toys cakes candles bottles pencils photos letters keys shirts bricks '
           'lemons oranges buttons beads songs maps chairs tables lamps files').split()
FOLLOW = {'+': ['and {b} more', 'plus {b}', 'add {b}', 'and now add {b}', 'now add {b} to that', 'and plus {b}', 'then add {b}', 'add {b} more to it', 'add another {b}', 'what if you add {b}'],
          '-': ['minus {b}', 'now subtract {b}', 'and minus {b}', 'take away {b}', 'then subtract {b}', 'and {b} less', 'subtract {b} from that', 'now take {b} away from it', 'and without {b}', 'remove {b} from it'],
          '*': ['times {b}', 'now multiply it by {b}', 'and times {b}', 'multiply that by {b}', 'now times {b}', 'then multiply by {b}', 'multiply the result by {b}', 'take it times {b}']}


def columns(n: int) -> list[int]:
    return [int(c) for c in reversed(str(n))]


def add_steps(a: int, b: int) -> str:
    if a < 10 and b < 10:
        return f'{a}+{b}={a + b}'
    x, y, carry, steps = columns(a), columns(b), 0, []
    for i in range(max(len(x), len(y))):
        terms = [c[i] for c in (x, y) if i < len(c)] + ([carry] if carry else [])
        total = sum(terms)
        steps.append('+'.join(map(str, terms)) + f'={total}' if len(terms) > 1 else str(total))
        carry = total // 10
    return ', '.join(steps) + f': {a + b}'


def subtract_steps(a: int, b: int) -> str:
    if a < b:
        return f'{b} is larger: {subtract_steps(b, a)}, so {a - b}'
    if a < 10:
        return f'{a}-{b}={a - b}'
    x, y, borrow, steps = columns(a), columns(b), 0, []
    for i, digit in enumerate(x):
        take = y[i] if i < len(y) else 0
        left = digit - take - borrow
        top = digit + 10 if left < 0 else digit
        steps.append(f'{top}-{take}' + ('-1' if borrow else '') + f'={left % 10}')
        borrow = int(left < 0)
    return ', '.join(steps) + f': {a - b}'


def multiply_steps(a: int, b: int) -> str:
    if b > a:
        a, b = b, a
    if a <= 10 and b <= 10 or a < 10:
        return f'{a}*{b}={a * b}'
    if b < 10:
        carry, steps = 0, []
        for digit in columns(a):
            total = digit * b + carry
            steps.append(f'{digit}*{b}' + (f'+{carry}' if carry else '') + f'={total}')
            carry = total // 10
        return ', '.join(steps) + f': {a * b}'
    if b % 10 == 0:
        return f'{multiply_steps(a, b // 10)}, times 10: {a * b}'
    ones, tens = a * (b % 10), a * (b // 10) * 10
    return f'{a}*{b % 10}: {multiply_steps(a, b % 10)}; {a}*{b // 10 * 10}: {multiply_steps(a, b // 10)}, {tens}; {tens}+{ones}: {add_steps(tens, ones)}'


STEPS = {'+': add_steps, '-': subtract_steps, '*': multiply_steps}
VALUE = {'+': lambda a, b: a + b, '-': lambda a, b: a - b, '*': lambda a, b: a * b}


def operand(d: Draw) -> int:
    digits = d.choice([1, 1, 2, 2, 2, 3, 3, 3])
    return d.randint(0 if digits == 1 else 10 ** (digits - 1), 10 ** digits - 1)


def operands(d: Draw, op: str) -> tuple[int, int]:
    if op == '*':
        roll = d.random()
        if roll < 0.45:
            pair = [d.randint(0, 12), d.randint(0, 12)]
        elif roll < 0.8:
            pair = [d.randint(2, 9), d.randint(11, 99)]
        elif roll < 0.9:
            pair = [d.randint(2, 9), d.randint(100, 999)]
        else:
            pair = [d.randint(10, 29), d.randint(10, 99)] if not d.held else [d.randint(2, 12), d.randint(2, 12)]
        d.rng.shuffle(pair)
        return pair[0], pair[1]
    a, b = operand(d), operand(d)
    if op == '-' and a < b and d.maybe(0.85):
        a, b = b, a
    return a, b


def thinking(op: str, a: int, b: int, effort: str) -> str:
    steps = STEPS[op](a, b)
    if effort == 'low':
        return steps
    text = f'{a}{op}{b}. {steps}.'
    if effort == 'high':
        text = f'The user wants a sum. I do it digit by digit. {text} The result is {VALUE[op](a, b)}.'
    return text


def check_of(value: int) -> dict:
    number = str(abs(value))
    sign = '(-|minus )' if value < 0 else r'(?<![-\d])'
    return {'kind': 'final', 'all': [sign + number + r'\D*$'], 'analysis': True}


def sum_request(d: Draw) -> tuple[str, str, int, int, bool]:
    """(request, operator, a, b, is a story)."""
    op = d.choice('++++---**')
    roll = d.random()
    if roll < 0.25:
        a, b = operands(d, op)
        if op == '*':
            a, b = max(a, 2), max(b, 2)
        else:
            a, b = max(a, b, 2), max(1, min(a, b)) if op == '-' else max(b, 1)
            a = max(a, 2)
        n, m = d.sample(NAMES, 2)
        text = d.pick(STORIES[op]).format(a=a, b=b, n=n, m=m, o=d.choice(OBJECTS))
        if d.maybe(0.3):
            text = text.lower() if d.maybe(0.5) else text.rstrip('?') + d.choice(['', '??', '? Thanks', '? Please answer.'])
        return text, op, a, b, True
    a, b = operands(d, op)
    if roll < 0.4:
        text = d.pick(COMMANDS[op]).format(a=a, b=b)
        return dress(d, text, False), op, a, b, False
    text = d.pick(EXPRESSION_FRAMES).replace('{e}', d.choice(OPERATORS[op]).format(a=a, b=b))
    return dress(d, text, slips=False), op, a, b, False


def answer_of(op: str, a: int, b: int, story: bool) -> str:
    value = VALUE[op](a, b)
    return f'The answer is {value}.' if story else f"{a} {op.replace('*', '×')} {b} = {value}."


def arithmetic(d: Draw, effort: str) -> tuple[str, str, str, dict]:
    """(request, analysis, answer, check)."""
    text, op, a, b, story = sum_request(d)
    return text, thinking(op, a, b, effort), answer_of(op, a, b, story), check_of(VALUE[op](a, b))


def follow_up(d: Draw, effort: str) -> tuple[list[tuple[str, str]], str, str, str, dict]:
    """(history, request, analysis, answer, check): goes on from the last result."""
    while True:
        text, op, a, b, story = sum_request(Draw(d.rng))
        value = VALUE[op](a, b)
        if 0 <= value <= 999:
            break
    second = d.choice('++--*')
    c = d.randint(2, 9) if second == '*' else d.randint(1, max(1, value)) if second == '-' else d.randint(1, d.choice([9, 99, 999]))
    request = dress(d, d.pick(FOLLOW[second]).format(b=c), slips=False)
    return [(text, answer_of(op, a, b, story))], request, thinking(second, value, c, effort), answer_of(second, value, c, False), check_of(VALUE[second](value, c))
