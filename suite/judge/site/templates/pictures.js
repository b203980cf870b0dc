// Pictures by Chart.js, each with a table of the same numbers for whoever does not see it.
const pictures = new Map();
let library = null;
let tone = {};

// Colours and letters are those of the page as it is now: light, dark or on paper.
const tinted = () => {
  const style = getComputedStyle(byId("charts"));
  tone = Object.fromEntries(["accent", "fail", "ink", "line", "soft"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  const size = 0.75 * parseFloat(getComputedStyle(document.documentElement).fontSize);
  Object.assign(Chart.defaults, { animation: false, borderColor: tone.line, color: tone.soft, locale: "en", maintainAspectRatio: false });
  Chart.defaults.devicePixelRatio = byId("charts").classList.contains("paper") ? 3 : ({ chart }) => chart.platform.getDevicePixelRatio();
  Object.assign(Chart.defaults.font, { family: style.fontFamily, size });
};
const folded = (text) => cut(text, 160).match(/.{1,40}/gsu) ?? [];
// A Chinese character is as wide as two Latin letters.
const cut = (text, most) => {
  const letters = [...text];
  const kept = letters.filter((letter) => (most -= letter > "\u2e80" ? 2 : 1) >= 0);
  return kept.length < letters.length ? `${kept.slice(0, -1).join("")}…` : text;
};
const axis = (title) => ({ beginAtZero: true, ticks: { maxTicksLimit: 6, maxRotation: 0 }, title: { display: true, text: title } });

// Brought when there is something to draw; without it the tables say the same.
const drawing = () => (library ??= bring(`${document.body.dataset.root}chartjs/chart.umd.min.js`).then(tinted, () => null));

const paint = (picture) => {
  const { high, ...config } = picture.config();
  picture.canvas.parentNode.style.height = `${high}rem`;
  if (!picture.chart) picture.chart = new Chart(picture.canvas, config);
  else {
    Object.assign(picture.chart, { data: config.data, options: config.options });
    picture.chart.update("none");
  }
};
const drawAgain = () => {
  if (window.Chart) tinted();
  for (const picture of pictures.values()) {
    if (!picture.chart) continue;
    paint(picture);
    picture.chart.resize();
  }
};
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAgain);
// Paper is light and finer than a screen.
const onPaper = (printing) => () => {
  byId("charts").classList.toggle("paper", printing);
  drawAgain();
};
window.addEventListener("beforeprint", onPaper(true));
window.addEventListener("afterprint", onPaper(false));

const framed = (english, chinese, heads) => {
  const caption = make("figcaption", { id: `chart-${pictures.size}` }, both(english, chinese));
  const canvas = make("canvas", { role: "img", "aria-labelledby": caption.id });
  const body = make("tbody");
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, both(...head))))), body);
  const details = make("details", {}, make("summary", {}, both("the same as a table", "以表格显示")), make("div", { class: "wide", tabindex: "0", role: "region", "aria-labelledby": caption.id }, table));
  const element = make("figure", {}, caption, make("div", { class: "canvas" }, canvas), details);
  byId("charts").querySelector(".figures").append(element);
  return { element, canvas, body, shown: null, chart: null };
};
// Draws what changed since the last time, and nothing else.
const shown = (name, words, rows, drawn, config) => {
  if (!pictures.has(name)) pictures.set(name, framed(...words));
  const picture = pictures.get(name);
  picture.element.hidden = !rows.length;
  const now = JSON.stringify([isChinese(), rows, drawn]);
  if (!rows.length || now === picture.shown) return;
  Object.assign(picture, { shown: now, config });
  picture.body.replaceChildren(...rows.map(([first, ...cells]) => make("tr", {}, make("th", { scope: "row" }, first), ...cells.map((cell) => make("td", { class: "num" }, cell)))));
  if (window.Chart) paint(picture);
  else picture.canvas.parentNode.hidden = true;
};
