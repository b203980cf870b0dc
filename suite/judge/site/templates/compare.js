// Any cards against the first: what may be compared, then every metric, decided as `suite compare` decides from cards alone.
const cards = [];
window.suiteSite.card = (card) => cards.push(card);
window.suiteSite.definitions = (known) => (window.suiteSite.known = known);

const erfc = (x) => {
  // Numerical Recipes' rational fit: at most 1.2e-7 off, and 0.05 is asked for.
  const t = 1 / (1 + 0.5 * x);
  const factors = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277];
  return t * Math.exp(-x * x + factors.reduceRight((sum, factor) => sum * t + factor, 0));
};
const stored = (number) => Number(number.toPrecision(9));
const bounds = ([value, low, high, , exact]) => (low !== null && high !== null ? [low, high] : exact ? [value, value] : null);

const ratioOf = (a, b) => {
  const [first, second] = [bounds(a), bounds(b)];
  if (!first || !second || Math.min(a[0], b[0], first[0], second[0]) <= 0) return null;
  const log = (above, below) => Math.max(0, Math.log(above / below));
  const centre = Math.log(b[0] / a[0]);
  const down = Math.hypot(log(b[0], second[0]), log(first[1], a[0]));
  const up = Math.hypot(log(second[1], b[0]), log(a[0], first[0]));
  return [centre, centre - down, centre + up].map((value) => stored(Math.exp(value)));
};
const chance = ([value, low, high], margin) => {
  const centre = Math.log(value);
  const beyond = Math.abs(centre) + Math.log(1 - margin);
  if (beyond <= 0) return 1;
  const error = Math.abs(centre - Math.log(centre > 0 ? low : high)) / 1.959963984540054;
  return error ? erfc(beyond / error / Math.SQRT2) : 0;
};

const obstacle = (metric, base, other, first, second, forbidden) => {
  if (forbidden.has(metric.family)) return forbidden.get(metric.family);
  if (!first || !second) return ["only one card has this phase", "仅一张评分卡有此阶段"];
  if (first.asked !== second.asked) return ["the two phases were loaded differently", "两个阶段的负载不同"];
  if (first.lengths && second.lengths && JSON.stringify(first.lengths) !== JSON.stringify(second.lengths)) return ["prompts or answers had different lengths", "提示或回答的长度不同"];
  if (metric.bracket) return ["a search: suite compare holds the brackets against each other", "搜索：由 suite compare 比较其区间"];
  if (metric.objectives && base.objectives[0] !== other.objectives[0]) return ["the service-level objectives differ", "服务水平目标不同"];
  if (first.sources && (metric.tokens || (metric.objectives && (base.objectives[1] || other.objectives[1])))) {
    if (base.refuted || other.refuted) return ["the token counts of a card contradict each other", "一张评分卡的 token 计数自相矛盾"];
    const unseen = !first.sources[1] || !second.sources[1];
    const of = metric.claim || unseen ? 0 : 1;
    if (first.sources[of] !== second.sources[of]) return ["tokens were counted by different sources: suite compare looks for a common one", "token 的计数来源不同：suite compare 会寻找共同的来源"];
    const [a, b] = [first.counts[of], second.counts[of]];
    if (a && b && Math.abs(a[0] * b[1] - b[0] * a[1]) > window.suiteSite.known.alike * Math.max(a[0] * b[1], b[0] * a[1])) return ["the source counts what it leaves out on the other card", "该来源在一张评分卡上计入了另一张上略去的部分"];
  }
  return null;
};
const judged = (metric, a, b) => {
  const { margin } = window.suiteSite.known;
  const ratio = ratioOf(a, b);
  if (!ratio) {
    const exact = a[4] && b[4];
    if (exact && a[0] === b[0]) return { outcome: "not-distinguishable", why: ["the same count", "计数相同"] };
    if (exact && metric.direction !== "none") return { outcome: b[0] > a[0] === (metric.direction === "higher") ? "better-once" : "worse-once", why: ["counts, one of them zero", "计数，其一为零"] };
    if (!bounds(a) || !bounds(b)) return { outcome: "not-comparable", why: ["no interval", "无区间"] };
    return { outcome: "not-distinguishable", why: ["an interval reaches zero", "有区间触及零"] };
  }
  const higher = ratio[1] > 1 / (1 - margin);
  const lower = ratio[2] < 1 - margin;
  const p = metric.direction === "none" ? null : chance(ratio, margin);
  if ((!higher && !lower) || metric.direction === "none") return { outcome: "not-distinguishable", why: ["the interval does not exclude 1 by the margin", "区间未排除落在裕度内的 1"], ratio, p };
  return { outcome: higher === (metric.direction === "higher") ? "better-once" : "worse-once", why: null, ratio, p };
};

const compared = (base, other) => {
  const { metrics } = window.suiteSite.known;
  const differing = base.inputs.map((item, place) => [item, other.inputs[place]]).filter(([a, b]) => a[3] !== b[3] || !a[6] || !b[6]);
  const forbidden = new Map();
  for (const [item] of differing) for (const family of item[5]) if (!forbidden.has(family)) forbidden.set(family, [`${item[0]} differs or is not sound`, `${item[2]}不同或不可靠`]);
  const places = new Map(other.phases.map((phase) => [phase.place, phase]));
  const seen = new Set(base.phases.map((phase) => phase.place));
  const pairs = [...base.phases.map((phase) => [phase, places.get(phase.place)]), ...other.phases.filter((phase) => !seen.has(phase.place)).map((phase) => [undefined, phase])];
  const changes = [];
  for (const [first, second] of pairs) {
    const names = Object.keys(metrics).filter((name) => (first && Object.hasOwn(first.metrics, name)) || (second && Object.hasOwn(second.metrics, name)));
    for (const name of names) {
      const [a, b] = [first?.metrics[name], second?.metrics[name]];
      let why = obstacle(metrics[name], base, other, first, second, forbidden);
      if (!why && (!a || !b)) why = ["only one card has this metric", "仅一张评分卡有此指标"];
      if (!why && (a.length === 1 || b.length === 1)) why = ((unmeasured) => [`not measured: ${unmeasured[0]}`, `未测得：${unmeasured[1]}`])(a.length === 1 ? a[0] : b[0]);
      const change = why ? { outcome: "not-comparable", why } : judged(metrics[name], a, b);
      changes.push({ phase: (first ?? second).name, place: (first ?? second).place, load: (first ?? second).load, name, a, b, ...change });
    }
  }
  return { differing, changes };
};

// Holm: from the smallest probability on, each must be at most the level over the number that is left.
const corrected = (pairs) => {
  const tested = pairs.flatMap((pair) => pair.changes).filter((change) => typeof change.p === "number" && change.outcome !== "not-comparable");
  tested.sort((a, b) => a.p - b.p);
  const { level } = window.suiteSite.known;
  let standing = 0;
  while (standing < tested.length && tested[standing].p <= level / (tested.length - standing)) standing++;
  for (const change of tested.slice(standing)) {
    if (change.outcome.endsWith("-once")) {
      const [english, chinese] = window.suiteSite.known.words[change.outcome];
      change.why = [`${english} alone, not among ${tested.length} comparisons (Holm)`, `单独看${chinese}，在 ${tested.length} 次比较中则不然（Holm）`];
      change.outcome = "not-distinguishable";
    }
  }
};

const FACTS = ["model", "devices", "engine"];
const said = (word) => (Object.hasOwn(window.suiteSite.known.words, word) ? window.suiteSite.known.words[word] : [word, word]);
const joined = (words, english, chinese) => both(words.map((word) => said(word)[0]).join(english), words.map((word) => said(word)[1]).join(chinese));
const mark = (card, name) => (card.asserted.includes(name) ? [" ", make("span", { class: "standing standing-asserted" }, both(...said("asserted")))] : []);
const letter = (place) => String.fromCharCode(65 + place);
const scrolled = (name, table) => make("div", { class: "wide", tabindex: "0", role: "region", "aria-label": `Table: ${name}` }, table);
const heads = (...names) => make("thead", {}, make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, name))));

const admission = (pairs) => {
  const section = make("section", {}, make("h2", {}, both("What may be compared", "哪些可以比较")));
  if (pairs.some(({ changes }) => changes.some(({ outcome }) => outcome.endsWith("-once")))) section.append(make("p", { class: "once stop" }, both(...said("one-each"))));
  pairs.forEach(({ differing, changes }, place) => {
    const known = changes.some((change) => change.outcome !== "not-comparable");
    const answer = !known ? ["may NOT be compared", "不可比较"] : differing.length ? ["may be compared in part", "可以部分比较"] : ["may be compared", "可以比较"];
    section.append(make("h3", {}, `A → ${letter(place + 1)} `, both(...answer)));
    for (const [a, b] of differing) section.append(make("p", { class: "stop" }, both(a[1], a[2]), `: ${a[4]} | ${b[4]} – `, both("Forbids comparing", "因而不比较"), ": ", joined(a[5], ", ", "、")));
  });
  return section;
};
const sides = (chosen) => {
  const rows = chosen.map((card, place) => {
    const link = make("a", { href: `cards/${card.id}/index.html${isChinese() ? "#lang=zh" : ""}` }, card.run);
    const stated = card.stated.map(([who, what, when, why]) => make("span", { class: "under" }, both(...said(what)), `: ${who}, ${when}${why ? `: ${why}` : ""}`));
    const verdict = card.conformant ? both("conformant", "合规") : both("NOT CONFORMANT", "不合规");
    return make("tr", {}, make("th", { scope: "row" }, letter(place)), make("td", {}, link, make("span", { class: "under" }, card.date)), make("td", {}, verdict, make("span", { class: "under" }, joined(card.worth, " · ", " · ")), ...stated), ...card.facts.map((fact, place) => make("td", {}, fact, ...mark(card, FACTS[place]))));
  });
  const names = [["run", "运行"], ["worth", "结论"], ["model", "模型"], ["devices", "设备"], ["engine", "推理引擎"], ["precision", "精度"], ["vendor", "厂商"], ["tasks", "任务"]];
  return make("section", {}, make("h2", {}, both("Cards", "评分卡")), scrolled("Cards", make("table", {}, heads(both("card", "评分卡"), ...names.map((name) => both(...name))), make("tbody", {}, ...rows))));
};
const cell = (card, name, value) => {
  const metric = window.suiteSite.known.metrics[name];
  if (!value || value.length === 1) return [make("span", { class: "soft" }, value ? both("not measured", "未测得") : "–")];
  const unit = metric.percent ? "%" : metric.unit === "1" ? "" : metric.unit;
  const parts = [`${written(value[0], metric.percent)} ${unit}`, ...mark(card, name)];
  if (value[1] !== null && value[2] !== null) parts.push(make("span", { class: "under" }, `${written(value[1], metric.percent)} – ${written(value[2], metric.percent)}`));
  return parts;
};
const table = (chosen, pairs) => {
  const { metrics } = window.suiteSite.known;
  const section = make("section", {}, make("h2", {}, both("Metrics", "指标")));
  const groups = new Map();
  for (const [place, { changes }] of pairs.entries()) {
    for (const change of changes) {
      if (!groups.has(change.place)) groups.set(change.place, { phase: change.phase, load: change.load, rows: new Map() });
      const { rows } = groups.get(change.place);
      if (!rows.has(change.name)) rows.set(change.name, { a: change.a, others: new Map() });
      const row = rows.get(change.name);
      row.a ??= change.a;
      row.others.set(place, change);
    }
  }
  for (const { phase, load, rows } of groups.values()) {
    const lines = [];
    for (const [name, row] of rows) {
      const values = [row.a, ...[...row.others.values()].map((change) => change.b)];
      if (!values.some((value) => value && value.length > 1)) continue;
      const drawn = make("tr", { "data-metric": name, "data-phase": phase }, make("th", { scope: "row" }, both(...metrics[name].title)), make("td", { class: "num" }, ...cell(chosen[0], name, row.a)));
      for (let place = 0; place < pairs.length; place++) {
        const change = row.others.get(place);
        const ratio = change?.ratio ? make("span", { class: "under" }, `×${change.ratio[0].toFixed(3)} (${change.ratio[1].toFixed(3)}–${change.ratio[2].toFixed(3)})`) : null;
        const stands = change ? make("span", { class: `stands stands-${change.outcome}`, "data-outcome": change.outcome }, both(...said(change.outcome))) : null;
        const why = change?.why ? make("span", { class: "under" }, both(...change.why)) : null;
        drawn.append(make("td", { class: "num" }, ...cell(chosen[place + 1], name, change?.b), " ", stands, ratio, why));
      }
      lines.push(drawn);
    }
    if (!lines.length) continue;
    const head = heads(both("metric", "指标"), ...chosen.map((_, place) => letter(place)));
    const title = phase ? [`${phase}: `, both(...load)] : [both("whole run", "整个运行")];
    section.append(make("details", { open: "" }, make("summary", {}, make("strong", {}, ...title)), scrolled(phase || "run", make("table", {}, head, make("tbody", {}, ...lines)))));
  }
  return section;
};

const show = async () => {
  settle();
  const ids = (state.read().get("cards") ?? "").split(",").filter((id) => /^[0-9a-f]{32}$/.test(id));
  const wanted = [...new Set(ids)].slice(0, 8);
  if (wanted.length < 2) {
    byId("comparison").replaceChildren();
    byId("count").replaceChildren(both("Choose two cards or more in the leaderboard.", "请在排行榜中选择两张或更多评分卡。"));
    return;
  }
  try {
    if (!window.suiteSite.known) await bring("definitions.js");
    for (const id of wanted) if (!cards.some((card) => card.id === id)) await bring(`cards/${id}/card.js`);
  } catch (missing) {
    byId("count").replaceChildren(both("Not on this site: ", "本站没有："), missing.message);
    return;
  }
  const chosen = wanted.map((id) => cards.find((card) => card.id === id));
  const pairs = chosen.slice(1).map((card) => compared(chosen[0], card));
  corrected(pairs);
  byId("count").replaceChildren(both(`${chosen.length} cards; A is the base of every ratio`, `${chosen.length} 张评分卡；A 为所有比值的基准`));
  byId("comparison").replaceChildren(admission(pairs), sides(chosen), table(chosen, pairs));
};
window.addEventListener("hashchange", show);
show();
