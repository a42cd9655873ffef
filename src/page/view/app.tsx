import { useEffect } from 'preact/hooks';
import { ActorTree } from './actor-tree.js';
import { Charts } from './charts.js';
import { Controls } from './controls.js';
import type { Drawings } from './drawings.js';
import { EventList } from './event-list.js';
import { MachinePanel } from './machine-panel.js';
import { SessionPanel } from './session-panel.js';
import type { Shown, Store } from './store.js';
import { TopBar } from './top-bar.js';

interface Props {
  readonly store: Store;
  readonly shown: Shown;
  readonly drawings: Drawings;
}

export const App = ({ store, shown, drawings }: Props) => {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => handleKey(event, store);
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [store]);

  return (
    <div class="app">
      <header>
        <TopBar shown={shown} />
        <Controls store={store} shown={shown} />
      </header>
      <ActorTree store={store} shown={shown} />
      <MachinePanel shown={shown} drawings={drawings} />
      <Charts world={shown.world} />
      <SessionPanel store={store} shown={shown} />
      <EventList store={store} shown={shown} />
    </div>
  );
};

/** Keys of the whole page, where no field or list has its own use for them. */
const handleKey = (event: KeyboardEvent, store: Store): void => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target as HTMLElement;
  if (event.key === 'Escape' && target.tagName === 'INPUT') target.blur();
  if (['INPUT', 'SELECT', 'TEXTAREA'].includes(target.tagName)) return;
  const isOnButton = target.tagName === 'BUTTON' || target.tagName === 'SUMMARY';
  switch (event.key) {
    case ' ':
      if (isOnButton) return;
      store.togglePause();
      break;
    case 'ArrowLeft':
      store.step('back');
      break;
    case 'ArrowRight':
      store.step('forward');
      break;
    case 'l':
      store.followNewest();
      break;
    case '/':
      document.getElementById('search')?.focus();
      break;
    default:
      return;
  }
  event.preventDefault();
};
