"""Fails if anything held out occurs in training: `check_heldout.py TEXT WORDS EVAL_DIR [CONVERSATIONS]`.

Draws training conversations of both kinds and checks that (1) no held-out phrasing was drawn, (2) no evaluation case's
last request occurs as a training request (case, punctuation and numbers ignored), (3) no unseen tool was declared.
"""

import pathlib
import random
import sys

import conversations
import judge
import phrases
import tools
from pack import PlainText
from phrases import normal


def main() -> None:
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 100_000
    plain = PlainText(sys.argv[1])
    drawn: set[str] = set()
    original = phrases.Draw.pick

    def recording(self, items):
        item = original(self, items)
        drawn.add(item if isinstance(item, str) else str(item[0]))
        return item

    phrases.Draw.pick = recording
    requests: set[str] = set()
    names: set[str] = set()
    for long in (False, True):
        sampler = conversations.Sampler(plain, sys.argv[2], long=long)
        sampler.passage = lambda d, characters: '...'  # long texts do not matter here, and are slow
        rng = random.Random(987 + long)
        for _ in range(count if not long else count // 4):
            case, _, turn = sampler.case(phrases.Draw(rng), long_text=None)
            requests.add(normal(turn['request']))
            requests.update(normal(m['content']) for m in case['messages'] if m['role'] == 'user')
            names.update(t['name'] for t in case['tools'])
    phrases.Draw.pick = original
    held = {item if isinstance(item, str) else str(item[0]) for _, _, items in phrases.Draw._split.values() for item in items}
    failures = [f'held-out phrasing drawn in training: {item}' for item in sorted(held & drawn)
                # the same words may stand in two lists, held in one and too short a list in the other
                if not any(item in train for _, train, _ in phrases.Draw._split.values())]
    for case in judge.load_cases(pathlib.Path(sys.argv[3])):
        if case['skill'] == 'typed':  # not held out, and said so
            continue
        last = next(m['content'] for m in reversed(case['messages']) if m['role'] == 'user')
        # a request of two letters or a number carries no phrasing
        if len(normal(last)) > 3 and normal(last) in requests:
            failures.append(f"{case['id']} occurs in training: {last}")
        if case['skill'].startswith('tools_unseen') and case['check'].get('name') in names:
            failures.append(f"{case['id']}: its tool occurs in training")
    failures += [f'unseen tool {name} occurs in training' for name in sorted(names & tools.HELD_EVERYDAY)]
    print(f'{count + count // 4} training conversations, {len(requests)} different requests, {len(drawn)} phrasings drawn, {len(held)} held out: '
          f'{len(failures)} failures')
    print('\n'.join(failures[:40]))
    sys.exit(bool(failures))


if __name__ == '__main__':
    main()
