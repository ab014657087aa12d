import assert from "node:assert/strict";
import { test } from "node:test";
import { draw } from "../../book/_static/playground/data.mjs";
import { LOSSES, accuracy, addPenalty, roc, softmax } from "../../book/_static/playground/losses.mjs";
import { Matrix, matmul, transpose } from "../../book/_static/playground/matrix.mjs";
import { ACTIVATIONS, INITS, Network } from "../../book/_static/playground/network.mjs";
import { OPTIMIZERS } from "../../book/_static/playground/optimizers.mjs";
import { Random, streams } from "../../book/_static/playground/random.mjs";
import { parse } from "../../book/_static/playground/state.mjs";
import { DivergedError, Training } from "../../book/_static/playground/train.mjs";

const close = (a, b, tolerance = 1e-9) => assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b} ± ${tolerance}`);

function training(address) {
  const { state, ignored } = parse(address);
  assert.deepEqual(ignored, []);
  const random = streams(state.seed);
  return new Training(state, draw(state, random.data), random);
}

test("matrices multiply and transpose", () => {
  const [A, B] = [Matrix.of([[1, 2, 3], [4, 5, 6]]), Matrix.of([[1, 0], [0, 1], [2, 2]])];
  assert.deepEqual(matmul(A, B), Matrix.of([[7, 8], [16, 17]]));
  assert.deepEqual(transpose(A), Matrix.of([[1, 4], [2, 5], [3, 6]]));
});

for (const hidden of Object.keys(ACTIVATIONS)) {
  for (const [name, { of, outputs, output }] of Object.entries(LOSSES)) {
    test(`backpropagation is the measured derivative: ${hidden}, ${name}`, () => {
      const network = new Network([3, 4, 3, outputs], streams(4), { hidden, output, init: "uniform" });
      const X = Matrix.of([[0.3, -1.2, 0.5], [1.1, 0.4, -0.7], [-0.6, 0.9, 1.3]]);
      const y = [0, 1, 1];
      const loss = () => of(network.forward(X), y);
      network.backward(loss().delta);
      const gradients = network.gradients.slice();
      const h = 1e-6;
      network.weights.forEach((w, i) => {
        network.weights[i] = w + h;
        const above = loss().loss;
        network.weights[i] = w - h;
        const below = loss().loss;
        network.weights[i] = w;
        close(gradients[i], (above - below) / (2 * h), 1e-8);
      });
    });
  }
}

test("losses stay finite at sums far from zero", () => {
  const bce = LOSSES.binary_cross_entropy.of(Matrix.of([[1000], [-1000]]), [0, 1]);
  assert.deepEqual([bce.loss, ...bce.delta.values], [1000, 0.5, -0.5]);
  const ce = LOSSES.cross_entropy.of(Matrix.of([[1000, 0], [0, 1000]]), [1, 1]);
  assert.deepEqual([ce.loss, ...ce.delta.values], [500, 0.5, -0.5, 0, 0]);
  assert.deepEqual([...softmax(Matrix.of([[0, 0], [0, -1000]])).values], [0.5, 0.5, 1, 0]);
});

test("penalties pull at weights, not at biases", () => {
  const network = new Network([2, 2, 1], streams(1), { init: "uniform" });
  addPenalty(network, 0.1, 10);
  for (const { W, dW, db } of network.dense) {
    W.values.forEach((w, i) => close(dW.values[i], 0.1 * Math.sign(w) + 10 * w));
    assert.ok(db.every((d) => d === 0));
  }
});

test("initial weights have the spread of their rule", () => {
  const spread = (values) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
  const expected = { he: Math.sqrt(2 / 80), glorot: Math.sqrt(2 / 120), uniform: Math.sqrt(1 / 12) };
  for (const [name, init] of Object.entries(INITS)) {
    const [W, b] = [new Matrix(80, 40), new Float64Array(40).fill(7)];
    init(W, b, new Random(1));
    close(spread(W.values) / expected[name], 1, 0.05);
    assert.equal(b.every((b_k) => b_k === 0), name !== "uniform");
  }
});

test("dropout keeps the mean of an activation while training, and is gone afterwards", () => {
  const network = new Network([1, 8, 1], streams(1), { hidden: "identity", dropout: 0.4 });
  const X = new Matrix(5000, 1).map(() => 1);
  const mean = (A) => A.values.reduce((sum, a) => sum + a, 0) / A.rows;
  const still = network.forward(X);
  close(mean(network.forward(X, true)), mean(still), 0.1);
  assert.notDeepEqual(network.forward(X, true), still);
  assert.deepEqual(network.forward(X), still);
});

test("AdamW without decay is Adam; with it, weights without slopes shrink by 1 − η λ", () => {
  const stepped = (Rule, options, gradient) => {
    const weights = Float64Array.of(2, -1);
    const rule = new Rule(0.1, options);
    for (let i = 0; i < 3; i++) rule.step(weights, Float64Array.from(gradient));
    return [...weights];
  };
  const { adam, adamw } = OPTIMIZERS;
  assert.deepEqual(stepped(adamw, { decay: 0 }, [1, 2]), stepped(adam, {}, [1, 2]));
  stepped(adamw, { decay: 0.5 }, [0, 0]).forEach((w, i) => close(w, [2, -1][i] * 0.95 ** 3));
});

test("ReLUs that are 0 everywhere are silent", () => {
  const network = new Network([1, 2, 1], streams(1));
  network.dense[0].W.values.set([1, 1]);
  network.dense[0].b.set([-5, 0]);
  assert.deepEqual(network.silent(Matrix.of([[1], [-2]])), [[true, false]]);
});

test("accuracy counts, and ROC is the share of pairs in the right order", () => {
  assert.equal(accuracy([0.9, 0.2, 0.5], [1, 1, 0]), 2 / 3);
  const rng = new Random(8);
  const y = Array.from({ length: 60 }, (_, i) => i % 2);
  const p = y.map((label) => Math.round(10 * rng.uniform(label / 3, 1)) / 10); // many equal ones
  const pairs = y.flatMap((yi, i) => y.map((yj, j) => (yi > yj ? (Math.sign(p[i] - p[j]) + 1) / 2 : null)));
  const told = pairs.filter((pair) => pair !== null);
  const { curve, area } = roc(p, y);
  close(area, told.reduce((sum, pair) => sum + pair, 0) / told.length);
  assert.deepEqual([curve[0], curve.at(-1)], [[0, 0], [1, 1]]);
});

test("an epoch shows every row once, and the last batch may be smaller", () => {
  const t = training("n=50&batch=10&train=0.46");
  assert.deepEqual([1, 2, 3].map(() => t.step().n), [10, 10, 3]);
  assert.deepEqual([t.epoch, t.history.length], [1, 2]);
  t.step();
  t.finishEpoch();
  assert.deepEqual([t.epoch, t.left.length], [2, 0]);
  assert.equal(training("n=50&batch=all&train=0.46").step().n, 23);
});

test("XOR is learned, and only with a hidden layer", () => {
  const [deep, flat] = [training("data=xor&noise=0.2"), training("data=xor&noise=0.2&hidden=none")];
  for (let i = 0; i < 60; i++) for (const t of [deep, flat]) t.finishEpoch();
  assert.ok(deep.history.at(-1).testAccuracy > 0.98);
  assert.ok(flat.history.at(-1).testAccuracy < 0.8);
});

test("the same state trains to the same weights; another seed to others", () => {
  const trained = (address) => {
    const t = training(address);
    t.finishEpoch();
    return t.network.weights;
  };
  assert.deepEqual(trained("seed=7&dropout=0.2"), trained("seed=7&dropout=0.2"));
  assert.notDeepEqual(trained("seed=7&dropout=0.2"), trained("seed=8&dropout=0.2"));
});

test("looking at a network does not change its training", () => {
  const [watched, alone] = [training("dropout=0.3"), training("dropout=0.3")];
  for (let i = 0; i < 30; i++) {
    watched.predict(watched.inputs(Matrix.of([[0, 0], [1, 1]])));
    watched.example(watched.train.X.take([3]), 1);
    watched.network.silent(watched.train.X);
    watched.step();
    alone.step();
  }
  assert.deepEqual(watched.network.weights, alone.network.weights);
});

for (const loss of ["binary_cross_entropy", "cross_entropy"]) {
  for (const batch of [10, "all"]) {
    test(`training that diverges stops, says why, and trains at the rates it offers: ${loss}, batch=${batch}`, () => {
      const run = (lr) => {
        const t = training(`data=gaussians&act=identity&lr=${lr}&hidden=8,8,8&loss=${loss}&batch=${batch}`);
        for (let i = 0; i < 100; i++) t.finishEpoch();
        return t;
      };
      const offered = [1000];
      for (;;) {
        const lr = offered.at(-1);
        try {
          assert.ok(run(lr).history.at(-1).accuracy > 0.8);
          break;
        } catch (error) {
          if (!(error instanceof DivergedError)) throw error;
          assert.match(error.message, /^The loss became (NaN|Infinity|[\d.e+]+) in epoch \d+: the steps are too long/);
          assert.ok(error.message.endsWith(`Try lr=${lr / 10} instead of ${lr}.`), error.message);
          offered.push(error.lr);
        }
      }
      assert.ok(offered.length > 1);
    });
  }
}

for (const opt of Object.keys(OPTIMIZERS)) {
  test(`training also stops at a loss out of all proportion, and says it in a few digits: ${opt}`, () => {
    const t = training(`data=gaussians&act=identity&hidden=8,8,8&lr=1000&opt=${opt}`);
    const stop = (error) => error instanceof DivergedError && error.message.split(" in epoch")[0].length < 26;
    assert.throws(() => [1, 2, 3, 4, 5].forEach(() => t.finishEpoch()), stop);
    assert.ok(t.history.every(({ loss }) => loss < 100 * t.history[0].loss));
  });
}

test("training stops at the batch that diverges, not at the end of its epoch", () => {
  const t = training("act=identity&lr=1000&hidden=8,8,8");
  assert.throws(() => t.finishEpoch(), DivergedError);
  assert.ok(t.left.length > 0);
});

test("an example shows what a step computes", () => {
  const t = training("hidden=3,2&act=sigmoid");
  const before = t.network.weights.slice();
  const x = t.train.X.take([5]);
  const { loss, layers } = t.example(x, 1);
  close(loss, -Math.log(t.loss.probability(t.network.forward(x))[0]));
  assert.deepEqual(t.network.weights, before);
  assert.deepEqual(layers.map(({ W }) => [W.rows, W.cols]), [[2, 3], [3, 2], [2, 1]]);
  layers.forEach(({ a, W, b, z, out, delta, dW, db }, l) => {
    z.forEach((z_k, k) => close(z_k, a.reduce((sum, a_j, j) => sum + a_j * W.at(j, k), b[k])));
    if (l < 2) assert.deepEqual(layers[l + 1].a, out);
    a.forEach((a_j, j) => delta.forEach((d, k) => close(dW.at(j, k), a_j * d)));
    assert.deepEqual(db, delta);
  });
  layers.slice(0, -1).forEach(({ out, delta }, l) => {
    const { W, delta: next } = layers[l + 1];
    delta.forEach((d, j) => close(d, next.reduce((sum, n, k) => sum + n * W.at(j, k), 0) * out[j] * (1 - out[j])));
  });
});
