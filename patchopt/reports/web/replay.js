/* One replication of a plan, event by event. */

const KINDS = {
  old: ["#f2c9b8", "old"],
  fresh: ["#8fc7a5", "new"],
  wait: ["#ffffff", "waiting for a constraint"],
  patch: ["#0072B2", "patching, down"],
  live: ["#A6D8F5", "patching, serving"],
  warmup: ["#CC79A7", "warming up"],
  rollback: ["#D55E00", "rolling back"],
  build: ["#009E73", "building beside"],
  built: ["#C9EBDF", "built, before its switch"],
  impaired: ["#F0E442", "IMPAIRED, serving"],
  failed: ["#000000", "FAILED or crashed"],
};
const SVG = "http://www.w3.org/2000/svg";
const WIDE = 1180, LEFT = 150, ROW = 15;
const run = { at: 0, timer: null, times: [] };

function svg(name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

function clock(seconds) {
  const parts = [[86400, "d"], [3600, "h"], [60, "m"], [1, "s"]];
  let left = Math.round(seconds);
  const told = [];
  for (const [size, unit] of parts) {
    if (left >= size) told.push(`${Math.floor(left / size)}${unit}`);
    left %= size;
  }
  return told.slice(0, 3).join("") || "0s";
}

/* The last entry of ascending times that is not after an instant. */
function before(times, instant) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= instant) low = middle + 1; else high = middle;
  }
  return low - 1;
}

function x(seconds, drawn) {
  return LEFT + (WIDE - LEFT - 10) * Math.min(seconds / Math.max(drawn, 1), 1);
}

function showReplay() {
  stop();
  const trace = plan().replay;
  $("replay-plan").textContent = `${plan().label} on ${scenario().name}`;
  $("replay").hidden = !trace;
  if (!trace) {
    $("replay-about").textContent = scenario().nodes.length
      ? "No trace of this plan was kept." : `${digits(scenario().count)} nodes are too many to draw.`;
    return;
  }
  $("replay-about").textContent = `Seed ${trace.seed}, replication ${trace.replication}: the plan `
    + `ends at ${clock(trace.completion)}, the observation at ${clock(trace.end)}.`;
  run.times = [...new Set(trace.events.map((event) => event[0]))]
    .filter((time) => time <= trace.drawn);
  if (run.times.at(-1) !== trace.drawn) run.times.push(trace.drawn);
  $("scrub").max = trace.drawn;
  pictureOf();
  legend(trace);
  burnDown(trace);
  gantt(trace);
  listEvents(trace);
  moveTo(0);
}

function pictureOf() {
  const groups = new Map();
  scenario().nodes.forEach((node, at) => {
    const name = node.service >= 0 ? scenario().services[node.service].name : "hosts and others";
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(at);
  });
  const boxes = [...groups].map(([name, members]) => {
    const number = scenario().services.findIndex((one) => one.name === name);
    const box = element("div", { class: "service", "data-service": number },
      element("b", {}, name), element("span", { class: "count" }));
    const tiles = element("div", { class: "tiles" });
    for (const at of members) {
      const node = scenario().nodes[at];
      const host = node.host >= 0 ? `, on ${scenario().nodes[node.host].id}` : "";
      tiles.append(element("span", {
        class: "tile", id: `tile-${at}`, title: "",
        "data-about": `${node.id}, weight ${digits(node.weight, 1)}${host}`,
      }));
    }
    box.append(tiles);
    return box;
  });
  $("picture").replaceChildren(...boxes);
}

function legend(trace) {
  const used = new Set(["old", "fresh", ...trace.bars.map((bar) => bar[1])]);
  const shown = Object.entries(KINDS).filter(([kind]) => used.has(kind));
  $("legend").replaceChildren(...shown.map(([, [colour, told]]) =>
    element("span", {}, element("i", { style: `background:${colour}` }), told)));
}

function axisOf(picture, height, drawn) {
  for (let part = 0; part <= 5; part += 1) {
    const at = x((drawn * part) / 5, drawn);
    picture.append(svg("line", { x1: at, x2: at, y1: 0, y2: height - 16, class: "grid" }),
      svg("text", { x: at, y: height - 3, "text-anchor": part === 5 ? "end" : "middle" },
        clock((drawn * part) / 5)));
  }
}

function burnDown(trace) {
  const height = 110, bottom = height - 18;
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${height}`, width: WIDE, height, role: "img",
    "aria-label": "Open weight over time" });
  axisOf(picture, height, trace.drawn);
  const [times, values] = trace.open;
  const most = Math.max(...values, 1);
  const up = (value) => bottom - (bottom - 6) * (value / most);
  let path = `M${x(0, trace.drawn)},${up(values[0])}`;
  times.forEach((time, at) => {
    path += `H${x(time, trace.drawn)}V${up(values[at])}`;
  });
  picture.append(
    svg("path", { d: `${path}H${x(trace.drawn, trace.drawn)}`, fill: "none", stroke: "currentColor",
      "stroke-width": 1.6 }),
    svg("text", { x: 4, y: 14 }, "open weight"),
    svg("text", { x: 4, y: 30, id: "open-now" }),
    svg("line", { y1: 0, y2: bottom, class: "head" }));
  $("burn-down").replaceChildren(picture);
}

function gantt(trace) {
  const nodes = [...new Set(trace.bars.map((bar) => bar[0]))].sort((a, b) => {
    const first = (node) => Math.min(...trace.bars.filter((b2) => b2[0] === node).map((b2) => b2[2]));
    return first(a) - first(b) || a - b;
  });
  const height = nodes.length * ROW + 22;
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${height}`, width: WIDE, height, role: "img",
    "aria-label": "Work on every node over time" });
  axisOf(picture, height, trace.drawn);
  const row = new Map(nodes.map((node, at) => [node, at]));
  for (const node of nodes) {
    picture.append(svg("text", { x: 4, y: row.get(node) * ROW + 11 },
      scenario().nodes[node].id.slice(0, 22)));
  }
  for (const [node, kind, from, to] of trace.bars) {
    if (from > trace.drawn) continue;
    const left = x(from, trace.drawn);
    const bar = svg("rect", { x: left, y: row.get(node) * ROW + 2, height: ROW - 4,
      width: Math.max(x(to, trace.drawn) - left, 1), fill: KINDS[kind][0], stroke: "#00000044" });
    bar.append(svg("title", {}, `${scenario().nodes[node].id}: ${KINDS[kind][1]}, `
      + `${clock(from)} to ${clock(to)}`));
    picture.append(bar);
  }
  picture.append(svg("line", { y1: 0, y2: height - 16, class: "head" }));
  $("gantt").replaceChildren(picture);
}

function listEvents(trace) {
  $("events").replaceChildren(...trace.events.map(([time, told]) =>
    element("li", { "data-time": time }, `${clock(time)}  ${told}`)));
}

/* Everything that moves along. */
function moveTo(instant) {
  const trace = plan().replay;
  run.at = Math.max(0, Math.min(instant, trace.drawn));
  $("scrub").value = run.at;
  $("scrub").setAttribute("aria-valuetext", clock(run.at));
  $("clock").textContent = clock(run.at);
  tiles(trace);
  services(trace);
  const open = trace.open[1][before(trace.open[0], run.at)];
  $("open-now").textContent = digits(open, 1);
  for (const line of document.querySelectorAll("line.head")) {
    line.setAttribute("x1", x(run.at, trace.drawn));
    line.setAttribute("x2", x(run.at, trace.drawn));
  }
  markEvent();
}

function tiles(trace) {
  const kinds = scenario().nodes.map(() => "old");
  for (const [time, node, fresh] of trace.changes) {
    if (time <= run.at) kinds[node] = fresh ? "fresh" : "old";
  }
  for (const [node, kind, from, to] of trace.bars) {
    if (from <= run.at && run.at < to) kinds[node] = kind;
  }
  kinds.forEach((kind, at) => {
    const tile = $(`tile-${at}`);
    tile.style.background = KINDS[kind][0];
    tile.dataset.kind = kind;
    tile.title = `${tile.dataset.about}: ${KINDS[kind][1]}`;
  });
}

function services(trace) {
  const serving = trace.serving[1][Math.max(before(trace.serving[0], run.at), 0)];
  for (const box of document.querySelectorAll(".service")) {
    const number = Number(box.dataset.service);
    if (number < 0) continue;
    const least = scenario().services[number].min_up;
    box.querySelector(".count").textContent = `${serving[number]} serving, at least ${least}`;
    box.classList.toggle("low", serving[number] < least);
  }
}

function markEvent() {
  let last = null;
  for (const line of $("events").children) {
    const done = Number(line.dataset.time) <= run.at;
    line.classList.toggle("later", !done);
    line.removeAttribute("aria-current");
    if (done) last = line;
  }
  if (!last) return;
  last.setAttribute("aria-current", "true");
  const list = $("events");
  list.scrollTop = last.offsetTop - list.offsetTop - list.clientHeight / 2;
}

function step(by) {
  stop();
  const here = before(run.times, run.at);
  const exact = run.times[here] === run.at;
  const wanted = by > 0 ? here + 1 : exact ? here - 1 : here;
  moveTo(run.times[Math.max(0, Math.min(wanted, run.times.length - 1))]);
}

function stop() {
  clearInterval(run.timer);
  run.timer = null;
  $("play").textContent = "Play";
}

function play() {
  if (run.timer !== null) {
    stop();
    return;
  }
  const trace = plan().replay;
  if (!trace) return;
  if (run.at >= trace.drawn) moveTo(0);
  $("play").textContent = "Pause";
  const frames = 5 * Number($("speed").value);
  run.timer = setInterval(() => {
    moveTo(run.at + trace.drawn / frames);
    if (run.at >= trace.drawn) stop();
  }, 50);
}

function controls() {
  $("play").addEventListener("click", play);
  $("back").addEventListener("click", () => step(-1));
  $("forth").addEventListener("click", () => step(1));
  $("scrub").addEventListener("input", () => {
    stop();
    moveTo(Number($("scrub").value));
  });
  addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, button, tr") || !plan().replay) return;
    const keys = { " ": play, ArrowLeft: () => step(-1), ArrowRight: () => step(1) };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
}
