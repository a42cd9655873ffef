// The `calculator` tool.

import { answer, failure, type ToolAnswer } from '../tool-answer.js';
import { calculate } from './calculate.js';
import { CalculationError } from './functions.js';
import { formatNumeric } from './rational.js';

export interface CalculatorArguments {
  readonly expression: string;
}

export const CALCULATOR_PARAMETERS = {
  type: 'object',
  properties: {
    expression: {
      type: 'string',
      description: 'for example "2*(3+4)^2", "sqrt(2)", "17 % 5", "round(10/3, 2)"; angles in radians',
    },
  },
  required: ['expression'],
  additionalProperties: false,
} as const;

export const runCalculator = ({ expression }: CalculatorArguments): ToolAnswer => {
  try {
    return answer(formatNumeric(calculate(expression)));
  } catch (error) {
    if (error instanceof CalculationError) return failure(error.message);
    throw error;
  }
};
