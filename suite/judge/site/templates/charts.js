// Pictures of the rows that are chosen.
const POINTS = 1000;
const DEVICES = 12;

const frontier = (points, called) => {
  let best = -Infinity;
  const front = [...points].sort((a, b) => a.x - b.x || b.y - a.y).filter((point) => (point.y > best ? ((best = point.y), true) : false));
  const onFront = new Set(front);
  const rest = points.slice(0, POINTS).filter((point) => !onFront.has(point));
  for (const point of [...front, ...rest]) point.name = called(point);
  const heads = [["frontier", "前沿"], ["TPOT, ms", "TPOT，毫秒"], ["tokens/s", "token/s"]];
  const words = ["Throughput against time per token, a point for each load; the line joins what no other load beats in both", "吞吐与每 token 时间，每种负载一点；连线为两项均未被超过者", heads];
  const rows = points.length < 2 ? [] : front.map((point) => [point.name, written(point.x), written(point.y)]);
  shown("frontier", words, rows, rest, () => {
    const [x, y] = heads.slice(1).map((head) => head[Number(isChinese())]);
    const line = { data: front, showLine: true, borderColor: tone.fail, borderWidth: 1, borderDash: [4, 3], backgroundColor: tone.fail, pointStyle: "rectRot", pointRadius: 5, pointBorderWidth: 0 };
    const dots = { data: rest, backgroundColor: Chart.helpers.color(tone.accent).alpha(0.55).rgbString(), pointRadius: 3.5, pointBorderWidth: 0 };
    const label = ({ raw }) => [...folded(raw.name), `${written(raw.x)} ms, ${written(raw.y)} tokens/s`];
    // Many points may lie on one another: a few of them say their names.
    const tooltip = { displayColors: false, filter: (_, place) => place < 3, callbacks: { label } };
    const options = { parsing: false, scales: { x: axis(x), y: axis(y) }, plugins: { legend: { display: false }, tooltip } };
    return { type: "scatter", high: 16, data: { datasets: [line, dots] }, options };
  });
};

const bars = (name, english, chinese, unit, values, percent, ascending) => {
  const sorted = values.sort((a, b) => (ascending ? a[1] - b[1] : b[1] - a[1])).slice(0, DEVICES);
  const rows = sorted.map(([device, value]) => [device, written(value, percent)]);
  const labels = rows.map(([device]) => device);
  shown(name, [english, chinese, [["devices", "设备"], [unit, unit]]], rows, [], () => {
    const bar = { data: sorted.map(([, value]) => (percent ? 100 * value : value)), backgroundColor: tone.accent, maxBarThickness: 16, minBarLength: 1 };
    // Names take at most half of the picture, the number among them.
    const room = (chart) => Math.floor(chart.width / Chart.defaults.font.size / 1.2) - Math.max(...rows.map(([, number]) => number.length)) - 2;
    const named = { ticks: { autoSkip: false, color: tone.ink, callback(place) { return `${cut(labels[place], room(this.chart))}: ${rows[place][1]}`; } }, grid: { display: false } };
    const callbacks = { title: ([{ label }]) => folded(label), label: ({ dataIndex }) => `${rows[dataIndex][1]} (${unit})` };
    const options = { indexAxis: "y", scales: { x: axis(unit), y: named }, plugins: { legend: { display: false }, tooltip: { displayColors: false, callbacks } } };
    return { type: "bar", high: 4 + 1.5 * rows.length, data: { labels, datasets: [bar] }, options };
  });
};

const charts = async (data, order, asked, word, metrics) => {
  const results = data.results[asked.scenario];
  const kept = order.filter((row) => word("status", row) === "current");
  // A point is one load: numbers that lead a card are of several, and were never had together.
  const loads = data.scenarios.filter(([name]) => Object.hasOwn(data.results, name) && (asked.scenario === "headline" || asked.scenario === name));
  const points = loads.flatMap(([name, ...title]) => {
    const { tpot_p50: x, output_throughput: y } = data.results[name];
    const of = title[Number(isChinese())];
    return x && y ? kept.filter((row) => x[row] !== null && y[row] !== null).map((row) => ({ x: x[row], y: y[row], row, of })) : [];
  });
  const called = ({ row, of }) => `${data.run[row]}: ${word("engine", row)}, ${word("devices", row)}, ${of}`;
  const best = (column, least) => {
    const found = new Map();
    for (const row of kept) {
      const value = column?.[row] ?? null;
      const name = word("devices", row);
      if (value !== null && (!found.has(name) || (least ? value < found.get(name) : value > found.get(name)))) found.set(name, value);
    }
    return [...found];
  };
  if (kept.length) await drawing();
  byId("charts").hidden = false;
  frontier(points, called);
  bars("energy", "Energy per output token by devices, the least, J", "各设备每输出 token 最低能耗，J", "J/token", best(results.joules_per_output_token, true), false, true);
  bars("mfu", "MFU by devices, the highest", "各设备最高 MFU", "MFU, %", best(results.mfu, false), true, false);
  bars("mbu", "MBU by devices, the highest", "各设备最高 MBU", "MBU, %", best(results.mbu, false), true, false);
  bars("quality", "Quality parity by devices, the least: ROUGE-1 over the reference's", "各设备最低质量比：ROUGE-1 与参考之比", "ROUGE-1", best(data.parity, true), false, true);
  byId("charts").hidden = [...pictures.values()].every(({ element }) => element.hidden);
  performance.mark("charts");
};
