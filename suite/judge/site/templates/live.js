// A run as it goes: its server is asked once a second, and what it says is set as text.
// The words stand in the page, which shows the same where no script runs.
const { states: STATES, quantities: QUANTITIES } = JSON.parse(byId("words")?.textContent ?? "{}");
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

const TABLE = 10;
// The table holds the newest readings; the picture all of them.
const curve = ({ device, quantity, t_s, values }) => {
  const [english, chinese, factor] = QUANTITIES[quantity];
  const readings = values.map((value, place) => ({ x: t_s[place], y: value * factor }));
  const rows = readings.slice(-TABLE).reverse().map(({ x, y }) => [x.toFixed(1), written(y)]);
  const heads = [["Second", "秒"], [english, chinese]];
  const name = `${device} ${quantity}`;
  shown(name, [`${device} · ${english}`, `${device} · ${chinese}`, heads], rows, [], () => {
    const line = { data: readings, showLine: true, borderColor: tone.accent, borderWidth: 1.5, pointRadius: readings.length > 1 ? 0 : 3 };
    const options = { parsing: false, scales: { x: { ...axis(heads[0][Number(isChinese())]), beginAtZero: false }, y: axis(heads[1][Number(isChinese())]) }, plugins: { legend: { display: false }, tooltip: { displayColors: false } } };
    return { type: "scatter", high: 11, data: { datasets: [line] }, options };
  });
  const caption = pictures.get(name).element.querySelector("figcaption");
  const now = caption.querySelector(".num") ?? caption.appendChild(make("span", { class: "num" }));
  now.textContent = `: ${rows[0][1]}`;
};

const show = async (state) => {
  byId("stage").replaceChildren(state.problem || both(...state.stage));
  byId("card").hidden = !state.card;
  byId("phases").replaceChildren(...state.phases.map(phaseRow));
  if (state.curves.length) await drawing();
  state.curves.forEach(curve);
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
for (const name of ["lang-en", "lang-zh"]) byId(name).addEventListener("change", drawAgain);
if (byId("phases")) follow(false);
