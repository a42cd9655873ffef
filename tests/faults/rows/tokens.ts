// Models that write anything: random tokens, and the tokens that structure a turn in random order, through the whole
// daemon. The answer is to end as any other; needs CODEXPC_TEST_FORCE_TOOL=asked.

import { askSoundly } from '../observer.js';
import type { FaultRow, Scene } from '../scene.js';

/** Of the pocket model: text, then the special ones. */
const NUM_TEXT_TOKENS = 7_152;
const NUM_SPECIAL_TOKENS = 16;

const writes = (specialsInTen: number) => async (scene: Scene) => {
  const { random, socket } = scene;
  const length = 1 + random.below(60);
  const tokens = Array.from({ length }, () =>
    random.below(10) < specialsInTen
      ? NUM_TEXT_TOKENS + random.below(NUM_SPECIAL_TOKENS)
      : random.below(NUM_TEXT_TOKENS),
  );
  await askSoundly(socket, `force ${JSON.stringify({ tokens })}`, length + random.below(20));
};

export const TOKEN_FAULTS: readonly FaultRow[] = [
  { name: 'a model that writes any tokens', hitsEngine: false, inject: writes(1) },
  { name: 'a model that opens and ends messages at random', hitsEngine: false, inject: writes(7) },
];
