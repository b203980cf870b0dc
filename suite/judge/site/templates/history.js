// The runs of one kind: a picture for each number that two of them have, with its interval; this card's is drawn larger.
window.suiteSite.history = async ({ runs, metrics }) => {
  const here = byId("charts").dataset.card;
  if (!metrics.length) return;
  await drawing();
  byId("charts").hidden = false;
  for (const [name, english, chinese, unit, values] of metrics) {
    const known = runs.map((run, place) => ({ ...run, value: values[place] })).filter(({ value }) => value);
    const rows = known.map(({ run, date, value: [value, low, high] }) => [run, date, written(value), low === null ? "" : `${written(low)} – ${written(high)}`]);
    const heads = [["Run", "运行"], ["Date", "日期"], [unit, unit], ["Interval", "区间"]];
    shown(name, [english, chinese, heads], rows, [], () => {
      const line = { type: "line", data: known.map(({ value }) => value[0]), borderColor: tone.accent, backgroundColor: tone.accent, borderWidth: 1.5, pointRadius: known.map(({ id }) => (id === here ? 6 : 3)) };
      const spread = { type: "bar", data: known.map(({ value: [, low, high] }) => (low === null ? null : [low, high])), backgroundColor: tone.soft, barThickness: 1.5 };
      const label = ({ dataIndex }) => [...folded(known[dataIndex].engine), `${rows[dataIndex][2]} ${unit}`, rows[dataIndex][3]].filter(Boolean);
      const tooltip = { displayColors: false, filter: (_, place) => place === 0, callbacks: { title: ([{ dataIndex }]) => folded(known[dataIndex].run), label } };
      const dates = { ticks: { maxTicksLimit: 6, maxRotation: 0, autoSkip: true }, grid: { display: false } };
      const options = { interaction: { mode: "index", intersect: false }, scales: { x: dates, y: axis(unit) }, plugins: { legend: { display: false }, tooltip } };
      return { type: "bar", high: 14, data: { labels: known.map(({ date }) => date), datasets: [line, spread] }, options };
    });
  }
  performance.mark("charts");
};
// Texts of the pictures are in the page's language.
for (const name of ["lang-en", "lang-zh"]) byId(name).addEventListener("change", drawAgain);
if (byId("charts")) bring(byId("charts").dataset.history).catch(() => null);
