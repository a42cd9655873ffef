"""The Harmony rendering, as text pieces: (text, special?) pairs that are encoded one by one.

Follows the official renderer for what the training data uses: the default identity, efforts, valid channels,
instructions, function tools, calls, tool outputs, dropped analysis. `check_harmony.py` compares it with vectors.
"""

import json
from dataclasses import dataclass, field

IDENTITY = 'You are ChatGPT, a large language model trained by OpenAI.'


@dataclass
class Message:
    """One rendered message. `spoken` marks what the model learns to say."""
    role: str                       # system, developer, user, assistant, or functions.NAME for a tool output
    content: str
    channel: str | None = None
    recipient: str | None = None
    content_type: str | None = None  # 'json' renders as <|constrain|>json
    spoken: bool = False


@dataclass
class Tool:
    name: str
    description: str | None
    parameters: dict | None
    namespace: str = 'functions'
    namespace_description: str | None = field(default=None)


def system_text(effort: str | None, date: str | None, has_tools: bool, cutoff: str | None = '2024-06') -> str:
    head = [IDENTITY]
    if cutoff:
        head.append(f'Knowledge cutoff: {cutoff}')
    if date:
        head.append(f'Current date: {date}')
    sections = ['\n'.join(head)]
    if effort:
        sections.append(f'Reasoning: {effort}')
    if has_tools:
        sections.append('# Valid channels: analysis, commentary, final. Channel must be included for every message.\n'
                        "Calls to these tools must go to the commentary channel: 'functions'.")
    else:
        sections.append('# Valid channels: analysis, final. Channel must be included for every message.')
    return '\n\n'.join(sections)


def developer_text(instructions: str | None, tools: list[Tool]) -> str | None:
    sections = []
    if instructions is not None:
        sections += ['# Instructions', instructions]
    if tools:
        sections.append('# Tools')
        by_namespace: dict[str, list[Tool]] = {}
        for tool in tools:
            by_namespace.setdefault(tool.namespace, []).append(tool)
        for namespace in sorted(by_namespace):
            sections.append(namespace_text(namespace, by_namespace[namespace]))
    return '\n\n'.join(sections) if sections else None


def lines_of(text: str) -> list[str]:
    lines = text.split('\n')
    if lines[-1] == '':
        lines.pop()
    return [line[:-1] if line.endswith('\r') else line for line in lines]


def namespace_text(namespace: str, tools: list[Tool]) -> str:
    lines = [f'## {namespace}', '']
    if tools[0].namespace_description:
        lines += ['// ' + line for line in lines_of(tools[0].namespace_description)]
    lines += [f'namespace {namespace} {{', '']
    for tool in tools:
        if tool.description:
            lines += ['// ' + line for line in lines_of(tool.description)]
        if tool.parameters is None:
            lines.append(f'type {tool.name} = () => any;')
        else:
            lines.append(f'type {tool.name} = (_: {typescript(tool.parameters)}) => any;')
        lines.append('')
    lines.append(f'}} // namespace {namespace}')
    return '\n'.join(lines)


def typescript(schema: object, indent: str = '') -> str:
    """A JSON schema as the renderer's TypeScript. `oneOf`, `title` and `examples` do not occur in our data."""
    if not isinstance(schema, dict):
        return 'any'
    kind = schema.get('type')
    if isinstance(kind, list):
        return ' | '.join('number' if k == 'integer' else k for k in kind if isinstance(k, str)) or 'any'
    if kind == 'object':
        out = ''
        if schema.get('description'):
            out += f"{indent}// {schema['description']}\n"
        out += '{\n'
        required = schema.get('required') or []
        for key, value in (schema.get('properties') or {}).items():
            value = value if isinstance(value, dict) else {}
            if value.get('description') is not None:
                out += f"{indent}// {value['description']}\n"
            text = typescript(value, indent + '    ')
            if value.get('nullable') is True and 'null' not in text:
                text += ' | null'
            out += f"{indent}{key}{'' if key in required else '?'}: {text},"
            if 'default' in value:
                out += f' // default: {default_text(value)}'
            out += '\n'
        return out + indent + '}'
    if kind == 'string':
        options = [o for o in schema.get('enum') or [] if isinstance(o, str)]
        return ' | '.join(f'"{o}"' for o in options) or 'string'
    if kind in ('number', 'integer'):
        return 'number'
    if kind == 'boolean':
        return 'boolean'
    if kind == 'array':
        return typescript(schema['items'], indent) + '[]' if 'items' in schema else 'Array<any>'
    return 'any'


def default_text(schema: dict) -> str:
    value = schema['default']
    if isinstance(value, str):
        return value if schema.get('enum') else f'"{value}"'
    return json.dumps(value, separators=(',', ':'), ensure_ascii=False)


def pieces(message: Message, last_final: bool = False) -> list[tuple[str, bool]]:
    """(text, is special) pairs of one message; `last_final` ends it in <|return|> (training mode)."""
    role = message.role + (f' to={message.recipient}' if message.recipient and message.role == 'assistant' else '')
    out = [('<|start|>', True), *header_rest(message, role)]
    if message.role == 'assistant' and message.recipient:
        out.append(('<|call|>', True))
    else:
        out.append(('<|return|>' if last_final else '<|end|>', True))
    return out


def header_rest(message: Message, role: str) -> list[tuple[str, bool]]:
    out: list[tuple[str, bool]] = []
    if message.role.startswith('functions.'):
        # the author's name and the recipient are separate pieces
        out += [(message.role, False), (' to=assistant', False)]
    elif message.role == 'assistant' and message.recipient:
        out += [('assistant', False), (f' to={message.recipient}', False)]
    else:
        out.append((role, False))
    if message.channel:
        out += [('<|channel|>', True), (message.channel, False)]
    if message.content_type:
        out += [(' ', False), ('<|constrain|>', True), (message.content_type, False)]
    out.append(('<|message|>', True))
    if message.content:
        out.append((message.content, False))
    return out


def render_text(messages: list[Message], completion: bool = False) -> str:
    text = ''.join(piece for message in messages for piece, _ in pieces(message))
    return text + ('<|start|>assistant' if completion else '')


def drop_analysis(messages: list[Message]) -> list[Message]:
    """The official rule: analysis before the first final goes when the last assistant message is a final."""
    assistant = [m for m in messages if m.role == 'assistant']
    if not assistant or assistant[-1].channel != 'final':
        return messages
    first = next(i for i, m in enumerate(messages) if m.channel == 'final')
    return [m for i, m in enumerate(messages) if i >= first or m.channel != 'analysis']
