"""Judges completions: stdin JSONL of {id, completion} -> a report. One judge for every engine.

    judge.py EVAL_DIR < completions.jsonl        prints the table; --json prints the report
    judge.py EVAL_DIR --truth                    judges the cases' own true answers: everything must pass
"""

import json
import pathlib
import re
import sys
from collections import defaultdict

CALL = re.compile(r' to=functions\.(?P<name>[A-Za-z0-9_.-]+)<\|channel\|>commentary <\|constrain\|>json<\|message\|>(?P<args>.*)', re.S)
TEXT = re.compile(r'<\|channel\|>(?P<channel>analysis|final|commentary)<\|message\|>(?P<text>.*)', re.S)


def load_cases(eval_dir: pathlib.Path) -> list[dict]:
    """All cases; one with a `base` gets that base's messages in front and its tools."""
    bases = {path.stem: json.loads(path.read_text()) for path in eval_dir.glob('bases/*.json')}
    cases = [json.loads(line) for path in sorted(eval_dir.glob('*.jsonl')) for line in path.read_text().split('\n') if line]
    for case in cases:
        if base := bases.get(case.get('base')):
            case['messages'], case['tools'] = base['messages'] + case['messages'], base['tools']
    return cases


def parse(completion: str, tools: dict[str, dict | None]) -> dict | str:
    """{analysis, final} or {analysis, name, arguments, misfit}; a string says why the completion is not valid Harmony.

    Valid is the grammar: messages, headers, stop tokens, and a JSON object as arguments of a call. `misfit` says why a
    valid call does not fit the declared tools.
    """
    if completion.endswith('<|return|>'):
        stop, body = 'return', completion[:-len('<|return|>')]
    elif completion.endswith('<|call|>'):
        stop, body = 'call', completion[:-len('<|call|>')]
    else:
        return 'no stop token'
    parts = body.split('<|end|><|start|>assistant')
    out: dict = {'analysis': ''}
    for i, part in enumerate(parts):
        last = i == len(parts) - 1
        if match := TEXT.fullmatch(part):
            if '<|' in match['text']:
                return 'marker inside a message'
            if match['channel'] == 'analysis' and not last:
                out['analysis'] += match['text']
            elif match['channel'] == 'final' and last and stop == 'return':
                out['final'] = match['text']
            elif match['channel'] == 'commentary' and not last and tools:
                continue
            else:
                return f"{match['channel']} message in the wrong place"
        elif match := CALL.fullmatch(part):
            if not last or stop != 'call':
                return 'call in the wrong place'
            try:
                arguments = json.loads(match['args'])
            except ValueError:
                return 'arguments are not JSON'
            if not isinstance(arguments, dict):
                return 'arguments are no object'
            undeclared = match['name'] not in tools
            reason = 'undeclared tool' if undeclared else misfit(arguments, tools[match['name']])
            out.update(name=match['name'], arguments=arguments, misfit=reason)
        else:
            return 'bad header'
    return out


def misfit(arguments: dict, schema: dict | None) -> str | None:
    """Why arguments do not fit the schema's names and types."""
    properties = (schema or {}).get('properties') or {}
    kinds = {'string': str, 'integer': int, 'number': (int, float), 'boolean': bool, 'array': list, 'object': dict}
    for key, value in arguments.items():
        if key not in properties:
            return f'unknown argument {key}'
        kind = properties[key].get('type')
        if isinstance(kind, str) and not isinstance(value, kinds[kind]) or kind in ('integer', 'number') and isinstance(value, bool):
            return f'argument {key} is no {kind}'
        if 'enum' in properties[key] and value not in properties[key]['enum']:
            return f'argument {key} is none of its choices'
    missing = [key for key in (schema or {}).get('required') or [] if key not in arguments]
    return f'missing argument {missing[0]}' if missing else None


def fold(text: str) -> str:
    return re.sub(r'\s+', ' ', text.replace('\u2019', "'").replace('\u2212', '-').lower()).strip()


def check(case: dict, completion: str) -> tuple[bool, str, dict]:
    """(passed, reason, parsed)."""
    tools = {t['name']: t.get('parameters') for t in case.get('tools', []) if t.get('namespace', 'functions') == 'functions'}
    parsed = parse(completion, tools)
    if isinstance(parsed, str):
        return False, 'invalid: ' + parsed, {}
    rule = case['check']
    if rule['kind'] == 'valid':
        return True, '', parsed
    if rule['kind'] != 'valid' and parsed.get('misfit'):
        return False, f"misfit: {parsed['name']}: {parsed['misfit']}", parsed
    if rule['kind'] == 'call':
        if 'name' not in parsed:
            return False, 'no call', parsed
        if parsed['name'] != rule['name']:
            return False, f"called {parsed['name']}", parsed
        if not any(same(parsed['arguments'], wanted) for wanted in rule['arguments']):
            return False, 'wrong arguments', parsed
        return True, '', parsed
    if 'final' not in parsed:
        return False, f"called {parsed['name']} instead of answering", parsed
    text = fold(parsed['final'])
    for pattern in rule.get('all', []):
        if not re.search(pattern, text):
            return False, f'lacks {pattern}', parsed
    if rule.get('any') and not any(re.search(p, text) for p in rule['any']):
        return False, 'lacks every expected phrase', parsed
    for pattern in rule.get('none', []):
        if re.search(pattern, text):
            return False, f'has {pattern}', parsed
    if rule.get('analysis') and not parsed['analysis'].strip():
        return False, 'no analysis', parsed
    return True, '', parsed


def same(ours: object, wanted: object) -> bool:
    if isinstance(wanted, dict):
        return isinstance(ours, dict) and ours.keys() == wanted.keys() and all(same(ours[k], wanted[k]) for k in wanted)
    if isinstance(wanted, str):
        return isinstance(ours, str) and ours.strip() == wanted.strip()
    return type(ours) is type(wanted) and ours == wanted or ours == wanted and not isinstance(wanted, bool)


def report(cases: list[dict], completions: list[dict]) -> dict:
    by_id = {c['id']: c['completion'] for c in completions}
    skills: dict = defaultdict(lambda: {'passed': 0, 'cases': 0, 'invalid': 0, 'misfit': 0, 'failures': []})
    lengths: dict = defaultdict(dict)
    for case in cases:
        if case['id'] not in by_id:
            continue
        passed, reason, parsed = check(case, by_id[case['id']])
        entry = skills[case['skill']]
        entry['cases'] += 1
        entry['invalid'] += reason.startswith('invalid')
        entry['misfit'] += bool(parsed.get('misfit'))
        if case['check'].get('group'):
            lengths[case['check']['group']][case['effort']] = len(parsed.get('analysis', '')) if parsed else None
        entry['passed'] += passed
        if not passed and len(entry['failures']) < 40:
            entry['failures'].append({'id': case['id'], 'reason': reason, 'request': case['messages'][-1].get('content', '')[-160:],
                                      'completion': by_id[case['id']][-400:]})
    out = {'skills': dict(skills)}
    triples = [t for t in lengths.values() if len(t) == 3 and None not in t.values()]
    if triples:
        rising = sum(t['low'] < t['medium'] < t['high'] for t in triples)
        out['effort'] = {'requests': len(lengths), 'rising': rising,
                         **{k: round(sum(t[k] for t in triples) / len(triples), 1) for k in ('low', 'medium', 'high')}}
    return out


def table(result: dict) -> str:
    lines = ['', f"{'skill':24} {'passed':>8} {'cases':>6} {'share':>7} {'invalid':>8} {'misfit':>7}"]
    for skill, e in sorted(result['skills'].items()):
        lines.append(f"{skill:24} {e['passed']:8} {e['cases']:6} {e['passed'] / max(1, e['cases']):7.1%} {e['invalid']:8} {e['misfit']:7}")
    if 'effort' in result:
        e = result['effort']
        lines.append(f"effort: analysis characters low {e['low']}, medium {e['medium']}, high {e['high']}; "
                     f"rising in {e['rising']} of {e['requests']} requests")
    return '\n'.join(lines)


def main() -> None:
    cases = load_cases(pathlib.Path(sys.argv[1]))
    if '--truth' in sys.argv:
        result = report(cases, [{'id': c['id'], 'completion': c['truth']} for c in cases if 'truth' in c])
        print(table(result))
        for entry in result['skills'].values():
            for failure in entry['failures']:
                print(failure)
        sys.exit(any(e['passed'] != e['cases'] for e in result['skills'].values()))
    result = report(cases, [json.loads(line) for line in sys.stdin if line.strip()])
    print(json.dumps(result, indent=1) if '--json' in sys.argv else table(result))


if __name__ == '__main__':
    main()
