// Losses, with the names and averages of course_utils.nn.losses: each gives the number `loss` and
// `delta` = dL/d(the output of the network), the start of backpropagation. The labels y (N) are 0 and 1.

import { Matrix } from "./matrix.mjs";
import { ACTIVATIONS } from "./network.mjs";

const { g: sigmoid } = ACTIVATIONS.sigmoid;
const { g: softplus } = ACTIVATIONS.softplus;
const sum = (values) => values.reduce((total, value) => total + value, 0);

/** Σ (ŷ − y)² / (2N): the mean over the examples of half a square. */
function squaredError(Y_hat, y) {
  const N = Y_hat.rows;
  const difference = Y_hat.map((y_hat, i) => y_hat - y[i]);
  return { loss: sum(difference.values.map((d) => d * d)) / (2 * N), delta: difference.map((d) => d / N) };
}

/** The mean of −y log σ(z) − (1 − y) log(1 − σ(z)), for sums z. */
function binaryCrossEntropy(Z, y) {
  const N = Z.rows;
  const terms = Z.values.map((z, i) => softplus(z) - z * y[i]);
  return { loss: sum(terms) / N, delta: Z.map((z, i) => (sigmoid(z) - y[i]) / N) };
}

/** The mean of −log p(label), with p = softmax(Z) for the sums Z (N, K). */
function crossEntropy(Z, y) {
  const N = Z.rows;
  const P = softmax(Z);
  let loss = 0;
  for (let i = 0; i < N; i++) {
    const [z, p] = [Z.row(i), P.row(i)];
    const top = z.indexOf(Math.max(...z));
    loss += z[top] - Math.log(p[top]) - z[y[i]]; // −log p(label), without the log of a number that may be 0
    p[y[i]] -= 1;
  }
  return { loss: loss / N, delta: P.map((d) => d / N) };
}

/** The probabilities e^z / Σ e^z of each row of Z (N, K). */
export function softmax(Z) {
  const P = new Matrix(Z.rows, Z.cols);
  for (let i = 0; i < Z.rows; i++) {
    const largest = Math.max(...Z.row(i)); // becomes 0: exp cannot overflow
    const e = Z.row(i).map((z) => Math.exp(z - largest));
    P.row(i).set(e.map((e_k) => e_k / sum(e)));
  }
  return P;
}

/** Each loss, the output layer that it is joined to, and what it makes of that layer: the probability of class 1. */
export const LOSSES = {
  binary_cross_entropy: {
    of: binaryCrossEntropy,
    outputs: 1,
    output: "identity",
    probability: (Z) => Z.values.map(sigmoid),
  },
  cross_entropy: { of: crossEntropy, outputs: 2, output: "identity", probability: (Z) => softmax(Z).column(1) },
  squared_error: { of: squaredError, outputs: 1, output: "sigmoid", probability: (Y_hat) => Y_hat.values },
};

/** Add the slope of l1 Σ|w| + l2 Σ w² / 2 to the gradients; biases are free. */
export function addPenalty(network, l1, l2) {
  for (const { W, dW } of network.dense) {
    W.values.forEach((w, i) => (dW.values[i] += l1 * Math.sign(w) + l2 * w));
  }
}

/** The fraction of right answers, where a probability above ½ answers 1. */
export function accuracy(p, y) {
  return sum(p.map((p_i, i) => ((p_i > 0.5 ? 1 : 0) === y[i] ? 1 : 0))) / y.length;
}

/**
 * The ROC curve: the fractions of class 0 and of class 1 with a probability of at least each threshold, and the area.
 * Equal probabilities pass a threshold together.
 */
export function roc(p, y) {
  const order = Array.from(p.keys()).sort((i, j) => p[j] - p[i]);
  const passed = [0, 0];
  const points = [[0, 0]];
  order.forEach((i, k) => {
    passed[y[i]] += 1;
    if (k === order.length - 1 || p[order[k + 1]] < p[i]) points.push([...passed]);
  });
  const curve = points.map(([n0, n1]) => [n0 / passed[0], n1 / passed[1]]);
  const area = sum(curve.slice(1).map(([x, y], k) => ((x - curve[k][0]) * (y + curve[k][1])) / 2));
  return { curve, area };
}
