"""Compares harmony.py with official render vectors: `check_harmony.py render.json`. Fails on the first difference."""

import json
import sys

from harmony import Message, Tool, developer_text, drop_analysis, render_text, system_text

SKIPPED_FEATURES = ('title', 'examples', 'oneOf', 'anyOf')


def convert(case: dict) -> list[Message] | None:
    """The case as our messages, or None where it uses what the training data never does."""
    tools_anywhere = any(part.get('tools') for m in case['conversation']['messages'] if isinstance(m['content'], list)
                         for part in m['content'] if part['type'] == 'developer_content')
    out = []
    for m in case['conversation']['messages']:
        content = m['content']
        if isinstance(content, list):
            if len(content) != 1:
                return None
            part = content[0]
            if part['type'] == 'system_content':
                channels = (part.get('channel_config') or {}).get('valid_channels')
                if part.get('tools') or part.get('model_identity') != system_text(None, None, False).split('\n')[0]:
                    return None
                if channels != ['analysis', 'commentary', 'final'] and channels != ['analysis', 'final']:
                    return None
                if not part['channel_config'].get('channel_required'):
                    return None
                text = system_text((part.get('reasoning_effort') or '').lower() or None,
                                   part.get('conversation_start_date'), tools_anywhere, part.get('knowledge_cutoff'))
                if len(channels) == 3 and not tools_anywhere:
                    text = text.replace('analysis, final', 'analysis, commentary, final')
                content = text
            elif part['type'] == 'developer_content':
                spaces = part.get('tools') or {}
                if list(spaces) not in ([], ['functions']):
                    return None
                tools = [Tool(t['name'], t.get('description'), t.get('parameters')) for t in
                         (spaces.get('functions') or {}).get('tools', [])]
                if any(f'"{feature}"' in json.dumps(spaces) for feature in SKIPPED_FEATURES):
                    return None
                if spaces and (not tools or spaces['functions'].get('description')):
                    return None
                content = developer_text(part.get('instructions'), tools) or ''
            elif part['type'] == 'text':
                content = part['text']
        kind = m.get('content_type')
        if kind and not kind.startswith('<|constrain|>'):
            return None
        role = m['role'] if m['role'] != 'tool' else m['name']
        if m['role'] != 'tool' and m.get('name'):
            return None
        if m['role'] in ('user',) and m.get('recipient') or m['role'] == 'tool' and not role.startswith('functions.'):
            return None
        if m.get('recipient') == 'all' or m['role'] == 'tool' and not m.get('recipient'):
            return None
        out.append(Message(role, content, m.get('channel'), m.get('recipient'), kind and kind.removeprefix('<|constrain|>')))
    return out


def main() -> None:
    compared = 0
    for case in json.load(open(sys.argv[1]))['cases']:
        if case['mode'] != 'completion' or 'error' in case['expect'] or case.get('next_role', 'assistant') != 'assistant':
            continue
        messages = convert(case)
        if messages is None:
            print(f"skipped  {case['id']}")
            continue
        if case.get('auto_drop_analysis'):
            messages = drop_analysis(messages)
        text = render_text(messages, completion=True)
        if text != case['expect']['text']:
            sys.exit(f"DIFFERS  {case['id']}\nours:     {text!r}\nofficial: {case['expect']['text']!r}")
        compared += 1
    print(f'{compared} cases agree')
    if compared < 30:
        sys.exit('too few cases compared')


if __name__ == '__main__':
    main()
