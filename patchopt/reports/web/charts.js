/* Two measures of all plans against each other. */

const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#888888"];
const MARKERS = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "x",
  "triangle-left", "triangle-right", "pentagon", "star", "hexagon", "diamond-tall"];

/* These buttons and no others: Plotly's own include one that sends the chart to its makers. */
const CHART = {
  displaylogo: false,
  plotlyServerURL: "",
  modeBarButtons: [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
  responsive: true,
};

function styleOf(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function showPareto() {
  if (!window.Plotly) return;
  const [x, y] = ["axis-x", "axis-y"].map((id) => state.study.axes[Number($(id).value)]);
  const labels = [...new Set(state.study.scenarios.flatMap((s) => s.plans.map((p) => p.label)))];
  const traces = [];
  scenario().plans.forEach((one, at) => {
    const [across, up] = [one.values[x.name], one.values[y.name]];
    if (!across || !up) return;
    const number = labels.indexOf(one.label);
    const colour = one.breaks ? "#999999" : COLOURS[number % COLOURS.length];
    const shape = MARKERS[number % MARKERS.length] + (one.front ? "" : "-open");
    traces.push({
      type: "scatter", mode: "markers", name: plainly(one.label), x: [across[0]], y: [up[0]],
      customdata: [at], cliponaxis: false,
      error_x: spread(across, colour), error_y: spread(up, colour),
      marker: {
        color: colour, symbol: shape, size: at === state.plan ? 17 : 11,
        line: { width: at === state.plan ? 3 : 1.5, color: colour },
      },
      hovertemplate: `<b>${plainly(one.label)}</b>${one.breaks ? `<br>breaks ${plainly(one.breaks)}` : ""}`
        + `<br>${x.title}: ${limited(across, decimalsOf(x), 1)} ${x.unit}`
        + `<br>${y.title}: ${limited(up, decimalsOf(y), 1)} ${y.unit}<extra></extra>`,
    });
  });
  const kind = $("log").checked ? "log" : "linear";
  const axis = (of) => ({
    title: { text: of.unit ? `${of.title} [${of.unit}]` : of.title }, type: kind,
    gridcolor: styleOf("--line"), zerolinecolor: styleOf("--line"), rangemode: "tozero",
  });
  const layout = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: styleOf("--ink") }, margin: { l: 80, r: 10, t: 40, b: 50 },
    xaxis: axis(x), yaxis: axis(y), hovermode: "closest",
  };
  const chart = $("pareto");
  window.Plotly.react(chart, traces, layout, CHART);
  chart.removeAllListeners("plotly_click");
  chart.on("plotly_click", (event) => choose(event.points[0].customdata));
}

/* Charts read marks in names as their own. */
function plainly(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function spread([mean, low, high], colour) {
  if (low === null || high === null) return { visible: false };
  return {
    type: "data", symmetric: false, array: [Math.max(high - mean, 0)],
    arrayminus: [Math.max(mean - low, 0)], color: colour, thickness: 1.2, width: 3,
  };
}
