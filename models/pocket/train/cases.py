"""An evaluation case rendered as the daemon renders a request.

A case is {id, skill, messages, tools, effort, date, check, sampling}. `messages` are {role: developer|user|assistant|tool}
with `content`; an assistant message may carry `call` {name, arguments}, a tool message `name`. The first developer
message shares its text with the tools section; without one, tools get a developer message of their own.
"""

from harmony import Message, Tool, developer_text, render_text, system_text, pieces
from tokenizer import SPECIAL, Tokenizer


def to_messages(case: dict) -> list[Message]:
    tools = [Tool(t['name'], t.get('description'), t.get('parameters'), t.get('namespace', 'functions'),
                  t.get('namespace_description')) for t in case.get('tools', [])]
    out = [Message('system', system_text(case.get('effort'), case.get('date'), bool(tools)))]
    described = False
    for m in case['messages']:
        if m['role'] == 'developer':
            out.append(Message('developer', developer_text(m['content'], [] if described else tools) or ''))
            described = True
            continue
        if tools and not described:
            out.append(Message('developer', developer_text(None, tools) or ''))
            described = True
        if m['role'] == 'tool':
            out.append(Message(f"functions.{m['name']}", m['content'], 'commentary'))
        elif m['role'] == 'assistant' and m.get('call'):
            if m.get('analysis'):
                out.append(Message('assistant', m['analysis'], 'analysis'))
            out.append(Message('assistant', m['call']['arguments'], 'commentary', f"functions.{m['call']['name']}", 'json'))
        elif m['role'] == 'assistant':
            out.append(Message('assistant', m['content'], 'final'))
        else:
            out.append(Message('user', m['content']))
    return out


def prompt_text(case: dict) -> str:
    return render_text(to_messages(case), completion=True)


def prompt_tokens(case: dict, tokenizer: Tokenizer) -> list[int]:
    tokens: list[int] = []
    for message in to_messages(case):
        for text, special in pieces(message):
            tokens += [SPECIAL[text]] if special else tokenizer.encode(text)
    return [*tokens, SPECIAL['<|start|>'], *tokenizer.encode('assistant')]
