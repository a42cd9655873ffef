// The newest of many things, the oldest first; a bounded number of them.

export interface EventRing<Entry> {
  push(entry: Entry): void;
  entries(): readonly Entry[];
}

export const createEventRing = <Entry>(limit: number): EventRing<Entry> => {
  const kept: Entry[] = [];
  let oldest = 0;
  return {
    push: (entry) => {
      if (kept.length < limit) {
        kept.push(entry);
        return;
      }
      kept[oldest] = entry;
      oldest = (oldest + 1) % limit;
    },
    entries: () => [...kept.slice(oldest), ...kept.slice(0, oldest)],
  };
};
