// The `clock` tool: the time now, in a time zone.

import type { ToolAnswer } from './tool-answer.js';

export interface ClockArguments {
  /** IANA name; absent: the machine's own. */
  readonly timezone?: string;
}

export const CLOCK_PARAMETERS = {
  type: 'object',
  properties: {
    timezone: {
      type: 'string',
      description: 'IANA time zone such as "Europe/Berlin" or "UTC"; default: the machine\'s own',
    },
  },
  additionalProperties: false,
} as const;

/** `2026-11-22 19:32:10 UTC (Sunday)`, offset and zone name included. */
export const runClock = ({ timezone }: ClockArguments, nowMs: number): ToolAnswer => {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-CA', {
      ...(timezone === undefined ? {} : { timeZone: timezone }),
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
      weekday: 'long',
      timeZoneName: 'longOffset',
    });
  } catch {
    return {
      isOk: false,
      text: `There is no time zone ${JSON.stringify(timezone)}. Use an IANA name such as "Europe/Berlin" or "UTC".`,
    };
  }
  const parts = Object.fromEntries(format.formatToParts(nowMs).map(({ type, value }) => [type, value]));
  const offset = parts['timeZoneName'] === 'GMT' ? '+00:00' : parts['timeZoneName']!.slice(3);
  const zone = format.resolvedOptions().timeZone;
  const { year, month, day, hour, minute, second, weekday } = parts;
  return {
    isOk: true,
    text: `${year}-${month}-${day} ${hour}:${minute}:${second} ${offset} (${weekday}, ${zone})`,
  };
};
