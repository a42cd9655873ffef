// Whether an addon has all that this version asks of it. One that was built before it is refused when it is loaded, by
// name, and does not fail every answer.

import type { NativeAddon, NativeContext, NativeEngine, NativeSampler } from './engine-addon.js';
import { addonOutdated } from './engine-errors.js';
import { GREEDY_SAMPLING } from './greedy-sampling.js';

type Parts<Whole> = { readonly [Key in keyof Whole]-?: true };

const ADDON: Parts<NativeAddon> = {
  setErrorClass: true,
  openEngine: true,
  createSampler: true,
  topLogprobs: true,
  kernelTables: true,
  returnFreeMemory: true,
};
const SAMPLER: Parts<NativeSampler> = { accept: true, setMask: true, close: true };
const ENGINE: Parts<NativeEngine> = {
  backend: true,
  kernels: true,
  numThreads: true,
  format: true,
  config: true,
  capabilities: true,
  weightsBytes: true,
  fileBytes: true,
  pageIn: true,
  tokenizer: true,
  predict: true,
  createContext: true,
  close: true,
};
const CONTEXT: Parts<NativeContext> = {
  step: true,
  beginPromptStep: true,
  continuePromptStep: true,
  abandonPromptStep: true,
  logits: true,
  length: true,
  truncate: true,
  copy: true,
  checkpoint: true,
  checkpoints: true,
  dropCheckpoint: true,
  savedBytes: true,
  save: true,
  restore: true,
  memory: true,
  close: true,
};

/** Errors, of all three: unsupported_system. */
export const checkAddon = (addon: NativeAddon): NativeAddon => {
  requireParts(addon, ADDON);
  const sampler = addon.createSampler(GREEDY_SAMPLING, 1);
  requireParts(sampler, SAMPLER);
  sampler.close();
  return addon;
};

export const checkEngine = (engine: NativeEngine): NativeEngine => requireParts(engine, ENGINE);

export const checkContext = (context: NativeContext): NativeContext => requireParts(context, CONTEXT);

const requireParts = <Whole extends object>(whole: Whole, parts: Parts<Whole>): Whole => {
  const missing = Object.keys(parts).find((name) => !(name in whole));
  if (missing !== undefined) throw addonOutdated(missing);
  return whole;
};
