// Opens the front ends in order and closes them in reverse, for the supervisor. One that cannot open undoes those
// before it.

import { type CallbackActorLogic, type EventObject, fromCallback } from 'xstate';
import type { FrontEndsCommand } from '../machines/supervisor.js';
import { asCodedError } from './engine-errors.js';

/** Something clients come through. */
export interface Opening {
  open(): Promise<void>;
  /** Twice is harmless. */
  close(): Promise<void>;
}

export const createFrontEndsLogic = (
  openings: () => readonly Opening[],
): CallbackActorLogic<FrontEndsCommand> =>
  fromCallback<FrontEndsCommand, unknown, EventObject>(({ sendBack, receive }) => {
    const opened: Opening[] = [];
    let closing: Promise<void> | null = null;

    const closeAll = async (): Promise<void> => {
      for (const opening of opened.splice(0).reverse()) await opening.close();
    };
    const close = (): Promise<void> => (closing ??= opening.then(closeAll, closeAll));

    const openAll = async (): Promise<void> => {
      for (const opening of openings()) {
        await opening.open();
        opened.push(opening);
      }
    };
    const opening = openAll();
    opening.then(
      () => sendBack({ type: 'frontEnds.listening' }),
      (error: unknown) => sendBack({ type: 'frontEnds.failed', error: asCodedError(error) }),
    );
    const fail = (error: unknown): void => sendBack({ type: 'frontEnds.failed', error: asCodedError(error) });
    receive(() => {
      close().then(() => sendBack({ type: 'frontEnds.closed' }), fail);
    });
    // The daemon ends either way; what could not be closed ends with the process.
    return () => void close().catch(() => {});
  });
