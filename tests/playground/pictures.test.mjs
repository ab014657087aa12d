import assert from "node:assert/strict";
import { test } from "node:test";
import { draw } from "../../book/_static/playground/data.mjs";
import { SIDE, boundary, boxAround, grid, short, written } from "../../book/_static/playground/draw.mjs";
import { stations } from "../../book/_static/playground/example.mjs";
import { streams } from "../../book/_static/playground/random.mjs";
import { parse } from "../../book/_static/playground/state.mjs";
import { Training } from "../../book/_static/playground/train.mjs";

test("an example passes each layer forward, the loss, and each layer backward", () => {
  const { state } = parse("hidden=3,2&act=relu");
  const random = streams(state.seed);
  const training = new Training(state, draw(state, random.data), random);
  const trace = training.example(training.train.X.take([0]), 1);
  const path = stations(trace, 1);
  assert.deepEqual(path.map(({ layer }) => layer), [0, 1, 2, undefined, 2, 1, 0]);
  assert.ok(path[3].title.endsWith(`L = ${trace.loss.toPrecision(4)}`));
  for (const { numbers, rows } of path.slice(0, 3)) {
    const [[, b], [, z]] = rows;
    z.forEach((z_k, k) => {
      const sum = numbers.column(k).reduce((total, product) => total + product, b[k]);
      assert.ok(Math.abs(sum - z_k) < 1e-12);
    });
  }
  const { numbers, rows } = path.at(-1);
  assert.deepEqual([numbers.rows, numbers.cols, rows[0][0]], [2, 3, "δ"]);
  assert.deepEqual(numbers, trace.layers[0].dW);
});

test("the boundary is where the probability crosses one half", () => {
  const points = grid([[-1, 1], [-1, 1]]);
  const p = Float64Array.from({ length: points.rows }, (_, i) => 0.5 + (0.64 - Math.hypot(...points.row(i)) ** 2) / 4);
  const lines = boundary(p);
  assert.ok(lines.length > 4 * 50);
  assert.equal(lines.length % 4, 0);
  for (let place = 0; place < lines.length; place += 2) {
    const [x, y] = lines.slice(place, place + 2).map((c) => (2 * (c + 0.5)) / SIDE - 1);
    assert.ok(Math.abs(Math.hypot(x, y) - 0.8) < 0.01);
  }
  assert.deepEqual(boundary(p.fill(0.7)), []);
});

test("the box holds all points, and the grid starts at its top left", () => {
  const { state } = parse("data=moons");
  const parts = Object.values(draw(state, streams(1).data));
  const [[left, right], [bottom, top]] = boxAround(parts);
  for (const { X } of parts) {
    assert.ok(X.column(0).every((x) => left < x && x < right));
    assert.ok(X.column(1).every((y) => bottom < y && y < top));
  }
  const points = grid([[0, SIDE], [0, SIDE]]);
  assert.deepEqual([...points.row(0)], [0.5, SIDE - 0.5]);
  assert.deepEqual([...points.row(SIDE * SIDE - 1)], [SIDE - 0.5, 0.5]);
});

test("numbers are short", () => {
  assert.deepEqual([0, 1.5, -0.05, -0.0001, -12345].map(short), ["0", "1.50", "−0.050", "−1.0e−4", "−1.2e+4"]);
});

test("no number on an edge lies over another, the largest has a place, and few edges keep all", () => {
  const layer = (n, x) => Array.from({ length: n }, (_, j) => [x, 400 * ((j + 0.5) / n)]);
  const between = (n, m) => {
    return layer(n, 0).flatMap((from, j) => layer(m, 150).map((to, k) => ({ from, to, value: Math.sin(9 * j + k) })));
  };
  const width = (text) => 7 * text.length;
  for (const [n, m] of [[2, 4], [4, 2], [8, 8], [1, 1]]) {
    const edges = between(n, m);
    const texts = written(edges, width);
    texts.forEach((a, i) => {
      for (const b of texts.slice(i + 1)) assert.ok(Math.abs(a.x - b.x) > a.half + b.half || Math.abs(a.y - b.y) > 15);
    });
    const largest = edges.reduce((most, { value }) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
    assert.equal(texts[0].text, short(largest));
    if (n * m <= 8) assert.equal(texts.length, n * m);
  }
});
