"use strict";
/* Data, state, and the table of plans. */

const $ = (id) => document.getElementById(id);

async function unpack(id) {
  const packed = Uint8Array.from(atob($(id).textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

const state = { study: null, scenario: 0, plan: 0, sort: "total_exposure", down: false };
const scenario = () => state.study.scenarios[state.scenario];
const plan = () => scenario().plans[state.plan];

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function digits(value, decimals = 0) {
  if (value === null || value === undefined) return "–";
  return value.toLocaleString("en", {
    minimumFractionDigits: decimals, maximumFractionDigits: decimals,
  });
}

function decimalsOf(axis) {
  return axis.unit === "" ? 4 : 0;
}

/* Columns: a key, a title, what is sorted by, what is shown. */
function columns() {
  const found = [
    { key: "front", title: "", value: (p) => (p.front ? 0 : 1), show: (p) => (p.front ? "✓" : "") },
    { key: "label", title: "plan", value: (p) => p.label, show: (p) => p.label },
  ];
  for (const axis of state.study.axes) {
    found.push({
      key: axis.name,
      title: axis.unit ? `${axis.title} [${axis.unit}]` : axis.title,
      meaning: axis.meaning,
      value: (p) => (p.values[axis.name] ? p.values[axis.name][0] : null),
      show: (p) => limited(p.values[axis.name], decimalsOf(axis), 1),
    });
  }
  found.splice(3, 0,
    { key: "ratio", title: "vs nominal optimum", value: (p) => p.ratio[0],
      show: (p) => limited(p.ratio, 1, 100, "%") },
    { key: "over", title: "over bound", value: (p) => p.over_bound[0],
      show: (p) => limited(p.over_bound, 1, 100, "%") });
  found.push({ key: "nominal", title: "without failures [weight·s]", value: (p) => p.nominal,
    show: (p) => digits(p.nominal) },
  { key: "gap", title: "certified gap", value: (p) => p.gap,
    show: (p) => (p.gap === null ? "–" : `${digits(100 * p.gap, 2)}%`) });
  return found;
}

function limited(values, decimals, scale, unit = "") {
  if (!values || values[0] === null) return "–";
  const [mean, low, high] = values.map((v) => (v === null ? null : scale * v));
  let text = digits(mean, decimals) + unit;
  if (low !== null && high !== null && (low !== mean || high !== mean)) {
    text += ` [${digits(low, decimals)}, ${digits(high, decimals)}]`;
  } else if (low === null && high !== null) {
    text += ` (≤ ${digits(high, decimals)}${unit})`;
  }
  return text;
}

function ordered() {
  const column = columns().find((one) => one.key === state.sort) || columns()[1];
  const wanted = $("filter").value.toLowerCase();
  const kept = scenario().plans
    .map((one, at) => ({ one, at }))
    .filter(({ one }) => one.label.toLowerCase().includes(wanted))
    .filter(({ one }) => !$("kept").checked || !one.breaks);
  const sign = state.down ? -1 : 1;
  const compare = (a, b) => {
    const [left, right] = [column.value(a.one), column.value(b.one)];
    if (left === null || right === null) return (left === null) - (right === null);
    return sign * (left < right ? -1 : left > right ? 1 : 0) || a.at - b.at;
  };
  // Plans that break constraints stand below, whatever is sorted by.
  return kept.sort((a, b) => Boolean(a.one.breaks) - Boolean(b.one.breaks) || compare(a, b));
}

function showTable() {
  const all = columns();
  const head = element("tr");
  for (const column of all) {
    const chosen = column.key === state.sort;
    const cell = element("th", {
      scope: "col", "aria-sort": chosen ? (state.down ? "descending" : "ascending") : "none",
    });
    const mark = chosen ? (state.down ? " ▾" : " ▴") : "";
    const button = element("button", { type: "button" }, column.title + mark);
    if (column.meaning) button.title = column.meaning;
    button.addEventListener("click", () => {
      state.down = chosen ? !state.down : false;
      state.sort = column.key;
      showTable();
    });
    if (column.title) cell.append(button);
    head.append(cell);
  }
  $("table").tHead.replaceChildren(head);
  const rows = ordered().map(({ one, at }) => {
    const row = element("tr", { tabindex: "0", "aria-selected": String(at === state.plan) });
    if (one.breaks) {
      row.classList.add("apart");
      row.title = `breaks ${one.breaks} even if nothing fails`;
    }
    for (const column of all) row.append(element("td", {}, column.show(one)));
    row.addEventListener("click", () => choose(at));
    row.addEventListener("keydown", (event) => {
      if (event.key === "Enter") choose(at);
    });
    return row;
  });
  $("table").tBodies[0].replaceChildren(...rows);
}

function choose(at) {
  state.plan = at;
  remember();
  showTable();
  showPareto();
  showReplay();
}

function remember() {
  const words = new URLSearchParams({ scenario: scenario().name, plan: plan().label });
  history.replaceState(null, "", `#${words}`);
}

function recall() {
  const words = new URLSearchParams(location.hash.slice(1));
  const named = state.study.scenarios.findIndex((one) => one.name === words.get("scenario"));
  state.scenario = Math.max(named, 0);
  const wanted = scenario().plans.findIndex((one) => one.label === words.get("plan"));
  state.plan = wanted >= 0 ? wanted : 0;
}

function showScenario() {
  $("scenario").value = state.scenario;
  $("verdict").textContent = scenario().verdict;
  showTable();
  showPareto();
  showReplay();
}

function themed(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  $("theme").textContent = dark ? "Light" : "Dark";
}

async function begin() {
  themed(matchMedia("(prefers-color-scheme: dark)").matches);
  state.study = JSON.parse(await unpack("data"));
  state.study.scenarios.forEach((one, at) => {
    $("scenario").append(element("option", { value: at }, one.name));
  });
  for (const [id, first] of [["axis-x", 0], ["axis-y", 2]]) {
    state.study.axes.forEach((axis, at) => {
      $(id).append(element("option", { value: at }, axis.title));
    });
    $(id).value = first;
    $(id).addEventListener("change", showPareto);
  }
  recall();
  $("scenario").addEventListener("change", () => {
    state.scenario = Number($("scenario").value);
    state.plan = 0;
    remember();
    showScenario();
  });
  for (const id of ["filter", "kept"]) $(id).addEventListener("input", showTable);
  $("log").addEventListener("change", showPareto);
  $("theme").addEventListener("click", () => {
    themed(document.documentElement.dataset.theme !== "dark");
    showPareto();
    showReplay();
  });
  controls();
  // Charts are large: the table is there before them.
  showTable();
  $("verdict").textContent = scenario().verdict;
  const code = element("script");
  code.textContent = await unpack("charts");
  document.head.append(code);
  showScenario();
  document.body.dataset.ready = "true";
}

addEventListener("DOMContentLoaded", begin);
