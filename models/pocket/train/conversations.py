"""Whole conversations: a mixture of skills, histories, tools, efforts and surroundings. `Sampler(rng)` gives one."""

import json
import pathlib
import random
import re

import arithmetic
import shell
import tools
import varied
from cases import to_messages
from faq import faq
from harmony import Message
from phrases import Draw, bare, held_requests, is_held, normal
from talk import name_memory, talk
from unknown import CANNOT, CHECK, QUESTIONS, task, unknown

EFFORTS = ['low', 'low', 'low', 'medium', 'medium', 'medium', 'medium', 'high', 'high', 'high', None, None]
INSTRUCTIONS = [
    'You are a helpful assistant.', 'Be brief.', 'Answer politely.', 'You are a coding agent. Use the tools when they help.', 'You help with a software project.', 'Answer in English.', 'Follow the user\'s wishes.', 'You are a friendly assistant in a terminal.',
    'Never make things up.', 'Use tools only when they are needed.', 'Keep answers short and precise.', '', 'You work in the folder /home/user/project.', 'You are running in a sandbox. The network is off.', 'Be concise, direct and friendly.', 'The user is an expert.', 'Talk like a professional.',
]
AGENT_TOOLS = [
    {'name': 'write_stdin', 'description': 'Writes characters to a running command.', 'parameters': {'type': 'object', 'properties': {'session_id': {'type': 'number', 'description': 'Which running command.'}, 'chars': {'type': 'string', 'description': 'Bytes to write.'}, 'yield_time_ms': {'type': 'number'}}, 'required': ['session_id']}},
    {'name': 'view_image', 'description': 'Attach a local image to the conversation.', 'parameters': {'type': 'object', 'properties': {'path': {'type': 'string', 'description': 'Path of an image file'}}, 'required': ['path']}},
    {'name': 'update_plan', 'description': 'Updates the task plan.\nProvide a list of steps, each with a status.', 'parameters': {'type': 'object', 'properties': {'explanation': {'type': 'string'}, 'plan': {'type': 'array', 'description': 'The list of steps', 'items': {'type': 'object', 'properties': {'step': {'type': 'string'}, 'status': {'type': 'string', 'enum': ['pending', 'in_progress', 'completed']}}, 'required': ['step', 'status']}}}, 'required': ['plan']}},
    {'name': 'ask_user', 'description': 'Ask the user one to three short questions and wait.', 'parameters': {'type': 'object', 'properties': {'questions': {'type': 'array', 'items': {'type': 'object', 'properties': {'id': {'type': 'string'}, 'question': {'type': 'string', 'description': 'One sentence.'}, 'options': {'type': 'array', 'items': {'type': 'string'}}}, 'required': ['id', 'question']}}}, 'required': ['questions']}},
    {'name': 'spawn_agent', 'description': 'Start another agent for a piece of work.\nReturns its id. Use it only when asked for.', 'parameters': {'type': 'object', 'properties': {'message': {'type': 'string', 'description': 'The task.'}, 'model': {'type': 'string'}, 'fork': {'type': 'boolean'}}}},
    {'name': 'wait_agent', 'description': 'Wait until agents are done.', 'parameters': {'type': 'object', 'properties': {'ids': {'type': 'array', 'items': {'type': 'string'}}, 'timeout_ms': {'type': 'number'}}, 'required': ['ids']}},
    {'name': 'close_agent', 'description': 'Close an agent and return its last status.', 'parameters': {'type': 'object', 'properties': {'target': {'type': 'string'}}, 'required': ['target']}},
    {'name': 'read_goal', 'description': 'Get the current goal, with its budget and the tokens used.', 'parameters': {'type': 'object', 'properties': {}, 'required': []}},
    {'name': 'make_goal', 'description': 'Create a goal only when the user asks for one.', 'parameters': {'type': 'object', 'properties': {'objective': {'type': 'string', 'description': 'Required. What to reach.'}, 'token_budget': {'type': 'integer'}}, 'required': ['objective']}},
    {'name': 'edit_file', 'description': 'Edit files with a patch.', 'parameters': {'type': 'object', 'properties': {'patch': {'type': 'string', 'description': 'The patch in the agreed format.'}}, 'required': ['patch']}},
    {'name': 'list_resources', 'description': 'Lists resources of servers.', 'parameters': {'type': 'object', 'properties': {'server': {'type': 'string'}, 'cursor': {'type': 'string'}}}},
]
# everyday tools that could not answer a question of general knowledge or do one of the refused tasks
BYSTANDERS = {'lock_door', 'create_ticket', 'assign_ticket', 'deploy', 'create_user', 'delete_user', 'get_user', 'complete_todo', 'pay_bill', 'get_balance', 'find_meeting_room', 'scan_port', 'update_order', 'track_package', 'subscribe', 'unsubscribe', 'stop_server', 'start_server', 'vote', 'resize_image', 'rename_file', 'create_invoice', 'turn_off_light', 'merge_branch'}


def evaluation_requests() -> set[str]:
    """The last requests of the evaluation's cases, none of which training may have by whatever way; `typed` is not held out."""
    found = set()
    for path in (pathlib.Path(__file__).parent.parent / 'eval').glob('*.jsonl'):
        if path.stem != 'typed':
            for line in path.read_text().splitlines():
                found.add(normal(next(m['content'] for m in reversed(json.loads(line)['messages']) if m['role'] == 'user')))
    return {request for request in found if len(request) > 3}


class Sampler:
    def __init__(self, plain, words_path: str | pathlib.Path, long: bool = False):
        self.plain, self.long = plain, long
        self.held_requests = held_requests() | evaluation_requests()
        listed = [line.split(' ') for line in pathlib.Path(words_path).read_text().splitlines()]
        self.nouns = [w for kind, w in listed if kind == 'noun']
        common = [w for kind, w in listed if kind == 'common']
        # common words get about half of the draws
        self.words = [w for kind, w in listed if kind in ('noun', 'verb', 'adj')]
        self.words += common * (len(self.words) // (2 * len(common)))
        self.nouns += common * (len(self.nouns) // len(common))
        self.tool_nouns = [w for w in self.nouns if not is_held(w)]
        self.unseen_nouns = [w for w in self.nouns if is_held(w)]
        self.bank_words = {w for kind, w in listed if kind == 'verb'}
        self.bank = varied.Bank(listed, self.tool_nouns, self.words, self.fragment, tools.HELD_LETTERS)

    def __call__(self, rng: random.Random) -> list[Message]:
        case, completions, _ = self.case(Draw(rng))
        return self.spoken(case, completions)

    def spoken(self, case: dict, completions: list[list[Message]]) -> list[Message]:
        """The case's prompt and what the model says to it, tool outputs included."""
        return to_messages(case) + [m for part in completions for m in part]

    # ---- one conversation

    def case(self, d: Draw, skill: str | None = None, effort: str | None = 'any',
             long_text: bool | None = None) -> tuple[dict, list[list[Message]], dict]:
        """A case as cases.py renders it, the messages that follow its prompt (spoken ones marked), and the last turn."""
        skill = skill or d.rng.choices(
            ['talk', 'faq', 'arithmetic', 'shell', 'everyday', 'made_up', 'varied', 'task', 'clock', 'calculator', 'missing', 'unknown', 'bare'],
            [20, 19, 16, 14, 10, 13, 18, 3, 1, 1.5, 3.5, 11, 0.3] if self.long else [14, 16, 19, 9, 10, 15, 23, 3.5, 1, 1.5, 4, 10, 0.4])[0]
        drawn = d.choice(EFFORTS)
        effort = drawn if effort == 'any' else effort
        turn = self.turn(d, skill, effort or 'medium')
        while not d.held and (bare(turn['request']) in self.held_requests or normal(turn['request']) in self.held_requests):
            turn = self.turn(d, skill, effort or 'medium')
        case: dict = {'skill': skill, 'effort': effort, 'messages': [], 'tools': turn['tools'], 'check': turn.get('check')}
        if d.maybe(0.5):
            case['date'] = f'{d.randint(2024, 2027)}-{d.randint(1, 12):02}-{d.randint(1, 28):02}'
        self.surround(d, case, turn, self.long and d.maybe(0.35) if long_text is None else long_text)
        return case, turn['completions'], turn

    def turn(self, d: Draw, skill: str, effort: str) -> dict:
        """{request, history, tools, completions, check} of the last turn."""
        history: list[dict] = []
        if skill == 'talk' and d.maybe(0.06):
            pairs, request, thought, answer, check = name_memory(d)
            history = exchanges(pairs)
        elif skill == 'talk':
            request, thought, answer, check = talk(d, self.words)
        elif skill == 'faq':
            request, thought, answer, check = faq(d)
        elif skill == 'unknown':
            request, thought, answer, check = unknown(d, self.nouns)
        elif skill == 'bare':
            request, thought, answer, check = self.passage(d, d.randint(300, 20_000 if self.long else 3000)), 'The user sent a text without a request.', 'You sent me a text. What would you like me to do with it?', {'kind': 'final', 'all': ['what would you like']}
        elif skill == 'arithmetic':
            if d.maybe(0.12):
                pairs, request, thought, answer, check = arithmetic.follow_up(d, effort)
                history = exchanges(pairs)
            else:
                request, thought, answer, check = arithmetic.arithmetic(d, effort)
            return {'request': request, 'history': history, 'tools': self.bystanders(d, 'arithmetic'), 'check': check,
                    'completions': [says(thought, answer)], 'skill': skill}
        else:
            return self.tool_turn(d, skill, effort)
        thought = widen(d, skill, effort, thought)
        return {'request': request, 'history': history, 'tools': self.bystanders(d, skill, request), 'check': check, 'completions': [says(thought, answer)], 'skill': skill}

    def tool_turn(self, d: Draw, skill: str, effort: str) -> dict:
        if skill == 'shell':
            tool, key, array = shell.shell_tool(d)
            listing = self.long and d.maybe(0.4)
            request, command = shell.shell_request(d, self.words, listing)
            arguments: dict = {key: ['bash', '-lc', command] if array else command}
            output, answer, patterns = shell.output_of(d, command, self.words)
        elif skill == 'clock':
            tool, request, arguments, output, answer, patterns = tools.clock(d)
        elif skill == 'calculator':
            name, key, text = d.choice(tools.CALCULATORS)
            tool = {'name': name, 'description': text, 'parameters': {'type': 'object', 'properties': {key: {'type': 'string'}}, 'required': [key]}}
            request, op, a, b, story = arithmetic.sum_request(d)
            arguments, output = {key: f'{a} {op} {b}'}, str(arithmetic.VALUE[op](a, b))
            answer, patterns = arithmetic.answer_of(op, a, b, story), arithmetic.check_of(arithmetic.VALUE[op](a, b))['all']
        elif skill == 'everyday' or skill == 'everyday_unseen':
            tool, request, arguments = tools.everyday(d, self.words, skill == 'everyday_unseen', renamed=True)
            output, answer, patterns = self.file_output(d, tool, arguments) if 'read' in tool['name'].lower() and d.maybe(0.8) else tools.result_of(d, self.words, self.nouns)
        elif skill == 'varied':
            tool, request, arguments, said = varied.varied(d, self.bank)
            output, answer, patterns = tools.result_of(d, self.words, self.nouns)
        elif skill == 'task':
            tool, request, arguments = task(d, self.nouns)
            output, answer, patterns = tools.result_of(d, self.words, self.nouns)
        else:  # made_up, made_up_unseen, missing
            unseen = skill == 'made_up_unseen'
            made = tools.made_up(d, self.unseen_nouns if unseen else self.tool_nouns, self.words)
            tool = made['tool']
            if skill == 'missing' and d.maybe(0.5):
                roll = d.random()
                if roll < 0.35:
                    tool, request, arguments = tools.everyday(d, self.words, False, renamed=True)
                elif roll < 0.6:
                    tool, _, _ = shell.shell_tool(d)
                    request, arguments = shell.shell_request(d, self.words)[0], {}
                elif roll < 0.75:
                    tool, request, arguments = tools.clock(d)[:3]
                else:
                    request, arguments = tools.made_up_request(d, made, self.words)
            else:
                request, arguments = tools.made_up_request(d, made, self.words)
            output, answer, patterns = tools.result_of(d, self.words, self.nouns)
        others = self.distractors(d, tool, skill, said if skill == 'varied' else (True, True))
        if skill == 'missing':
            thought = widen(d, 'unknown', effort, 'I have no tool for this.')
            if not isinstance(tool, dict) or any(o['name'] in ('exec_command', 'shell') for o in others):
                others = []
            return {'request': request, 'history': [], 'tools': others, 'check': CHECK, 'completions': [says(thought, d.choice(CANNOT))], 'skill': skill}
        declared = others + [tool]
        d.rng.shuffle(declared)
        name = tool['name']
        thought = '' if effort == 'low' else f'The tool {name} can do this.' if effort == 'medium' else \
            f'The user wants an action. I look at my tools. The tool {name} can do this. I take its arguments from the request and call it.'
        call = json.dumps(arguments, separators=(',', ':'), ensure_ascii=False)
        calling = ([Message('assistant', thought, 'analysis', spoken=True)] if thought else []) + [Message('assistant', call, 'commentary', f'functions.{name}', 'json', spoken=True)]
        completions = [calling]
        if d.maybe(0.6) or d.held:
            report = '' if effort == 'low' else 'The tool has answered.' if effort == 'medium' else 'The tool has answered. I read its output and tell the user what it says. Nothing else is needed.'
            completions += [[Message(f'functions.{name}', output, 'commentary')], says(report, answer)]
        return {'request': request, 'history': [], 'tools': declared, 'completions': completions, 'skill': skill, 'call': {'name': name, 'arguments': call}, 'thought': thought, 'output': output, 'answer': answer,
                'check': {'kind': 'call', 'name': name, 'arguments': [arguments]}, 'answer_check': {'kind': 'final', 'all': [re.escape(p.lower()) for p in patterns] if skill != 'calculator' else patterns}}

    def fragment(self, rng: random.Random, most: int) -> str:
        """A few words of prose."""
        found = re.findall(r"[a-z]+(?: [a-z']+){1,}", self.plain.slice(rng, 300))
        run = max(found, key=len, default='so it is').split(' ')
        start = rng.randrange(max(1, len(run) - 2))
        return ' '.join(run[start:start + rng.randint(2, most)])

    def file_output(self, d: Draw, tool: dict, arguments: dict) -> tuple[str, str, list[str]]:
        lines = [shell.sentence(d, self.words) for _ in range(d.choice([1, 1, 1, 2, 3]))]
        if d.maybe(0.08):
            return 'Error: no such file', 'That failed: no such file.', ['no such file']
        return '\n'.join(lines) + d.choice(['', '\n']), f"The file says: {' '.join(lines)}", [line.lower().rstrip('.') for line in lines]

    # ---- tools that do not matter

    def distractors(self, d: Draw, tool: dict, skill: str, said: tuple[bool, bool]) -> list[dict]:
        """`said`: whether the request tells the tool by its verb and by its noun."""
        d = Draw(d.rng)  # held-out phrasings count in the request only
        if not any(said) and d.maybe(0.75):  # only the kinds of the values tell
            return d.sample(AGENT_TOOLS, d.choice([0, 0, 0, 1, 2]))
        count = d.choice([0, 0, 1, 1, 2, 2, 3, 4, 5, 6]) if not self.long else d.choice([0, 1, 2, 4, 6, 8, 11, 14])
        if skill == 'missing':
            count = d.choice([0, 0, 1, 2, 3, 4])
        out, names = [], {tool['name']}
        words = set(re.split(r'[_\-]|(?<=[a-z])(?=[A-Z])', tool['name'].lower()))
        for _ in range(count):
            roll = d.random() * (0.55 if skill == 'task' else 1)  # an everyday tool might do a task, too
            if roll < 0.3 and skill not in ('clock', 'calculator'):
                # some share the verb or the noun of the tool that is meant
                verb = d.choice(sorted(words & self.bank_words)) if words & self.bank_words and skill == 'varied' and all(said) and d.maybe(0.3) else None
                other = varied.another(d, self.bank, verb)
            elif roll < 0.55 or skill in ('missing',):
                # some share a word with the tool that is meant
                verb = d.choice([v for v in tools.VERBS if v in words]) if words & set(tools.VERBS) and d.maybe(0.4) else None
                noun = None
                if d.maybe(0.3) and skill in ('made_up', 'made_up_unseen', 'missing') and len(words) > 1:
                    shared = [w for w in words if w in self._noun_set()]
                    noun = d.choice(shared) if shared and verb is None else None
                made = tools.made_up(d, self.tool_nouns, self.words, noun, verb)
                if noun and made['verb'] in words:
                    continue
                other = made['tool']
            elif roll < 0.8:
                other = tools.everyday(d, self.words, False)[0]
                if words & set(other['name'].lower().split('_')) - {'get', 'set'} or skill in ('shell', 'clock', 'calculator') and ('file' in other['name'] or 'time' in other['name'] or 'director' in other['name'] or 'branch' in other['name'] or other['name'] in ('run_tests', 'compress', 'http_get', 'download', 'scan_port')):
                    continue
            elif roll < 0.9 and skill not in ('shell', 'everyday', 'everyday_unseen', 'clock', 'missing'):
                other = shell.shell_tool(d)[0]
            else:
                other = d.choice(AGENT_TOOLS)
                if 'file' in tool['name'] and 'file' in other['name']:
                    continue
            if other['name'] not in names:
                names.add(other['name'])
                out.append(other)
        if self.long and skill == 'shell' and d.maybe(0.5):
            out += [t for t in d.sample(AGENT_TOOLS, d.randint(3, 9)) if t['name'] not in names and not names.add(t['name'])]
        return out

    def _noun_set(self) -> set[str]:
        if not hasattr(self, '_nouns_as_set'):
            self._nouns_as_set = set(self.tool_nouns)
        return self._nouns_as_set

    def bystanders(self, d: Draw, skill: str, request: str = '') -> list[dict]:
        """Tools that are declared but do not fit a request that needs none."""
        d = Draw(d.rng)
        if not d.maybe(0.7 if self.long else 0.5):
            return []
        out: dict[str, dict] = {}
        for _ in range(d.choice([1, 1, 2, 3, 4, 6]) if not self.long else d.randint(1, 12)):
            roll = d.random()
            if roll < 0.2:
                tool = tools.made_up(d, self.tool_nouns, self.words)['tool']
            elif roll < 0.35:
                tool = varied.another(d, self.bank)
            elif roll < 0.55:
                tool = tools.everyday(d, self.words, False)[0]
                if skill == 'unknown' and not any(tool['name'].replace('-', '_').startswith(b) for b in BYSTANDERS):
                    continue
            elif roll < 0.8:
                if skill == 'unknown' and re.search(r'\b(time|date|day|files?|folder|git|run|directory|disk|year|python|commit|install|program|version|open|read|write|delete|create|search|print|script)\b', request.lower()):
                    continue
                tool = shell.shell_tool(d)[0]
            else:
                tool = d.choice(AGENT_TOOLS)
            out.setdefault(tool['name'], tool)
        return list(out.values())

    # ---- what stands around the last turn

    def surround(self, d: Draw, case: dict, turn: dict, long_text: bool) -> None:
        messages = case['messages']
        if long_text and d.maybe(0.75):
            messages.append({'role': 'developer', 'content': self.passage(d, d.randint(3000, 34_000))})
            if d.maybe(0.5):
                messages.append({'role': 'developer', 'content': self.passage(d, d.randint(300, 5000))})
        elif d.maybe(0.22):
            messages.append({'role': 'developer', 'content': d.choice(INSTRUCTIONS) if d.maybe(0.6) else self.passage(d, d.randint(80, 2500))})
            if d.maybe(0.12):
                messages.append({'role': 'developer', 'content': d.choice(INSTRUCTIONS)})
        if d.maybe(0.5 if long_text else 0.06):
            messages.append({'role': 'user', 'content': environment(d, self.words)})
        if turn['history']:
            messages += turn['history']
        elif d.maybe(0.3):
            for _ in range(d.choice([1, 1, 2])):
                messages += self.past(d, case['tools'], turn)
        request = turn['request']
        if turn['skill'] not in ('bare', 'clock') and d.maybe(0.3 if long_text else 0.06):
            text = self.passage(d, d.randint(2000, 30_000) if long_text else d.randint(200, 3000))
            request = d.choice([f'{text}\n\n{request}', f'{request}\n\n{text}', f'{request}\n\n{text}', f'{text}\n{request}', f'{text}\n\n---\n\n{request}', f'{request}\n\n```\n{text}\n```', f'{text}\n\nNow: {request}'])
        messages.append({'role': 'user', 'content': request})

    def past(self, d: Draw, declared: list[dict], turn: dict) -> list[dict]:
        """An earlier exchange of the conversation."""
        quiet = Draw(d.rng)
        skill = d.choice(['talk', 'talk', 'faq', 'faq', 'arithmetic', 'arithmetic', 'unknown', 'tool'])
        if skill == 'tool' and turn.get('call'):
            again = None
            if turn['skill'] == 'shell':
                request, command = shell.shell_request(quiet, self.words)
                key = next(iter(json.loads(turn['call']['arguments'])))
                output, answer, _ = shell.output_of(quiet, command, self.words)
                old = json.loads(turn['call']['arguments'])[key]
                again = {key: ['bash', '-lc', command] if isinstance(old, list) else command}
            if again is not None:
                return [{'role': 'user', 'content': request}, {'role': 'assistant', 'call': {'name': turn['call']['name'], 'arguments': json.dumps(again, separators=(',', ':'))}},
                        {'role': 'tool', 'name': turn['call']['name'], 'content': output}, {'role': 'assistant', 'content': answer}]
        if skill == 'arithmetic':
            request, _, answer, _ = arithmetic.arithmetic(quiet, 'low')
        elif skill == 'faq':
            request, _, answer, _ = faq(quiet)
        elif skill == 'unknown' and not declared:
            request, _, answer, _ = unknown(quiet, self.nouns)
        else:
            request, _, answer, _ = talk(quiet, self.words)
        if bare(request) in self.held_requests or normal(request) in self.held_requests:
            return []
        return [{'role': 'user', 'content': request}, {'role': 'assistant', 'content': answer}]

    def passage(self, d: Draw, characters: int) -> str:
        text = self.plain.passage(d.rng, characters)
        if d.maybe(0.4):  # as a manual with headings and lists
            text = '\n'.join(d.choice(['', '', '- ', '* ', '## ', '# ', '1. ', '  - ', '> ']) + line for line in text.split('\n'))
        return text


def says(thought: str, answer: str) -> list[Message]:
    return ([Message('assistant', thought, 'analysis', spoken=True)] if thought else []) + [Message('assistant', answer, 'final', spoken=True)]


def exchanges(pairs: list[tuple[str, str]]) -> list[dict]:
    return [m for request, answer in pairs for m in ({'role': 'user', 'content': request}, {'role': 'assistant', 'content': answer})]


def widen(d: Draw, skill: str, effort: str, thought: str) -> str:
    """The analysis of a turn without steps: none at low effort, a sentence at medium, several at high."""
    if effort == 'low':
        return ''
    if effort == 'medium':
        return thought
    rest = {'talk': 'This is small talk, so I need no tool and no sum. I answer in a friendly way.', 'faq': 'I know the answer from its README. I answer briefly and name the command or the place.',
            'unknown': 'It is no sum and not about codexpc, and none of my tools fits. I must not make anything up, so I say it openly.', 'bare': 'There is no question in it. I ask what to do with the text.'}[skill]
    return f'{thought} {rest}'


def environment(d: Draw, words: list[str]) -> str:
    cwd = '/' + '/'.join([d.choice(['home', 'work', 'srv', 'Users']), d.choice(words), d.choice(['project', 'code', d.choice(words)])])
    lines = [f'  <cwd>{cwd}</cwd>', f"  <shell>{d.choice(['bash', 'zsh', 'sh', 'fish'])}</shell>"]
    if d.maybe(0.7):
        lines.append(f'  <current_date>{d.randint(2024, 2027)}-{d.randint(1, 12):02}-{d.randint(1, 28):02}</current_date>')
    if d.maybe(0.6):
        lines.append(f"  <timezone>{d.choice(['Etc/UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Tokyo'])}</timezone>")
    if d.maybe(0.5):
        lines.append(f"  <sandbox_mode>{d.choice(['read-only', 'workspace-write', 'full'])}</sandbox_mode>")
    if d.maybe(0.4):
        lines.append(f'  <filesystem><workspace_roots><root>{cwd}</root></workspace_roots></filesystem>')
    return '<environment_context>\n' + '\n'.join(lines) + '\n</environment_context>'
