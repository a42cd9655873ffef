// Who lives beneath whom, in which state, with how much waiting; those that have ended last, dimmed.

import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ActorEntry, World } from '../model/world.js';
import { searchFor } from '../model/search.js';
import { duration, leaves, shortName, padded, treeName } from './format.js';
import { rowPlace, Rows } from './rows.js';
import type { Shown, Store } from './store.js';

interface Props {
  readonly store: Store;
  readonly shown: Shown;
}

export const ActorTree = ({ store, shown }: Props) => {
  const { world, selected, query } = shown;
  const rows = rowsOf(world, query);
  const tree = useRef<HTMLElement>(null);
  // The focus goes where its actor goes.
  useLayoutEffect(() => {
    const focused = document.activeElement as HTMLElement | null;
    if (focused?.role !== 'treeitem' || focused.dataset['actor'] === selected) return;
    tree.current?.querySelector<HTMLElement>('[aria-selected="true"]')?.focus({ preventScroll: true });
  });
  return (
    <nav ref={tree} class="panel actors" aria-label="Actors">
      <div class="panel-head">
        <h2>Actors</h2>
        <span class="soft">{`${[...world.actors.values()].filter(isAlive).length} alive`}</span>
        <input
          id="search"
          type="search"
          placeholder="Search actors and events  /"
          aria-label="Search actors and events"
          value={query}
          onInput={(event) => store.search(event.currentTarget.value)}
        />
      </div>
      <div class="columns soft" aria-hidden="true">
        <span>actor · state</span>
        <span title="Events that wait to be taken">wait</span>
        <span title="Events taken in">events</span>
      </div>
      <Rows role="tree" name="Actors">
        {rows.map(({ actor, level }, index) => (
          <Row
            key={index} // of the place: an element that goes elsewhere in the tree counts as a jump
            actor={actor}
            level={level}
            index={index}
            isSelected={actor.actor === selected}
            isTabStop={
              actor.actor === selected || (index === 0 && !rows.some((row) => row.actor.actor === selected))
            }
            at={world.at}
            onSelect={() => store.select(actor.actor)}
          />
        ))}
        {rows.length === 0 && <p class="empty">{query === '' ? 'None yet.' : 'Nothing found.'}</p>}
      </Rows>
    </nav>
  );
};

/** As in style.css. */
const ROW_PX = 23;

interface RowProps {
  readonly actor: ActorEntry;
  readonly level: number;
  readonly index: number;
  readonly isSelected: boolean;
  readonly isTabStop: boolean;
  readonly at: number;
  readonly onSelect: () => void;
}

const Row = ({ actor, level, index, isSelected, isTabStop, at, onSelect }: RowProps) => {
  const state = leaves(actor.states);
  return (
    <div
      role="treeitem"
      class={`row ${isAlive(actor) ? 'alive' : 'ended'}`}
      style={rowPlace(index, ROW_PX)}
      aria-level={level}
      aria-selected={isSelected}
      aria-label={`${shortName(actor.actor)}, ${state}${isAlive(actor) ? '' : ', ended'}`}
      tabIndex={isTabStop ? 0 : -1}
      title={`${actor.actor}\n${actor.states.join('\n')}\nfor ${duration((actor.endedAt ?? at) - actor.since)}`}
      data-actor={actor.actor}
      data-machine={actor.machine}
      onClick={onSelect}
      onFocus={onSelect}
    >
      <span class={`dot ${toneOf(actor)}`} />
      <span class="name">{'   '.repeat(level - 1) + treeName(actor)}</span>
      <span class="state">{state}</span>
      <span class="count">{padded(actor.mailbox === 0 ? '' : String(actor.mailbox), 3)}</span>
      <span class="count">{padded(String(actor.received), 5)}</span>
    </div>
  );
};

const isAlive = ({ endedAt }: ActorEntry): boolean => endedAt === null;

/** States that somebody should look at stand out; the words are beside the colour. */
const toneOf = (actor: ActorEntry): string => {
  const state = actor.states.join(' ');
  if (/failed|lost|crashed|degraded/.test(state)) return 'bad';
  if (/recovering|late|waiting|queued|paused|timedOut|capped|draining|stopping/.test(state)) return 'wait';
  return isAlive(actor) ? 'good' : 'done';
};

interface TreeRow {
  readonly actor: ActorEntry;
  readonly level: number;
}

/** Parents come with what is found beneath them, so that it has its place. */
const rowsOf = ({ actors }: World, query: string): readonly TreeRow[] => {
  const search = searchFor(query);
  const children = new Map<string | null, ActorEntry[]>();
  for (const actor of actors.values()) {
    const parent = actor.parent !== null && actors.has(actor.parent) ? actor.parent : null;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [actor]);
    else siblings.push(actor);
  }
  const below = (parent: string | null, level: number): readonly TreeRow[] =>
    inOrder(children.get(parent) ?? []).flatMap((actor) => {
      const inner = below(actor.actor, level + 1);
      const isFound = search(`${actor.actor} ${actor.machine} ${actor.states.join(' ')}`);
      return isFound || inner.length > 0 ? [{ actor, level }, ...inner] : [];
    });
  return below(null, 1);
};

/** What lives, in the order of its start; then what has ended, the newest first. */
const inOrder = (actors: readonly ActorEntry[]): readonly ActorEntry[] => [
  ...actors.filter(isAlive),
  ...actors.filter((actor) => !isAlive(actor)).toReversed(),
];
