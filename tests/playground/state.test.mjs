import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { DATA, FEATURES } from "../../book/_static/playground/data.mjs";
import { Random } from "../../book/_static/playground/random.mjs";
import { FIELDS, defaults, format, parse } from "../../book/_static/playground/state.mjs";

test("an empty address tells the defaults, and the defaults need no address", () => {
  assert.deepEqual(parse(""), { state: defaults(), ignored: [] });
  assert.equal(format(defaults()), "");
});

test("an address is read part by part", () => {
  const address = "?data=moons&hidden=3,5&act=relu&lr=0.03&l2=1e-3&opt=adam&seed=7&features=xy,x&batch=all";
  const { state, ignored } = parse(address);
  assert.deepEqual(ignored, []);
  const told = { hidden: [3, 5], act: "relu", lr: 0.03, l2: 0.001, opt: "adam", seed: 7, batch: "all" };
  assert.deepEqual(state, { ...defaults("moons"), ...told, features: ["x", "xy"] });
  assert.equal(state.noise, DATA.moons.noise);
});

test("a hundred random states come back from their addresses", () => {
  const rng = new Random(5);
  const below = (n) => Math.floor(rng.uniform(0, n));
  for (let i = 0; i < 100; i++) {
    const state = Object.fromEntries(Object.entries(FIELDS).map(([key, field]) => [key, drawn(field)]));
    state.features = Object.keys(FEATURES).filter((_, j) => j === 0 || below(2));
    state.hidden = Array.from({ length: below(6) }, () => 1 + below(8));
    state.batch = below(2) ? "all" : 1 + below(1000);
    if (state.data === "jets") state.noise = 0;
    assert.deepEqual(parse(format(state)), { state, ignored: [] }, format(state));
  }

  function drawn({ kind, options, min, max, step }) {
    if (kind === "choice") return options[below(options.length)];
    if (kind !== "number") return undefined;
    const value = min + (max - min) * rng.uniform() ** 8; // small ones too
    return step === 1 ? Math.round(value) : value;
  }
});

test("an address says only what differs", () => {
  assert.equal(format({ ...defaults("spirals"), hidden: [] }), "data=spirals&hidden=none");
  assert.equal(format({ ...defaults("spirals"), noise: 0.1 }), "data=spirals&noise=0.1");
});

const WRONG = {
  "data=cats": ["data", "xor"],
  "hidden=4,9": ["hidden", "4,2"],
  "hidden=1,1,1,1,1,1": ["hidden", "4,2"],
  "hidden=": ["hidden", "4,2"],
  "lr=fast": ["lr", "0.1"],
  "lr=0": ["lr", "0.1"],
  "lr=Infinity": ["lr", "0.1"],
  "lr=": ["lr", "0.1"],
  "l2=-1": ["l2", "0"],
  "dropout=1": ["dropout", "0"],
  "seed=1.5": ["seed", "1"],
  "batch=0": ["batch", "10"],
  "batch=some": ["batch", "10"],
  "features=x,x": ["features", "x,y"],
  "features=z": ["features", "x,y"],
  "features=toString": ["features", "x,y"],
  "act=constructor": ["act", "tanh"],
  "noise=9": ["noise", "0.3"],
  "opt=Adam": ["opt", "sgd"],
};

for (const [address, [key, used]] of Object.entries(WRONG)) {
  test(`${address} falls back to ${used}, and the rest is kept`, () => {
    const { state, ignored } = parse(`${address}&k=0.25`);
    assert.deepEqual(state, { ...defaults(), k: 0.25 });
    assert.equal(ignored.length, 1);
    assert.ok(ignored[0].startsWith(`${address} is ignored: expected `), ignored[0]);
    assert.ok(ignored[0].endsWith(`; ${used} is used.`), ignored[0]);
    assert.equal(address.split("=")[0], key);
  });
}

test("an unknown key, a key told twice and noise of jets are named", () => {
  assert.match(parse("colour=red").ignored[0], /^colour is ignored: a state has data, noise/);
  const twice = parse("lr=0.2&lr=0.3");
  assert.equal(twice.state.lr, 0.2);
  assert.deepEqual(twice.ignored, ["lr is told 2 times: the first counts."]);
  const jets = parse("data=jets&noise=0.5");
  assert.equal(jets.state.noise, 0);
  assert.match(jets.ignored[0], /^noise=0.5 is ignored: the jets are as they were simulated/);
});

test("the page of the book explains every part of an address, and no other", () => {
  const page = readFileSync(new URL("../../book/appendix/playground.md", import.meta.url), "utf8");
  const lists = [...page.matchAll(/^\* - ((?:`\w+`(?:, )?)+)$/gm)].map(([, keys]) => keys);
  const explained = lists.flatMap((keys) => keys.replaceAll("`", "").split(", "));
  assert.deepEqual(explained.sort(), Object.keys(FIELDS).sort());
});
