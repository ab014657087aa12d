// The state of a playground as an address tells it: `data=xor&hidden=4,2&act=tanh`. What is not said has its default;
// a part that cannot be followed is left out, and named.

import { DATA, FEATURES } from "./data.mjs";
import { LOSSES } from "./losses.mjs";
import { ACTIVATIONS, INITS } from "./network.mjs";
import { OPTIMIZERS, SCHEDULES } from "./optimizers.mjs";

// A field reads its text: `read` gives the value, or undefined if the text is none of what it `expects`.

function choice(label, fallback, table) {
  const options = Object.keys(table);
  const read = (text) => (options.includes(text) ? text : undefined);
  return { kind: "choice", label, fallback, options, expects: `one of ${options.join(", ")}`, read };
}

function number(label, fallback, min, max, step = "any") {
  const whole = step === 1;
  const read = (text) => {
    const value = /^\d*\.?\d+(e-?\d+)?$/i.test(text) ? Number(text) : NaN;
    return value >= min && value <= max && (!whole || Number.isInteger(value)) ? value : undefined;
  };
  const expects = `a ${whole ? "whole " : ""}number from ${min} to ${max}`;
  return { kind: "number", label, fallback, min, max, step, expects, read };
}

const BATCH = number("Batch", 10, 1, 1000, 1);
const MAX_LAYERS = 5;
const MAX_NEURONS = 8;
const SMALLEST = 1e-6;

/** Every part of a state, in the order of the address. */
export const FIELDS = {
  data: choice("Data", "xor", DATA),
  noise: number("Noise", undefined, 0, 2), // the fallback is that of the data
  n: number("Points", 400, 20, 1000, 1),
  train: number("Share to train on", 0.5, 0.1, 0.9),
  features: {
    kind: "features",
    label: "Features",
    fallback: ["x", "y"],
    expects: `different ones of ${Object.keys(FEATURES).join(", ")}, with commas between`,
    read: (text) => {
      const names = text.split(",");
      const good = new Set(names).size === names.length && names.every((name) => Object.hasOwn(FEATURES, name));
      return good ? Object.keys(FEATURES).filter((name) => names.includes(name)) : undefined;
    },
  },
  hidden: {
    kind: "text",
    label: "Neurons of the hidden layers",
    fallback: [4, 2],
    expects: `none, or up to ${MAX_LAYERS} numbers from 1 to ${MAX_NEURONS}, with commas between`,
    read: (text) => {
      if (text === "none") return [];
      const sizes = text.split(",");
      const good = sizes.length <= MAX_LAYERS && sizes.every((size) => new RegExp(`^[1-${MAX_NEURONS}]$`).test(size));
      return good ? sizes.map(Number) : undefined;
    },
  },
  act: choice("Activation", "tanh", ACTIVATIONS),
  init: choice("Initial weights", "glorot", INITS),
  loss: choice("Loss", "binary_cross_entropy", LOSSES),
  opt: choice("Optimizer", "sgd", OPTIMIZERS),
  lr: number("Learning rate", 0.1, SMALLEST, 1000),
  decay: number("Weight decay of adamw", 0.01, 0, 10),
  schedule: choice("Schedule", "constant", SCHEDULES),
  factor: number("Factor of a lower rate", 0.5, SMALLEST, 1),
  every: number("Epochs between its steps", 10, 1, 1000, 1),
  patience: number("Patience", 10, 0, 1000, 1),
  k: number("k of the other decays", 0.1, 0, 100),
  batch: {
    ...BATCH,
    kind: "text",
    expects: `all, or ${BATCH.expects}`,
    read: (text) => (text === "all" ? text : BATCH.read(text)),
  },
  l1: number("L1", 0, 0, 10),
  l2: number("L2", 0, 0, 10),
  dropout: number("Dropout", 0, 0, 0.9),
  seed: number("Seed", 1, 0, 2 ** 32 - 1, 1),
  epochs: number("Epochs trained at the start", 0, 0, 1000, 1),
};

/** The state that an empty address tells, for these data. */
export function defaults(data = FIELDS.data.fallback) {
  const state = Object.fromEntries(Object.entries(FIELDS).map(([key, { fallback }]) => [key, fallback]));
  return { ...state, data, noise: DATA[data].noise };
}

/** The state that `text` tells, and a sentence for each part of it that was `ignored`. */
export function parse(text) {
  const parts = new URLSearchParams(text);
  const ignored = [];
  const read = (key, fallback) => {
    const [told, ...more] = parts.getAll(key);
    if (more.length > 0) ignored.push(`${key} is told ${more.length + 1} times: the first counts.`);
    if (told === undefined) return fallback;
    const value = FIELDS[key].read(told);
    if (value !== undefined) return value;
    ignored.push(`${key}=${told} is ignored: expected ${FIELDS[key].expects}; ${written(fallback)} is used.`);
    return fallback;
  };
  const state = defaults(read("data", FIELDS.data.fallback));
  for (const key of Object.keys(FIELDS).slice(1)) state[key] = read(key, state[key]);
  if (state.data === "jets" && state.noise !== 0) {
    ignored.push(`noise=${written(state.noise)} is ignored: the jets are as they were simulated.`);
    state.noise = 0;
  }
  for (const key of new Set(parts.keys())) {
    if (!Object.hasOwn(FIELDS, key)) ignored.push(`${key} is ignored: a state has ${Object.keys(FIELDS).join(", ")}.`);
  }
  return { state, ignored };
}

/** The address of a state: the parts that differ from their defaults. `parse` reads it back. */
export function format(state) {
  const usual = { ...defaults(state.data), data: FIELDS.data.fallback };
  return Object.keys(FIELDS)
    .filter((key) => written(state[key]) !== written(usual[key]))
    .map((key) => `${key}=${written(state[key])}`)
    .join("&");
}

/** A value as it stands in an address. */
export function written(value) {
  return Array.isArray(value) ? value.join(",") || "none" : String(value);
}
