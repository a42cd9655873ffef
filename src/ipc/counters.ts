// What front ends count for `status`. One object for all of them, made by the composition root.

import type { BackpressureStatus, ConnectionStatus } from './protocol.js';

export interface FrontEndCounters {
  connectionOpened(): void;
  connectionClosed(): void;
  connectionRefused(): void;
  protocolError(): void;
  streamPaused(): void;
  streamResumed(): void;
  watchEventsDropped(count: number): void;
  /** What one connection has waiting now. */
  buffered(bytes: number): void;
  /** Sums up what all connections have waiting when `status` asks. Returns the unsubscriber. */
  track(bufferedBytes: () => number): () => void;
  snapshot(): { readonly connections: ConnectionStatus; readonly backpressure: BackpressureStatus };
}

export const createFrontEndCounters = (): FrontEndCounters => {
  const connections = { open: 0, accepted: 0, refused: 0, protocolErrors: 0 };
  const backpressure = { pausedStreams: 0, pauses: 0, peakBufferedBytes: 0, droppedWatchEvents: 0 };
  const tracked = new Set<() => number>();
  return {
    connectionOpened: () => {
      connections.open++;
      connections.accepted++;
    },
    connectionClosed: () => void connections.open--,
    connectionRefused: () => void connections.refused++,
    protocolError: () => void connections.protocolErrors++,
    streamPaused: () => {
      backpressure.pausedStreams++;
      backpressure.pauses++;
    },
    streamResumed: () => void backpressure.pausedStreams--,
    watchEventsDropped: (count) => void (backpressure.droppedWatchEvents += count),
    buffered: (bytes) =>
      void (backpressure.peakBufferedBytes = Math.max(backpressure.peakBufferedBytes, bytes)),
    track: (bufferedBytes) => {
      tracked.add(bufferedBytes);
      return () => void tracked.delete(bufferedBytes);
    },
    snapshot: () => ({
      connections: { ...connections },
      backpressure: { ...backpressure, bufferedBytes: [...tracked].reduce((sum, bytes) => sum + bytes(), 0) },
    }),
  };
};
