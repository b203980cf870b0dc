// A run as it goes: its server is asked once a second, and what it says is set as text.
const STATES = { waiting: ["waiting", "等待"], running: ["running", "进行中"], ended: ["ended", "已结束"] };
const QUANTITIES = {
  utilisation: ["Utilisation, %", "利用率，%", 100],
  power_w: ["Power, W", "功率，W", 1],
  memory_used_bytes: ["Memory in use, GiB", "已用内存，GiB", 1 / 2 ** 30],
  temperature_c: ["Temperature, °C", "温度，°C", 1],
  clock_mhz: ["Clock, MHz", "时钟，MHz", 1],
};
const spread = (figures) => (figures ? [figures.p50, figures.p90, figures.p99].map((value) => written(value)).join(" / ") : "–");
const number = (value) => (value === null ? "–" : written(value));
const cell = (content) => make("td", { class: "num" }, content);

const phaseRow = (phase) =>
  make(
    "tr", { "data-state": phase.state },
    make("th", { scope: "row" }, phase.repeat ? `${phase.name} (${phase.repeat})` : phase.name),
    make("td", {}, both(...STATES[phase.state])),
    cell(`${phase.ended} / ${phase.planned}`),
    cell(`${phase.failed}`),
    cell(phase.elapsed_s === null ? "–" : phase.elapsed_s.toFixed(1)),
    cell(number(phase.tokens_per_s)),
    cell(spread(phase.ttft_ms)),
    cell(spread(phase.tpot_ms)),
  );

const WIDTH = 320, HEIGHT = 90;
const figure = (curve) => {
  const [english, chinese, factor] = QUANTITIES[curve.quantity];
  const values = curve.values.map((value) => value * factor);
  const most = Math.max(...values) * 1.05 || 1;
  const [begin, end] = [curve.t_s[0], curve.t_s[curve.t_s.length - 1]];
  const points = values.map((value, place) => {
    const across = end > begin ? ((curve.t_s[place] - begin) / (end - begin)) * WIDTH : WIDTH;
    return `${across.toFixed(1)},${(HEIGHT - (value / most) * HEIGHT).toFixed(1)}`;
  });
  const now = written(values[values.length - 1]);
  const picture = make("svg", { svg: 1, class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${english}: ${now}` });
  picture.append(make("polyline", { svg: 1, class: "trend", points: points.join(" ") }));
  return make("figure", {}, make("figcaption", {}, `${curve.device} · `, both(english, chinese), `: ${now}`), picture);
};

const show = (state) => {
  byId("stage").replaceChildren(state.problem || both(...state.stage));
  byId("card").hidden = !state.card;
  byId("phases").replaceChildren(...state.phases.map(phaseRow));
  byId("curves").replaceChildren(...state.curves.map(figure));
};

const follow = async (goingOn) => {
  let state = null;
  try {
    state = await (await fetch("state.json", { cache: "no-store" })).json();
  } catch {
    byId("stage").replaceChildren(both("The server does not answer.", "服务器无响应。"));
  }
  if (state) show(state);
  // Whoever watched the run to its end is shown its card; whoever came later keeps this page.
  if (state && state.card && goingOn) location.assign("scorecard.html");
  else if (!(state && (state.card || state.problem))) setTimeout(follow, 1000, state ? true : goingOn);
};
if (byId("phases")) follow(false);
