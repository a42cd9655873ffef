// Runs the calls of allowed tools. Whatever goes wrong is a result that the model can read.

import { messageOf } from '../../errors.js';
import { CALCULATOR_PARAMETERS, type CalculatorArguments, runCalculator } from './calculator/calculator.js';
import { CLOCK_PARAMETERS, type ClockArguments, runClock } from './clock.js';
import type { OfferedTool, ToolResult, ToolRunner, ToolRunnerOptions, ToolStatus } from './tool.js';

const OFFERED: Readonly<Record<string, OfferedTool>> = {
  clock: {
    name: 'clock',
    description: 'Tells the current date and time.',
    parameters: CLOCK_PARAMETERS,
    harmony: 'function',
  },
  calculator: {
    name: 'calculator',
    description: 'Calculates an arithmetic expression exactly where that is possible.',
    parameters: CALCULATOR_PARAMETERS,
    harmony: 'function',
  },
};

export const createToolRunner = (options: ToolRunnerOptions): ToolRunner => {
  const offered = Object.keys(options.tools).flatMap((name) =>
    Object.hasOwn(OFFERED, name) ? [OFFERED[name]!] : [],
  );
  return {
    run: (call) => {
      const startedMs = performance.now();
      const result = (status: ToolStatus, text: string): ToolResult => ({
        status,
        text,
        exitCode: null,
        signal: null,
        durationMs: performance.now() - startedMs,
        outputBytes: Buffer.byteLength(text),
        isTruncated: false,
      });
      if (!offered.some(({ name }) => name === call.name))
        return Promise.resolve(result('refused', `There is no tool named ${call.name}.`));
      let args: unknown;
      try {
        args = call.arguments.trim() === '' ? {} : JSON.parse(call.arguments);
      } catch (error) {
        return Promise.resolve(
          result('invalid_arguments', `The arguments are not valid JSON (${messageOf(error)}).`),
        );
      }
      const { isOk, text } =
        call.name === 'clock'
          ? runClock(args as ClockArguments, Date.now())
          : runCalculator(args as CalculatorArguments);
      return Promise.resolve(result(isOk ? 'ok' : 'failed', text));
    },
    tools: () => offered,
    endSession: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
};
