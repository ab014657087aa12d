// Trains the cases on standard input and writes what became of them: test_playground.py asks.
// A case brings its points, weights, orders of rows and random numbers for dropout, so that nothing is drawn here.

import { readFileSync } from "node:fs";
import { parse } from "../../book/_static/playground/state.mjs";
import { Training } from "../../book/_static/playground/train.mjs";
import { Matrix } from "../../book/_static/playground/matrix.mjs";
import { streams } from "../../book/_static/playground/random.mjs";

function run({ address, steps, train, test, weights, orders = [], uniforms = [] }) {
  const { state, ignored } = parse(address);
  if (ignored.length > 0) throw new Error(ignored.join(" "));
  const points = ({ X, y }) => ({ X: Matrix.of(X), y });
  const random = {
    weights: streams(0).weights,
    order: { permutation: () => orders.shift() },
    dropout: { uniform: () => uniforms.shift() },
  };
  const training = new Training(state, { train: points(train), test: points(test) }, random);
  training.network.weights.set(weights);
  const losses = Array.from({ length: steps }, () => training.step().loss);
  const { loss, testLoss, accuracy } = training.evaluate();
  const leftOver = orders.length + uniforms.length;
  return { losses, loss, testLoss, accuracy, weights: [...training.network.weights], leftOver };
}

const cases = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(cases.map(run)));
