// <course-playground state="data=xor&hidden=4,2">a picture for print</course-playground>: a small network that trains
// in the page. With the attribute `address`, the state is read from the address of the page and kept there.

import { DATA, FEATURES, draw } from "./data.mjs";
import {
  SIDE,
  Tiles,
  boxAround,
  drawChart,
  drawNetwork,
  drawPoints,
  drawSurface,
  fit,
  grid,
  middles,
  networkHeight,
  networkWidth,
  palette,
  planeHeight,
  reach,
  short,
} from "./draw.mjs";
import { stations } from "./example.mjs";
import { roc } from "./losses.mjs";
import { streams } from "./random.mjs";
import { FIELDS, defaults, format, parse, written } from "./state.mjs";
import { DivergedError, Training } from "./train.mjs";

const HOME = new URL("../../book/appendix/playground.html", import.meta.url);
const JETS = new URL("jets.json", import.meta.url);
const CHART_HEIGHT = 170;

/** The controls that are always in sight, and the others. */
const FIRST = ["data", "hidden", "act", "opt", "lr", "features"];
const MORE = {
  Data: ["noise", "n", "train"],
  Network: ["init", "dropout", "l1", "l2"],
  Training: ["loss", "batch", "decay", "schedule", "factor", "every", "patience", "k", "epochs", "seed"],
};
/** Controls that only some states need. */
const NEEDED = {
  noise: (state) => state.data !== "jets",
  decay: (state) => state.opt === "adamw",
  factor: (state) => ["step_decay", "plateau"].includes(state.schedule),
  every: (state) => state.schedule === "step_decay",
  patience: (state) => state.schedule === "plateau",
  k: (state) => ["exponential_decay", "inverse_decay"].includes(state.schedule),
};

const PAGE = `
  <div class="buttons">
    <button type="button" data-do="play">Play</button>
    <button type="button" data-do="step">Step (a batch)</button>
    <button type="button" data-do="epoch">Epoch</button>
    <button type="button" data-do="restart">Restart</button>
    <a class="link">Link to this state</a>
  </div>
  <p class="status" aria-live="polite"></p>
  <p class="warning" role="alert"></p>
  <p><button type="button" data-do="slower" hidden></button></p>
  <form>
    <div class="first"></div>
    <details class="more"><summary></summary><div></div></details>
  </form>
  <div class="wide" tabindex="0" role="region" aria-label="The network">
    <canvas class="network" role="img"></canvas>
  </div>
  <p class="dead"></p>
  <div class="columns">
    <div>
      <div class="plane" role="img"><canvas class="surface"></canvas><canvas class="points"></canvas></div>
      <p class="key"></p>
    </div>
    <div>
      <canvas class="losses" role="img"></canvas>
      <canvas class="roc" role="img"></canvas>
      <table class="gradients">
        <caption>Size of dL/dW in the last step (root mean square; bars logarithmic)</caption>
        <thead><tr><th scope="col">layer</th><th scope="col">size</th><td></td></tr></thead>
        <tbody></tbody>
      </table>
    </div>
  </div>
  <details class="example">
    <summary>One example, forward and backward</summary>
    <div class="buttons">
      <button type="button" data-do="back">Back one layer</button>
      <button type="button" data-do="on">On one layer</button>
      <button type="button" data-do="next">Next example</button>
      <button type="button" data-do="learn">One step of training</button>
    </div>
    <p class="station" aria-live="polite"></p>
    <div class="wide" tabindex="0" role="region" aria-label="The numbers of this layer">
      <table class="numbers"></table>
    </div>
  </details>`;

class CoursePlayground extends HTMLElement {
  connectedCallback() {
    this.twin ??= this.wrapped();
    this.innerHTML = PAGE;
    this.append(this.twin);
    this.find = (selector) => this.querySelector(selector);
    this.buildForm();
    this.example = { row: 0, at: 0 };
    this.onclick = ({ target }) => this.training && this.actions[target.dataset.do]?.();
    this.find("form").onsubmit = (event) => event.preventDefault();
    this.find("form").onchange = ({ target }) => this.changed(target);
    this.find(".example").ontoggle = () => this.layout();
    const theme = new MutationObserver(() => this.layout());
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const size = new ResizeObserver(() => this.clientWidth !== this.width && this.layout());
    size.observe(this);
    this.watchers = [theme, size];
    const { state, ignored } = parse(this.hasAttribute("address") ? location.search : this.getAttribute("state") ?? "");
    this.open(state, ignored);
  }

  /** What stood in the place of the playground: for print. */
  wrapped() {
    const twin = document.createElement("div");
    twin.className = "twin";
    twin.append(...this.childNodes);
    return twin;
  }

  disconnectedCallback() {
    this.pause();
    for (const watcher of this.watchers) watcher.disconnect();
  }

  actions = {
    play: () => (this.timer ? this.pause() : this.play()),
    step: () => this.advance(() => this.training.step()),
    epoch: () => this.advance(() => this.training.finishEpoch()),
    restart: () => this.open(this.state),
    slower: () => {
      this.find("[data-do=play]").focus(); // this button goes away
      this.open({ ...this.state, lr: this.slower });
    },
    back: () => this.walk(-1),
    on: () => this.walk(1),
    next: () => {
      this.example = { row: (this.example.row + 1) % this.points.train.y.length, at: 0 };
      this.show();
    },
    learn: () => this.actions.step(),
  };

  // ── The state ─────────────────────────────────────────────────────────────────────────────────────────────

  /** Start afresh in this state, trained for `state.epochs`. */
  async open(state, ignored = []) {
    this.state = state;
    this.training = null; // until its data are there
    this.slower = null;
    this.pause();
    this.warn(ignored.join(" "));
    this.writeAddress();
    this.fillForm();
    let sample = null;
    try {
      if (state.data === "jets") sample = await (await fetch(JETS)).json();
    } catch (error) {
      const remedy = "Reload the page, or choose other data.";
      if (this.state === state) this.warn(`The jets could not be read (${error.message}). ${remedy}`);
      return;
    }
    if (this.state !== state) return; // another state was opened meanwhile
    const random = streams(state.seed);
    this.points = draw(state, random.data, sample);
    this.box = boxAround(Object.values(this.points));
    this.training = new Training(state, this.points, random);
    this.grid = this.training.inputs(grid(this.box)); // (SIDE², n_features)
    this.example = { row: 0, at: 0 };
    this.prepare();
    if (state.epochs > 0) this.play(state.epochs);
  }

  /** Whole epochs, up to `epochs` of them in all, for about so many milliseconds. */
  trainFor(milliseconds, epochs) {
    const end = performance.now() + milliseconds;
    while (this.training.epoch < epochs && performance.now() < end) this.training.finishEpoch();
  }

  writeAddress() {
    const address = format(this.state);
    if (this.hasAttribute("address")) history.replaceState(null, "", `?${address}${location.hash}`);
    this.find(".link").href = `${this.hasAttribute("address") ? location.pathname : HOME}?${address}`;
  }

  /** A control has a new value: a state of its own, or a word about what is wrong with it. */
  changed(control) {
    const key = control.name;
    const chosen = [...this.querySelectorAll(`[name="${key}"]:checked`)].map((box) => box.value).join(",");
    const text = key === "features" ? chosen : control.value.replaceAll(" ", "");
    const value = FIELDS[key].read(text);
    if (value === undefined) {
      const { label, expects } = FIELDS[key];
      if (key === "features") control.checked = true; // it was the last
      return this.warn(`${label}: expected ${expects}, not “${text}”. Nothing has changed.`);
    }
    const noise = key === "data" ? defaults(value).noise : this.state.noise;
    this.open({ ...this.state, noise, [key]: value });
  }

  // ── Training ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Train by `move` and show what became of it; false if training has diverged. */
  advance(move) {
    if (this.slower !== null) return false;
    try {
      move();
    } catch (error) {
      if (!(error instanceof DivergedError)) throw error;
      this.pause();
      this.slower = error.lr;
      this.warn(error.message);
    }
    this.show();
    return this.slower === null;
  }

  /** Train until `pause`, an epoch in each frame; or until there are so many `epochs`, and as fast as can be. */
  play(epochs) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const [move, wait] = epochs
      ? [() => this.trainFor(30, epochs), 0]
      : [() => this.training.finishEpoch(), calm ? 500 : 30];
    const frame = () => {
      if (!this.advance(move) || this.training.epoch >= epochs) return this.pause();
      this.timer = setTimeout(frame, wait);
    };
    this.find("[data-do=play]").textContent = "Pause";
    this.live("off"); // no screen reader can follow
    this.timer = setTimeout(frame);
  }

  pause() {
    this.timer = clearTimeout(this.timer);
    this.find("[data-do=play]").textContent = "Play";
    this.live("polite");
    if (this.training) this.showStatus(); // is read out
  }

  live(how) {
    for (const text of this.querySelectorAll("[aria-live]")) text.ariaLive = how;
  }

  walk(by) {
    const last = 2 * this.training.network.dense.length; // forward, the loss, backward
    this.example.at = Math.max(0, Math.min(last, this.example.at + by));
    this.show();
  }

  // ── What is to be seen ────────────────────────────────────────────────────────────────────────────────────

  warn(text) {
    this.find(".warning").textContent = text;
    const button = this.find("[data-do=slower]");
    button.hidden = this.slower === null;
    button.textContent = `Start again with a learning rate of ${this.slower}`;
  }

  /** All that stays as it is while the network trains. */
  prepare() {
    const { state, training } = this;
    const { sizes, dense } = training.network;
    const { axes, classes, scaled } = DATA[state.data];
    this.tiles = new Tiles(sizes.reduce((sum, n) => sum + n));
    this.surface = new Tiles(1, SIDE);
    this.labels = sizes.map((n) => Array.from({ length: n }, (_, j) => `${j + 1}`));
    this.labels[0] = state.features.map((name) => FEATURES[name].label);
    this.labels[dense.length] = sizes.at(-1) === 1 ? ["output"] : ["z of class 0", "z of class 1"];
    this.find(".network").ariaLabel =
      `A network with ${sizes.join(", ")} neurons from input to output. ` +
      `Lines are weights: solid if positive, dashed if negative, thick if large.`;
    this.find(".key").textContent =
      `${classes[0]}: circles. ${classes[1]}: triangles. Hollow: to test on. ` +
      "Line: probability ½. Weights: solid positive, dashed negative." +
      (scaled ? ` The network sees ${axes.join(" and ")} as x and y, with mean 0 and spread 1.` : "");
    this.find(".roc").hidden = state.data !== "jets" || new Set(training.test.y).size < 2;
    const rows = dense.map((_, l) => {
      return `<tr><th scope="row">${l + 1}</th><td>–</td><td class="length"><span class="bar"></span></td></tr>`;
    });
    this.find(".gradients tbody").innerHTML = rows.join("");
    this.layout();
  }

  /** Measure the place there is, and take the colors of the theme: the only time that a frame waits for the page. */
  layout() {
    if (!this.training) return;
    this.width = this.clientWidth;
    this.colors = palette(this);
    const { sizes } = this.training.network;
    this.find(".network").style.minWidth = this.find(".example").open ? `${networkWidth(sizes)}px` : "";
    const heights = {
      ".network": () => networkHeight(sizes),
      ".surface": planeHeight,
      ".points": planeHeight,
      ".losses": () => CHART_HEIGHT,
      ".roc": () => CHART_HEIGHT,
    };
    for (const [canvas, height] of Object.entries(heights)) fit(this.find(canvas), height);
    this.ringed = undefined; // the points are to be drawn
    this.show();
  }

  show() {
    if (!this.training) return;
    const { network, train } = this.training;
    const station = this.find(".example").open ? this.station() : null;
    const silent = this.state.act === "relu" ? network.silent(train.X) : [];
    this.showCharts();
    const p = this.training.predict(this.grid); // leaves each neuron's activations on the grid behind
    this.showStatus();
    this.showNetwork(silent, station);
    this.showSurface(p);
    this.showPoints(station ? this.example.row : null);
    if (station) this.showStation(station);
  }

  showStatus() {
    const { history, epoch, left } = this.training;
    const now = history.at(-1);
    const percent = (share) => `${(100 * share).toFixed(1)} %`;
    this.find(".status").textContent =
      `Epoch ${epoch}${left.length ? `, ${left.length} points to go` : ""}: loss ${now.loss.toFixed(4)} in training, ` +
      `${now.testLoss.toFixed(4)} in the test; ` +
      `right answers ${percent(now.accuracy)} and ${percent(now.testAccuracy)}.`;
  }

  showNetwork(silent, station) {
    const { activations, dense } = this.training.network;
    const zeros = middles(this.state);
    let tile = 0;
    [this.grid, ...activations.map(({ A }) => A)].forEach((A, l) => {
      for (let j = 0; j < A.cols; j++) {
        this.tiles.paint(tile++, A, j, zeros[l], reach(A, j, zeros[l]), this.colors.shades);
      }
    });
    this.tiles.finish();
    const picture = { labels: this.labels, silent, weights: dense.map(({ W }) => W), numbers: shown(station) };
    drawNetwork(this.find(".network"), this.tiles, picture, this.colors);
    const dead = silent.flatMap((layer, l) => {
      const labels = layer.flatMap((is, j) => (is ? [j + 1] : []));
      return labels.length ? [`layer ${l + 1}: ${labels.join(", ")}`] : [];
    });
    say(this.find(".dead"), dead.length ? `Dead ReLUs, 0 for every example: ${dead.join("; ")}.` : "");
  }

  showPoints(ringed) {
    if (ringed === this.ringed) return;
    this.ringed = ringed;
    const { train, test } = this.points;
    const chosen = ringed === null ? null : train.X.row(ringed);
    const picture = { box: this.box, parts: [train, test], axes: DATA[this.state.data].axes, chosen };
    drawPoints(this.find(".points"), picture, this.colors);
  }

  showSurface(p) {
    const { axes, classes } = DATA[this.state.data];
    drawSurface(this.find(".surface"), this.surface, p, this.colors);
    let above = 0;
    for (const p_i of p) above += p_i > 0.5 ? 1 : 0;
    this.find(".plane").ariaLabel =
      `The plane of ${axes.join(" and ")} with the points. The network answers ${classes[1]} ` +
      `on ${Math.round((100 * above) / p.length)} % of the area, ${classes[0]} on the rest.`;
  }

  showCharts() {
    const { history, gradientSizes, test } = this.training;
    const now = history.at(-1);
    const epochs = history.map((_, epoch) => epoch);
    const curves = [history.map(({ loss }) => loss), history.map(({ testLoss }) => testLoss)];
    const top = curves.flat().reduce((most, loss) => Math.max(most, loss), 0);
    const losses = {
      curves: curves.map((y) => ({ x: epochs, y })),
      box: [[0, Math.max(5, history.length - 1)], [0, top]],
      labels: ["epoch", "loss: training solid, test dashed"],
    };
    drawChart(this.find(".losses"), losses, this.colors);
    this.find(".losses").ariaLabel =
      `Loss against epochs: from ${short(history[0].loss)} to ${short(now.loss)} in training, ` +
      `${short(now.testLoss)} in the test.`;
    if (!this.find(".roc").hidden) {
      const { curve, area } = roc(this.training.predict(test.X), test.y);
      const rates = {
        curves: [{ x: curve.map(([x]) => x), y: curve.map(([, y]) => y) }, { x: [0, 1], y: [0, 1] }],
        box: [[0, 1], [0, 1]],
        labels: ["share of QCD kept", `share of W kept: area ${area.toFixed(3)}`],
      };
      drawChart(this.find(".roc"), rates, this.colors);
      this.find(".roc").ariaLabel =
        `ROC curve of the test jets: the area is ${area.toFixed(3)}; dashed, 0.5 by guessing.`;
    }
    [...this.find(".gradients tbody").rows].forEach(({ cells }, l) => {
      const size = gradientSizes?.[l];
      say(cells[1], size === undefined ? "–" : size.toExponential(1));
      const percent = 20 * (5 + Math.log10(size ?? 0)); // 0 at 10⁻⁵, 100 at 1
      cells[2].firstChild.style.width = `${Math.max(0, Math.min(100, percent))}%`;
    });
  }

  station() {
    const { train } = this.training;
    const { row, at } = this.example;
    const label = train.y[row];
    return stations(this.training.example(train.X.take([row]), label), label)[at];
  }

  showStation({ title, layer, numbers, rows }) {
    const { row } = this.example;
    const point = [...this.points.train.X.row(row)].map(short).join(", ");
    say(this.find(".station"), `Example ${row + 1} at (${point}). ${title}.`);
    const cells = (values) => [...values].map((value) => `<td>${short(value)}</td>`).join("");
    const line = (name, values) => `<tr><th scope="row">${name}</th>${cells(values)}</tr>`;
    if (!numbers) return this.find(".numbers").replaceChildren();
    const from = (j) => (layer === 0 ? FEATURES[this.state.features[j]].label : `neuron ${j + 1}`);
    const heads = Array.from({ length: numbers.cols }, (_, k) => `<th scope="col">to ${k + 1}</th>`).join("");
    const edges = Array.from({ length: numbers.rows }, (_, j) => line(`from ${from(j)}`, numbers.row(j)));
    const below = rows.map(([name, values]) => line(name, values));
    const body = [...edges, ...below].join("");
    this.find(".numbers").innerHTML = `<thead><tr><td></td>${heads}</tr></thead><tbody>${body}</tbody>`;
  }

  // ── The controls ──────────────────────────────────────────────────────────────────────────────────────────

  buildForm() {
    const controls = (keys) => keys.map(control).join("");
    this.find(".first").innerHTML = controls(FIRST);
    const groups = Object.entries(MORE).map(([title, keys]) => {
      return `<fieldset><legend>${title}</legend>${controls(keys)}</fieldset>`;
    });
    this.find(".more > div").innerHTML = groups.join("");
  }

  /** Give the controls the values of the state, and hide those that it has no use for. */
  fillForm() {
    for (const input of this.find("form").elements) {
      const value = this.state[input.name];
      if (value === undefined) continue; // a fieldset
      if (input.type === "checkbox") input.checked = value.includes(input.value);
      else input.value = written(value);
      input.closest("label").hidden = !(NEEDED[input.name]?.(this.state) ?? true);
    }
    const more = Object.values(MORE).flat();
    const unusual = format(this.state).split("&").filter((part) => more.includes(part.split("=")[0]));
    this.find(".more summary").textContent = `More settings${unusual.length ? ` (${unusual.join(", ")})` : ""}`;
  }
}

/** The numbers on the edges of one layer, for the picture of the network. */
const shown = (station) => (station?.numbers ? { layer: station.layer, values: station.numbers } : undefined);

/** Change the text of an element, if it is another. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The form control of one field. */
function control(key) {
  const { kind, label, options, min, max, step, expects } = FIELDS[key];
  if (kind === "choice") {
    const titles = options.map((name) => (key === "data" ? DATA[name].title : name));
    const list = options.map((name, i) => `<option value="${name}">${titles[i]}</option>`);
    return `<label>${label} <select name="${key}">${list.join("")}</select></label>`;
  }
  if (kind === "features") {
    const boxes = Object.entries(FEATURES).map(([name, feature]) => {
      return `<label><input type="checkbox" name="${key}" value="${name}">${feature.label}</label>`;
    });
    return `<fieldset><legend>${label}</legend>${boxes.join("")}</fieldset>`;
  }
  const type = kind === "number" ? `type="number" min="${min}" max="${max}" step="${step}"` : `type="text" size="9"`;
  return `<label>${label} <input ${type} name="${key}" title="${expects}"></label>`;
}

customElements.define("course-playground", CoursePlayground);
