// Pictures of the rows that are chosen: each with a table of the same numbers for whoever does not see it.
const svg = (tag, attributes, ...children) => make(tag, { svg: 1, ...attributes }, ...children);
const SIZE = { wide: 420, high: 230, left: 52, right: 12, top: 12, base: 34 };

const ticks = (most, parts) => {
  const rough = most / parts;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999);
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, index) => index * step);
};
const figure = (english, chinese, picture, heads, rows) => {
  const caption = make("figcaption", {}, both(english, chinese));
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, both(...head))))));
  table.append(make("tbody", {}, ...rows.map(([first, ...cells]) => make("tr", {}, make("th", { scope: "row" }, first), ...cells.map((cell) => make("td", { class: "num" }, cell))))));
  return make("figure", {}, caption, picture, make("details", {}, make("summary", {}, both("the same as a table", "以表格显示")), make("div", { class: "wide" }, table)));
};
const canvas = (mostX, mostY, nameX, nameY) => {
  const { wide, high, left, right, top, base } = SIZE;
  const x = (value) => left + (value / mostX) * (wide - left - right);
  const y = (value) => high - base - (value / mostY) * (high - base - top);
  const drawn = svg("svg", { viewBox: `0 0 ${wide} ${high}`, class: "chart", "aria-hidden": "true" });
  drawn.append(svg("path", { class: "axis", d: `M${left},${top}V${high - base}H${wide - right}` }));
  for (const mark of ticks(mostX, 4)) drawn.append(svg("text", { x: x(mark), y: high - base + 13, "text-anchor": "middle" }, written(mark)));
  for (const mark of ticks(mostY, 4)) drawn.append(svg("text", { x: left - 4, y: y(mark) + 3, "text-anchor": "end" }, written(mark)));
  drawn.append(svg("text", { x: wide - right, y: high - 4, "text-anchor": "end" }, nameX), svg("text", { x: 2, y: 10 }, nameY));
  return { drawn, x, y };
};

const frontier = (points) => {
  if (points.length < 2) return null;
  const mostX = Math.max(...points.map((point) => point.x)) * 1.05;
  const mostY = Math.max(...points.map((point) => point.y)) * 1.05;
  if (!(mostX > 0 && mostY > 0)) return null;
  const { drawn, x, y } = canvas(mostX, mostY, "TPOT, ms", "tokens/s");
  let best = -Infinity;
  const front = [...points].sort((a, b) => a.x - b.x || b.y - a.y).filter((point) => (point.y > best ? ((best = point.y), true) : false));
  const onFront = new Set(front);
  drawn.append(svg("polyline", { class: "front", points: front.map((point) => `${x(point.x)},${y(point.y)}`).join(" ") }));
  for (const point of [...front, ...points.slice(0, 1000)]) drawn.append(svg("circle", { class: onFront.has(point) ? "dot best" : "dot", cx: x(point.x), cy: y(point.y), r: 3.5 }, svg("title", {}, point.name)));
  const rows = front.map((point) => [point.name, written(point.x), written(point.y)]);
  return figure("Throughput against time per token, a point for each load; the line joins what no other load beats in both", "吞吐与每 token 时间，每种负载一点；连线为两项均未被超过者", drawn, [["frontier", "前沿"], ["TPOT, ms", "TPOT，毫秒"], ["tokens/s", "token/s"]], rows);
};

const bars = (english, chinese, unit, values, percent, ascending) => {
  const sorted = [...values].sort((a, b) => (ascending ? a[1] - b[1] : b[1] - a[1])).slice(0, 12);
  if (!sorted.length) return null;
  const high = 22 * sorted.length + 6;
  const most = Math.max(...sorted.map((item) => item[1])) || 1;
  const drawn = svg("svg", { viewBox: `0 0 420 ${high}`, class: "chart", "aria-hidden": "true" });
  sorted.forEach(([name, value], index) => {
    drawn.append(svg("rect", { class: "bar", x: 170, y: 22 * index + 4, width: Math.max(1, (190 * value) / most), height: 14 }));
    drawn.append(svg("text", { x: 164, y: 22 * index + 15, "text-anchor": "end" }, name.length > 30 ? `${name.slice(0, 29)}…` : name));
    drawn.append(svg("text", { x: 174 + (190 * value) / most, y: 22 * index + 15 }, written(value, percent)));
  });
  return figure(english, chinese, drawn, [["devices", "设备"], [unit, unit]], sorted.map(([name, value]) => [name, written(value, percent)]));
};

const charts = (data, order, asked, word, metrics) => {
  const results = data.results[asked.scenario];
  const kept = order.filter((row) => word("status", row) === "current");
  // A point is one load: numbers that lead a card are of several, and were never had together.
  const loads = data.scenarios.filter(([name]) => Object.hasOwn(data.results, name) && (asked.scenario === "headline" || asked.scenario === name));
  const points = loads
    .flatMap(([name, ...title]) => {
      const { tpot_p50: x, output_throughput: y } = data.results[name];
      const called = title[Number(isChinese())];
      return kept.map((row) => ({ x: x?.[row] ?? null, y: y?.[row] ?? null, name: `${data.run[row]}: ${word("engine", row)}, ${word("devices", row)}, ${called}` }));
    })
    .filter((point) => point.x !== null && point.y !== null);
  const parity = data.parity;
  const best = (column, least) => {
    const found = new Map();
    for (const row of kept) {
      const value = column?.[row] ?? null;
      const name = word("devices", row);
      if (value !== null && (!found.has(name) || (least ? value < found.get(name) : value > found.get(name)))) found.set(name, value);
    }
    return [...found];
  };
  const made = [
    frontier(points),
    bars("Energy per output token by devices, the least, J", "各设备每输出 token 最低能耗，J", "J/token", best(results.joules_per_output_token, true), false, true),
    bars("MFU by devices, the highest", "各设备最高 MFU", "MFU, %", best(results.mfu, false), true, false),
    bars("MBU by devices, the highest", "各设备最高 MBU", "MBU, %", best(results.mbu, false), true, false),
    bars("Quality parity by devices, the least: ROUGE-1 over the reference's", "各设备最低质量比：ROUGE-1 与参考之比", "ROUGE-1", best(parity, true), false, true),
  ].filter(Boolean);
  byId("charts").hidden = !made.length;
  byId("charts").querySelector(".figures").replaceChildren(...made);
  performance.mark("charts");
};
