// Trains the states on standard input with the playground's own modules, and writes what there is to draw of each.
// `node train.mjs <the folder of the modules>`, and a JSON list of { state, epochs } in; a list of the same length out.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const folder = pathToFileURL(`${resolve(process.argv[2])}/`);
const module = (name) => import(new URL(name, folder));
const { DATA, FEATURES, draw } = await module("data.mjs");
const { boxAround, grid, middles, SIDE } = await module("draw.mjs");
const { streams } = await module("random.mjs");
const { parse } = await module("state.mjs");
const { Training } = await module("train.mjs");
const sample = JSON.parse(readFileSync(new URL("jets.json", folder)));
const rows = (matrix) => Array.from({ length: matrix.rows }, (_, i) => [...matrix.row(i)]);

function trained({ state: text, epochs }) {
  const { state, ignored } = parse(text);
  const random = streams(state.seed);
  const points = draw(state, random.data, sample);
  const training = new Training(state, points, random);
  const until = state.epochs || epochs;
  while (training.epoch < until) training.finishEpoch();
  const box = boxAround(Object.values(points));
  const X = training.inputs(grid(box));
  const p = training.predict(X);
  return {
    ignored,
    ...DATA[state.data],
    act: state.act,
    features: state.features.map((name) => FEATURES[name].label),
    sizes: training.network.sizes,
    points: [points.train, points.test].map(({ X, y }) => ({ X: rows(X), y })),
    box,
    side: SIDE,
    surface: [...p],
    neurons: [X, ...training.network.activations.map(({ A }) => A)].map(rows), // of each layer (SIDE², n)
    middles: middles(state),
    weights: training.network.dense.map(({ W }) => rows(W)),
    history: training.history,
  };
}

const states = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(states.map(trained)));
