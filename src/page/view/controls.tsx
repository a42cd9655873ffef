// Time: now, an earlier event, a recording.

import { useRef, useState } from 'preact/hooks';
import { decodeRecording, encodeRecorded, RECORDING_VERSION } from '../../ipc/recording.js';
import { clockTime } from './format.js';
import type { Shown, Store } from './store.js';
import { nextTheme, showTheme, storedTheme } from './theme.js';

interface Props {
  readonly store: Store;
  readonly shown: Shown;
}

export const Controls = ({ store, shown }: Props) => {
  const { history, cursor, world, recording } = shown;
  const last = Math.max(history.first(), history.end() - 1);
  return (
    <div class="controls">
      <div class="group" role="group" aria-label="Time">
        <button type="button" title="Step back (←)" onClick={() => store.step('back')}>
          ◀ Back
        </button>
        <button
          type="button"
          class="pause"
          title="Pause or go on (space)"
          aria-pressed={cursor !== null}
          onClick={() => store.togglePause()}
        >
          {cursor === null ? 'Pause' : 'Go on'}
        </button>
        <button type="button" title="Step forward (→)" onClick={() => store.step('forward')}>
          Forward ▶
        </button>
      </div>
      <input
        class="position"
        type="range"
        aria-label="Position in the recorded events"
        min={history.first()}
        max={last}
        value={cursor ?? last}
        onInput={(event) => store.goTo(Number(event.currentTarget.value))}
      />
      <output class="time" aria-label="Time shown">
        {world.at === 0 ? '–' : clockTime(world.at)}
      </output>
      <Files store={store} shown={shown} />
      {recording !== null && (
        <button type="button" onClick={() => store.closeRecording()}>
          Back to live
        </button>
      )}
      <ThemeButton />
    </div>
  );
};

const Files = ({ store, shown }: Props) => {
  const input = useRef<HTMLInputElement>(null);
  const open = (file: File): Promise<void> =>
    file.arrayBuffer().then(
      (content) => openRecording(store, file.name, new Uint8Array(content)),
      () => store.tell(`${file.name} could not be read.`),
    );
  return (
    <div class="group" role="group" aria-label="Recordings">
      <button
        type="button"
        title="Save what is kept as one file"
        disabled={shown.header === null}
        onClick={() => save(shown)}
      >
        Export
      </button>
      <button type="button" title="Show a recording" onClick={() => input.current?.click()}>
        Import
      </button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label="Recording to show"
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          currentTarget.value = '';
          if (file !== undefined) void open(file);
        }}
      />
    </div>
  );
};

const openRecording = (store: Store, name: string, content: Uint8Array): void => {
  try {
    store.open(name, decodeRecording(content));
  } catch (error) {
    store.tell(error instanceof Error ? error.message : String(error));
  }
};

const save = ({ header, history }: Shown): void => {
  if (header === null) return;
  const parts = [
    encodeRecorded({ ...header, recordingVersion: RECORDING_VERSION, createdAt: Date.now() }),
    ...history.events().map(encodeRecorded),
  ];
  const url = URL.createObjectURL(new Blob(parts as BlobPart[], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `codexpc-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}.recording`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000); // the browser has read it by then
};

const ThemeButton = () => {
  const [theme, setTheme] = useState(storedTheme);
  return (
    <button
      type="button"
      class="theme"
      title="Light, dark, or as the system is"
      onClick={() => {
        const next = nextTheme(theme);
        showTheme(next);
        setTheme(next);
      }}
    >
      Theme: {theme}
    </button>
  );
};
