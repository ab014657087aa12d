// The data: the toy sets of course_utils.data and, from its jets, W against QCD with two features.

import { Matrix } from "./matrix.mjs";

const polar = (radius, angle) => [radius * Math.cos(angle), radius * Math.sin(angle)];
const CORNERS = [[-1, -1], [-1, 1], [1, 1], [1, -1]];

/**
 * The toy sets. `point(kind, rng)` is a point before the noise, a Gaussian shift of each coordinate; its class is
 * kind % 2. `noise` is the standard deviation that course_utils.data has as default.
 */
const TOYS = {
  gaussians: { title: "two Gaussians", noise: 1, kinds: 2, point: (kind) => [2 * kind - 1, 0] },
  rings: {
    title: "circle in a ring",
    noise: 0.1,
    kinds: 2,
    point: (kind, rng) => polar(kind === 0 ? 0.5 : 1, rng.uniform(0, 2 * Math.PI)),
  },
  xor: { title: "XOR", noise: 0.3, kinds: 4, point: (kind) => CORNERS[kind] },
  spirals: {
    title: "two spirals",
    noise: 0.02,
    kinds: 2,
    point: (kind, rng) => {
      const radius = Math.sqrt(rng.uniform()); // spreads the points evenly along an arm
      return polar(radius, 3 * Math.PI * radius + Math.PI * kind);
    },
  },
  moons: {
    title: "two moons",
    noise: 0.1,
    kinds: 2,
    point: (kind, rng) => {
      const [x, y] = polar(1, rng.uniform(0, Math.PI));
      return kind === 0 ? [x, y] : [1 - x, 0.5 - y];
    },
  },
};

const PLANE = { axes: ["x", "y"], classes: ["class 0", "class 1"], scaled: false };

/** What there is to know about each set before a point of it is drawn. */
export const DATA = {
  ...Object.fromEntries(Object.entries(TOYS).map(([name, { title, noise }]) => [name, { title, noise, ...PLANE }])),
  jets: {
    title: "jets: W against QCD",
    noise: 0,
    axes: ["soft-drop mass [GeV]", "τ₂₁"],
    classes: ["QCD", "W"],
    scaled: true, // the network sees mean 0 and spread 1; the axes keep their units
  },
};

/** The features that a network may be given of a point, by their names in the address. */
export const FEATURES = {
  x: { label: "x", of: (x, y) => x },
  y: { label: "y", of: (x, y) => y },
  x2: { label: "x²", of: (x, y) => x * x },
  y2: { label: "y²", of: (x, y) => y * y },
  xy: { label: "xy", of: (x, y) => x * y },
  sinx: { label: "sin πx", of: (x, y) => Math.sin(Math.PI * x) },
  siny: { label: "sin πy", of: (x, y) => Math.sin(Math.PI * y) },
};

/** `n` points of a toy set: X (n, 2) and y (n), the classes in random order and, to within one, in equal numbers. */
export function toy(name, n, noise, rng) {
  const { kinds, point } = TOYS[name];
  const kind = rng.permutation(n).map((i) => i % kinds);
  const X = Matrix.of(kind.map((k) => point(k, rng))).map((x) => x + rng.normal(noise));
  return { X, y: kind.map((k) => k % 2) };
}

/**
 * The points of a state: { train: {X, y}, test: {X, y} }, of which the share `state.train` of `state.n` is to train on.
 * Of the jets (`sample`, the content of jets.json) two from one collision are never on both sides.
 */
export function draw(state, rng, sample) {
  const nTrain = Math.round(state.train * state.n);
  if (state.data === "jets") {
    return { train: first(sample.train, nTrain), test: first(sample.test, state.n - nTrain) };
  }
  const { X, y } = toy(state.data, state.n, state.noise, rng);
  const rows = Array.from(y.keys());
  const part = (from, to) => ({ X: X.take(rows.slice(from, to)), y: y.slice(from, to) });
  return { train: part(0, nTrain), test: part(nTrain, state.n) };
}

/** The first `n` jets of a part of the sample. */
function first({ X, y }, n) {
  return { X: Matrix.of(X.slice(0, n)), y: y.slice(0, n) };
}

/** The function that makes of points (N, 2) what the network sees (N, n_features), scaled as the points to train on. */
export function inputs(state, { X }) {
  const scale = DATA[state.data].scaled ? [zScore(X.column(0)), zScore(X.column(1))] : [(x) => x, (y) => y];
  const features = state.features.map((name) => FEATURES[name].of);
  return (points) => {
    const seen = new Matrix(points.rows, features.length);
    for (let i = 0; i < points.rows; i++) {
      const [x, y] = [scale[0](points.at(i, 0)), scale[1](points.at(i, 1))];
      features.forEach((feature, j) => (seen.values[i * features.length + j] = feature(x, y)));
    }
    return seen;
  };
}

/** x ↦ (x − mean) / std, with the mean and the standard deviation of these `values`. */
function zScore(values) {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const std = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
  return (x) => (x - mean) / std;
}
