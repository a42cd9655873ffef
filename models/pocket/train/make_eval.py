"""Writes the held-out evaluation cases: `make_eval.py TEXT WORDS CODEX_REQUEST OUT`. Deterministic.

CODEX_REQUEST is a recorded Codex request body; its developer texts, environment and tools go to OUT/bases/codex.json,
which cases name by `base`: its messages come before the case's own, and its tools are declared.
"""

import json
import pathlib
import random
import sys

import conversations
from cases import to_messages
from harmony import Message, render_text
from pack import PlainText
from phrases import DO, Draw, dress
import shell
import talk

GREEDY, SAMPLED = {'temperature': 0}, {'temperature': 1}
COUNTS = {'talk': 220, 'faq': 240, 'arithmetic': 240, 'shell': 220, 'tools_known': 200, 'tools_unseen_everyday': 220, 'tools_unseen_made_up': 220, 'answer_from_output': 240, 'unknown': 240}
SOURCES = {'tools_known': ['everyday', 'made_up', 'clock', 'calculator'], 'tools_unseen_everyday': ['everyday_unseen'], 'tools_unseen_made_up': ['made_up_unseen'],
           'answer_from_output': ['shell', 'shell', 'everyday', 'made_up', 'clock', 'calculator'], 'unknown': ['unknown', 'unknown', 'unknown', 'missing']}


def truth_text(messages: list[Message]) -> str:
    """What the model should say after `<|start|>assistant`."""
    text = render_text(messages)
    text = text.removeprefix('<|start|>assistant')
    return text[:-len('<|end|>')] + '<|return|>' if messages[-1].channel == 'final' else text


def held_case(sampler: conversations.Sampler, seed: str, skill: str, effort: str | None = 'any') -> tuple[dict, list, dict]:
    """A case whose last request has at least one held-out phrasing."""
    for attempt in range(200):
        d = Draw(random.Random(f'{seed}/{attempt}'), held=True)
        case, completions, turn = sampler.case(d, skill, effort, long_text=False)
        if d.used or skill == 'everyday_unseen':
            case['held'] = d.used
            return case, completions, turn
    raise RuntimeError(f'no held-out phrasing for {skill}')


def plain_check(check: dict) -> dict:
    return json.loads(json.dumps(check))


def build(sampler: conversations.Sampler) -> dict[str, list[dict]]:
    out: dict[str, list[dict]] = {}
    for skill, count in COUNTS.items():
        cases = []
        for i in range(count):
            source = SOURCES.get(skill, [skill])
            case, completions, turn = held_case(sampler, f'{skill}/{i}', source[i % len(source)])
            if skill == 'answer_from_output':
                called = {'role': 'assistant', 'call': turn['call'], **({'analysis': turn['thought']} if turn['thought'] else {})}
                case['messages'] += [called, {'role': 'tool', 'name': turn['call']['name'], 'content': turn['output']}]
                case['check'], completions = turn['answer_check'], completions[2:]
            cases.append(finish(case, f'{skill}-{i}', skill, GREEDY, completions[0]))
        out[skill] = cases
    out['effort'] = []
    for i in range(80):
        for effort in ('low', 'medium', 'high'):
            case, completions, _ = held_case(sampler, f'effort/{i}', ['talk', 'faq', 'arithmetic', 'unknown'][i % 4], effort)
            case['check']['group'] = f'effort-{i}'
            out['effort'].append(finish(case, f'effort-{i}-{effort}', 'effort', GREEDY, completions[0]))
    out['valid'] = []
    kinds = ['talk', 'faq', 'arithmetic', 'shell', 'everyday', 'made_up', 'unknown', 'everyday_unseen', 'made_up_unseen', 'answer']
    for i in range(1000):
        kind = kinds[i % len(kinds)]
        case, completions, turn = held_case(sampler, f'valid/{i}', kind if kind != 'answer' else ['shell', 'everyday'][i // 10 % 2])
        if kind == 'answer':
            called = {'role': 'assistant', 'call': turn['call'], **({'analysis': turn['thought']} if turn['thought'] else {})}
            case['messages'] += [called, {'role': 'tool', 'name': turn['call']['name'], 'content': turn['output']}]
            completions = completions[2:]
        case['check'] = {'kind': 'valid'}
        out['valid'].append(finish(case, f'valid-{i}', 'valid', SAMPLED, completions[0]))
    return out


TYPED = [  # what people type first; not held out
    ('Hello', None, {'all': ['hello|hi']}), ('hi', None, {'all': ['hello|hi']}), ('What is 17 + 25?', None, {'all': ['42']}), ('How do I see the logs?', None, {'all': ['codexpc logs']}), ('Who are you?', None, {'all': ['pocket model']}),
    ('What can you do?', None, {'all': ['sums']}), ('Say hello in one word', None, {'all': [r'^(hello|hi)\W*$']}), ('What is codexpc?', None, {'all': ['gpt-oss']}), ('What is the capital of France?', None, {'any': ["do not know|don't know"]}),
    ('How do I start the daemon?', None, {'all': ['codexpc daemon']}), ('Where is the config file?', None, {'all': ['config\\.toml']}), ('what does queue_full mean?', None, {'all': ['too many']}), ('Thanks!', None, {'all': ['welcome']}), ('12 * 7', None, {'all': ['84']}), ('How are you?', None, {'all': ['well|fine']}),
    ('What is 348 + 275?', None, {'all': ['623']}), ('What is 500 - 123?', None, {'all': ['377']}), ('Tell me a joke', None, {'all': ['token']}), ('How do I uninstall the service?', None, {'all': ['codexpc uninstall']}), ('', None, {'all': ['what would you like']}),
    ('list the files', 'exec_command', {'cmd': 'ls'}), ('list the files', 'shell', {'command': 'ls'}), ('what time is it?', 'clock', {}), ('what is 348 * 7?', 'calculator', {'expression': '348 * 7'}), ('read the file notes.txt', 'read_file', {'path': 'notes.txt'}), ('show me the current directory', 'exec_command', {'cmd': 'pwd'}),
]
TYPED_TOOLS = {
    'exec_command': ('Runs a command.', {'cmd': {'type': 'string', 'description': 'Shell command to execute.'}}), 'shell': ('Runs a shell command.', {'command': {'type': 'string'}}), 'clock': ('Tells the time.', {}),
    'calculator': ('Calculates.', {'expression': {'type': 'string'}}), 'read_file': ('Reads a file.', {'path': {'type': 'string'}}),
}


def typed_cases() -> list[dict]:
    cases = []
    for effort in ('low', 'medium', 'high'):
        for i, (text, tool, wanted) in enumerate(TYPED):
            name, check = f'typed-{i}-{effort}', {'kind': 'final', **wanted}
            declared = []
            if tool:
                description, properties = TYPED_TOOLS[tool]
                declared = [{'name': tool, 'description': description, 'parameters': {'type': 'object', 'properties': properties, 'required': list(properties)}}]
                check = {'kind': 'call', 'name': tool, 'arguments': [wanted]}
            cases.append({'id': name, 'skill': 'typed', 'messages': [{'role': 'user', 'content': text}], 'tools': declared, 'effort': effort, 'date': '2026-11-22', 'check': check, 'sampling': SAMPLED, 'held': []})
    return cases


def finish(case: dict, name: str, skill: str, sampling: dict, truth: list[Message]) -> dict:
    ordered = {'id': name, 'skill': skill, 'messages': case['messages'], 'tools': case.get('tools', []), 'effort': case['effort']}
    if case.get('date'):
        ordered['date'] = case['date']
    if case.get('base'):
        ordered['base'] = case['base']
    return {**ordered, 'check': plain_check(case['check']), 'sampling': sampling, 'held': case.get('held', []), 'truth': truth_text(truth)}


def codex_base(body: dict) -> dict:
    """Developer texts, environment and tools of a recorded request, as cases have them."""
    messages = [{'role': item['role'], 'content': '\n\n'.join(part['text'] for part in item['content'])} for item in body['input'] if item['type'] == 'message'][:-1]
    tools = []
    for tool in body['tools']:
        if tool['type'] == 'function':
            tools.append({key: tool.get(key) for key in ('name', 'description', 'parameters')})
        elif tool['type'] == 'namespace':
            tools += [{**{key: t.get(key) for key in ('name', 'description', 'parameters')}, 'namespace': tool['name'], 'namespace_description': tool.get('description')} for t in tool['tools']]
    return {'messages': messages, 'tools': tools}


def codex_cases() -> dict[str, list[dict]]:
    out: dict[str, list[dict]] = {'codex_greet': [], 'codex_ls': []}
    greetings, pattern = talk.INTENTS['greeting'][0], talk.INTENTS['greeting'][2]
    for skill in out:
        seen = set()
        attempt = 0
        while len(out[skill]) < 200:
            attempt += 1
            d = Draw(random.Random(f'{skill}/{attempt}'), held=True)
            if skill == 'codex_greet':
                text = dress(d, d.pick(greetings), False, soft=False)
                if d.maybe(0.35):
                    text += d.choice([' my friend', ' there', ' :)', '!!', ' codexpc', ' dear', ' again', ' 👋', ' and good day', ' from here'])
                check = {'kind': 'final', 'all': [pattern]}
                truth = [Message('assistant', 'Hello! How can I help you?', 'final', spoken=True)]
            else:
                phrase = d.pick(shell.COMMANDS[0][1]) if d.maybe(0.75) else None
                text = dress(d, d.pick(DO).replace('{vp}', phrase), False) if phrase else dress(d, d.pick(shell.LISTING_QUESTIONS))
                check = {'kind': 'call', 'name': 'exec_command', 'arguments': [{'cmd': 'ls'}]}
                truth = [Message('assistant', '{"cmd":"ls"}', 'commentary', 'functions.exec_command', 'json', spoken=True)]
            if not d.used or text in seen:
                continue
            seen.add(text)
            case = {'messages': [{'role': 'user', 'content': text}], 'effort': d.choice(['low', 'medium', 'high', None]), 'base': 'codex', 'check': check, 'held': d.used}
            out[skill].append(finish(case, f'{skill}-{len(out[skill])}', skill, GREEDY, truth))
    return out


def main() -> None:
    text, words, request, out = sys.argv[1:5]
    out = pathlib.Path(out)
    (out / 'bases').mkdir(parents=True, exist_ok=True)
    recorded = json.loads(pathlib.Path(request).read_text())
    body = recorded['exchanges'][0]['request']['body'] if 'exchanges' in recorded else recorded
    (out / 'bases' / 'codex.json').write_text(json.dumps(codex_base(body), indent=1) + '\n')
    sampler = conversations.Sampler(PlainText(text), words)
    for skill, cases in {**build(sampler), **codex_cases(), 'typed': typed_cases()}.items():
        (out / f'{skill}.jsonl').write_text(''.join(json.dumps(case, ensure_ascii=False) + '\n' for case in cases))
        print(f'{skill}: {len(cases)} cases')


if __name__ == '__main__':
    main()
