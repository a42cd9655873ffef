// The machine of the selected actor, drawn from its definition: active states are lit, what was taken last is marked,
// and so are guards that refused.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { ActorEntry } from '../model/world.js';
import type { Drawings } from './drawings.js';
import { clockTime, duration, eventName } from './format.js';
import type { Shown } from './store.js';

interface Props {
  readonly shown: Shown;
  readonly drawings: Drawings;
}

/** `follow`: readable, and scrolled to where it is; `whole`: all of it; `full`: as it was drawn. */
const ZOOMS = ['follow', 'whole', 'full'] as const;
type Zoom = (typeof ZOOMS)[number];

export const MachinePanel = ({ shown, drawings }: Props) => {
  const [zoom, setZoom] = useState<Zoom>('follow');
  const { world, selected, machines } = shown;
  const actor = selected === null ? undefined : world.actors.get(selected);
  const definition = machines.find(({ machine }) => machine === actor?.machine);
  return (
    <main class="panel machine" aria-label="State machine">
      <div class="panel-head">
        <h2>{actor === undefined ? 'State machine' : actor.machine}</h2>
        <span class="path">{actor?.states.join('  ')}</span>
        <span class="soft age">{actor === undefined ? '' : ageOf(actor, world.at)}</span>
        <select
          aria-label="Size of the drawing"
          value={zoom}
          onChange={(event) => setZoom(event.currentTarget.value as Zoom)}
        >
          {ZOOMS.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <div class={`canvas zoom-${zoom}`} tabIndex={0} role="region" aria-label="Drawing">
        <Drawing
          svg={definition === undefined ? null : drawings.find(definition)}
          actor={actor}
          refused={refusedIds(shown, actor)}
          isFollowed={zoom === 'follow'}
        />
        {definition === undefined && <p class="empty">{emptyText(shown)}</p>}
      </div>
      <LastStep actor={actor} />
    </main>
  );
};

const ageOf = ({ endedAt, since }: ActorEntry, at: number): string =>
  endedAt === null ? `for ${duration(at - since)}` : `ended at ${clockTime(endedAt)}`;

const emptyText = ({ connection }: Shown): string =>
  connection === 'open' ? 'Select an actor.' : 'Nothing to show yet.';

/** Transitions of the last event whose guard did not hold. */
const refusedIds = ({ machines }: Shown, actor: ActorEntry | undefined): readonly string[] => {
  const last = actor?.last ?? null;
  if (actor === undefined || last === null || last.refused.length === 0) return [];
  const { transitions = [] } = machines.find(({ machine }) => machine === actor.machine) ?? {};
  const taken = transitions.filter(({ id }) => last.taken.includes(id));
  const isTried = (from: string, event: string): boolean =>
    taken.length === 0
      ? event === last.event && actor.states.some((state) => `${state}.`.startsWith(from && `${from}.`))
      : taken.some((other) => other.from === from && other.event === event);
  return transitions
    .filter(
      ({ id, from, event, guard }) =>
        guard !== null && last.refused.includes(guard) && !last.taken.includes(id) && isTried(from, event),
    )
    .map(({ id }) => id);
};

interface DrawingProps {
  readonly svg: SVGSVGElement | null;
  readonly actor: ActorEntry | undefined;
  readonly refused: readonly string[];
  readonly isFollowed: boolean;
}

const Drawing = ({ svg, actor, refused, isFollowed }: DrawingProps) => {
  const holder = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (svg === null) holder.current?.replaceChildren();
    else if (svg.parentElement !== holder.current) holder.current?.replaceChildren(svg);
  }, [svg]);
  const states = actor?.states.join(' ') ?? '';
  const taken = actor?.last?.taken ?? [];
  const takenAt = actor?.last?.at ?? 0;
  useEffect(() => {
    if (svg === null) return;
    light(svg, actor, refused);
  }, [svg, actor?.actor, states, takenAt, taken.join(' '), refused.join(' ')]);
  useEffect(() => {
    if (svg !== null && isFollowed) scrollToActive(svg);
  }, [svg, actor?.actor, states, isFollowed]);
  return <div class="drawing" ref={holder} />;
};

/** Its own panel alone is scrolled. */
const scrollToActive = (svg: SVGSVGElement): void => {
  const canvas = svg.closest('.canvas');
  const box = svg.querySelector('.leaf > .box')?.getBoundingClientRect();
  if (canvas === null || box === undefined) return;
  const view = canvas.getBoundingClientRect();
  const behavior = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'instant' : 'smooth';
  canvas.scrollBy({
    left: box.x + box.width / 2 - view.x - view.width / 2,
    top: box.y + box.height / 2 - view.y - view.height / 2,
    behavior,
  });
};

const light = (svg: SVGSVGElement, actor: ActorEntry | undefined, refused: readonly string[]): void => {
  const active = actor?.states ?? [];
  for (const state of svg.querySelectorAll<SVGElement>('[data-state]')) {
    const path = state.dataset['state']!;
    const isActive = active.some((leaf) => leaf === path || leaf.startsWith(`${path}.`));
    state.classList.toggle('active', isActive);
    state.classList.toggle('leaf', active.includes(path));
  }
  const taken = actor?.last?.taken ?? [];
  for (const part of svg.querySelectorAll<SVGElement>('[data-transition], [data-transitions]')) {
    const ids = (part.dataset['transition'] ?? part.dataset['transitions'] ?? '').split(' ');
    mark(
      part,
      'taken',
      ids.some((id) => taken.includes(id)),
    );
    mark(part, 'refused', ids.some((id) => refused.includes(id)) && part.tagName === 'text');
  }
};

/** Taken off first, so that what is taken twice in a row flashes twice. */
const mark = (part: SVGElement, name: string, isMarked: boolean): void => {
  part.classList.remove(name);
  if (!isMarked) return;
  part.getBoundingClientRect();
  part.classList.add(name);
};

const LastStep = ({ actor }: { readonly actor: ActorEntry | undefined }) => {
  const last = actor?.last ?? null;
  return (
    <p class="last-step">
      {last === null ? (
        <span class="soft">Nothing has happened to it yet.</span>
      ) : (
        <>
          <span class="soft">{clockTime(last.at)}</span> <strong>{eventName(last.event)}</strong>{' '}
          {last.taken.length === 0 && <span class="tag">ignored</span>}
          {last.refused.map((guard) => (
            <span key={guard} class="tag refused" title="A guard that did not hold">
              ✕ {guard}
            </span>
          ))}
        </>
      )}
      {Object.entries(actor?.context ?? {})
        .filter(([, value]) => value !== null && typeof value !== 'object')
        .slice(0, 6)
        .map(([key, value]) => (
          <span key={key} class="fact">
            <span class="soft">{key}</span> {String(value)}
          </span>
        ))}
    </p>
  );
};
