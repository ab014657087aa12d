import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DATA, FEATURES, draw, inputs, toy } from "../../book/_static/playground/data.mjs";
import { Random, streams } from "../../book/_static/playground/random.mjs";
import { defaults } from "../../book/_static/playground/state.mjs";

const sample = JSON.parse(readFileSync(new URL("../../book/_static/playground/jets.json", import.meta.url)));
const close = (a, b, tolerance = 1e-12) => assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b} ± ${tolerance}`);
const exact = (name) => rows(toy(name, 200, 0, new Random(1)));
const rows = ({ X, y }) => y.map((label, i) => [...X.row(i), label]);
const mean = (values) => values.reduce((sum, v) => sum + v, 0) / values.length;

test("uniform numbers are mulberry32, written here in whole numbers without the tricks of 32 bits", () => {
  const wrap = (n) => BigInt.asUintN(32, n);
  for (const seed of [0, 1, 4294967295]) {
    const rng = new Random(seed);
    let x = BigInt(seed);
    for (let i = 0; i < 100; i++) {
      let z = (x = wrap(x + 0x6d2b79f5n));
      z = wrap((z ^ (z >> 15n)) * (z | 1n));
      z ^= wrap(z + wrap((z ^ (z >> 7n)) * (z | 61n)));
      assert.equal(rng.uniform() * 2 ** 32, Number(z ^ (z >> 14n)));
    }
  }
});

test("normal numbers have mean 0 and the standard deviation that is asked for", () => {
  const rng = new Random(2);
  const values = Array.from({ length: 20000 }, () => rng.normal(3));
  close(mean(values), 0, 0.1);
  close(Math.sqrt(mean(values.map((v) => v * v))), 3, 0.1);
  close(mean(values.map((v) => (Math.abs(v) < 3 ? 1 : 0))), 0.6827, 0.015);
});

test("a permutation holds each number once, and every order is about as frequent", () => {
  const rng = new Random(3);
  const count = {};
  for (let i = 0; i < 6000; i++) {
    const order = rng.permutation(3).join("");
    count[order] = (count[order] ?? 0) + 1;
  }
  assert.deepEqual(Object.keys(count).sort(), ["012", "021", "102", "120", "201", "210"]);
  for (const n of Object.values(count)) close(n, 1000, 150);
});

test("streams of one seed differ, and so do seeds", () => {
  const firsts = [0, 1, 2].flatMap((seed) => Object.values(streams(seed)).map((rng) => rng.uniform()));
  assert.equal(new Set(firsts).size, 12);
});

test("without noise the points lie where course_utils.data puts them", () => {
  for (const [x, y, label] of exact("gaussians")) assert.deepEqual([x, y], [2 * label - 1, 0]);
  for (const [x, y, label] of exact("rings")) close(Math.hypot(x, y), label ? 1 : 0.5);
  for (const [x, y, label] of exact("xor")) assert.equal(label === 1, x !== y);
  for (const [x, y, label] of exact("moons")) {
    const [u, v] = label ? [1 - x, 0.5 - y] : [x, y];
    close(Math.hypot(u, v), 1);
    assert.ok(v >= 0);
  }
  for (const [x, y, label] of exact("spirals")) {
    const radius = Math.hypot(x, y);
    const angle = 3 * Math.PI * radius + Math.PI * label;
    close(x, radius * Math.cos(angle));
    close(y, radius * Math.sin(angle));
  }
});

test("noise is the standard deviation of each coordinate's shift", () => {
  const shift = rows(toy("gaussians", 1000, 0.5, new Random(4))).flatMap(([x, y, label]) => [x - (2 * label - 1), y]);
  close(Math.sqrt(mean(shift.map((s) => s * s))), 0.5, 0.03);
});

for (const name of Object.keys(DATA)) {
  test(`${name}: two classes, a split without overlap, and the same points for the same seed`, () => {
    const state = { ...defaults(name), n: 200, train: 0.3 };
    const { train, test: rest } = draw(state, streams(1).data, sample);
    assert.deepEqual([train.X.rows, rest.X.rows, train.y.length, rest.y.length], [60, 140, 60, 140]);
    assert.deepEqual(new Set([...train.y, ...rest.y]), new Set([0, 1]));
    if (name !== "jets") close(mean([...train.y, ...rest.y]), 0.5);
    const places = [...rows(train), ...rows(rest)].map(String);
    if (name !== "jets" && name !== "xor") assert.equal(new Set(places).size, 200);
    const again = draw(state, streams(1).data, sample);
    assert.deepEqual(rows(again.test), rows(rest));
    if (name !== "jets") assert.notDeepEqual(rows(draw(state, streams(2).data, sample).test), rows(rest));
  });
}

test("the jets suffice for every state, and W are the ones near 80 GeV with a small tau21", () => {
  for (const { X, y } of Object.values(sample)) {
    assert.deepEqual([X.length, y.length, mean(y)], [1000, 1000, 0.5]);
    const median = (j, label) => X.filter((_, i) => y[i] === label).map((row) => row[j]).sort((a, b) => a - b)[250];
    close(median(0, 1), 80, 5);
    assert.ok(median(1, 1) < median(1, 0));
  }
});

test("features are those of their labels; jets are scaled by the points to train on, toys are not", () => {
  const point = { X: toy("gaussians", 2, 0, new Random(1)).X.map((_, place) => [0.5, -0.25, 0.5, -0.25][place]) };
  const all = inputs({ ...defaults("rings"), features: Object.keys(FEATURES) }, point)(point.X);
  const expected = [0.5, -0.25, 0.25, 0.0625, -0.125, 1, -Math.SQRT1_2];
  all.row(0).forEach((value, j) => close(value, expected[j]));
  const { train } = draw(defaults("jets"), null, sample);
  const scaled = inputs(defaults("jets"), train)(train.X);
  for (const j of [0, 1]) {
    close(mean([...scaled.column(j)]), 0, 1e-9);
    close(mean([...scaled.column(j)].map((v) => v * v)), 1, 1e-9);
  }
});
