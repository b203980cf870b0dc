// The leaderboard: filtered and sorted in typed columns; fifty rows at a time are drawn.
const PAGE = 50;
const MOST = 8;
const FACTS = ["model", "devices", "engine", "vendor", "division", "trust", "date"];
const FILTERS = ["model", "division", "trust", "vendor", "devices", "engine"];

const leaderboard = (data) => {
  const count = data.id.length;
  const texts = data.texts;
  const word = (name, row) => texts[name].words[texts[name].at[row]];
  const metrics = new Map(data.metrics.map(([id, en, zh, unit, direction, percent]) => [id, { id, en, zh, unit, direction, percent }]));
  const sought = Array.from({ length: count }, (_, row) =>
    [data.run[row], ...["model", "devices", "engine", "vendor", "owner", "taskset", "profile", "precision"].map((name) => word(name, row))].join("\n").toLowerCase(),
  );
  const said = (text) => both(text, Object.hasOwn(data.chinese, text) ? data.chinese[text] : text);
  // A number that no card has takes no column.
  const columns = Object.fromEntries(Object.entries(data.results).map(([name, held]) => [name, [...metrics.values()].filter(({ id }) => held[id].some((value) => value !== null))]));
  let order = [];
  let page = 0;

  const read = () => {
    const words = state.read();
    const asked = { q: (words.get("q") ?? "").toLowerCase(), from: words.get("from") ?? "", to: words.get("to") ?? "", gone: words.get("gone") === "1" };
    asked.scenario = words.has("scenario") && Object.hasOwn(data.results, words.get("scenario")) ? words.get("scenario") : "headline";
    asked.sort = metrics.has(words.get("sort")) || FACTS.includes(words.get("sort")) ? words.get("sort") : "date";
    asked.down = words.get("order") === "desc" || (!words.has("order") && !words.has("sort"));
    asked.filters = FILTERS.filter((name) => words.get(name)).map((name) => [texts[name].at, texts[name].words.indexOf(words.get(name))]);
    asked.chosen = (words.get("cards") ?? "").split(",").filter((id) => /^[0-9a-f]{32}$/.test(id)).slice(0, MOST);
    return asked;
  };

  const filtered = (asked) => {
    const results = data.results[asked.scenario];
    const names = Object.keys(results);
    const { at: dates, words: days } = texts.date;
    const { at: standing, words: standings } = texts.status;
    const rows = [];
    for (let row = 0; row < count; row++) {
      if (!asked.gone && standings[standing[row]] !== "current") continue;
      if (!asked.filters.every(([at, place]) => at[row] === place)) continue;
      const day = days[dates[row]];
      if ((asked.from && day < asked.from) || (asked.to && day > asked.to)) continue;
      if (asked.q && !sought[row].includes(asked.q)) continue;
      if (asked.scenario !== "headline" && !names.some((name) => results[name][row] !== null)) continue;
      rows.push(row);
    }
    return rows;
  };

  const sorted = (rows, asked) => {
    const way = asked.down ? -1 : 1;
    const column = metrics.has(asked.sort) ? data.results[asked.scenario][asked.sort] : texts[asked.sort].at;
    // What was not measured comes last whichever way; equals stay in the order of the index, the newest first.
    return rows.sort((a, b) => {
      const x = column[a];
      const y = column[b];
      if (x === y) return a - b;
      if (x === null) return 1;
      if (y === null) return -1;
      return x < y ? -way : way;
    });
  };

  const line = (row, asked) => {
    const id = data.id[row];
    const gone = word("status", row);
    const box = make("input", { type: "checkbox", value: id, "aria-label": data.run[row] });
    box.checked = asked.chosen.includes(id);
    box.disabled = !box.checked && asked.chosen.length >= MOST;
    const name = make("th", { scope: "row" }, make("a", { href: `cards/${id}/index.html${isChinese() ? "#lang=zh" : ""}` }, data.run[row]));
    if (gone !== "current") name.append(" ", make("span", { class: "chip" }, said(gone)));
    if (word("waived", row)) name.append(" ", make("span", { class: "chip" }, both("rules waived", "有豁免")));
    if (word("review", row) === "accepted") name.append(" ", make("span", { class: "chip chip-pass" }, both("reviewed", "已评审")));
    const drawn = make("tr", gone === "current" ? {} : { class: "row-gone" }, make("td", { class: "pick" }, box), name);
    const asserted = new Set(word("asserted", row).split(" "));
    const mark = (name) => (asserted.has(name) ? [" ", make("span", { class: "standing standing-asserted" }, said("asserted"))] : []);
    for (const fact of FACTS) drawn.append(make("td", fact === "date" ? { class: "num" } : {}, said(word(fact, row)), ...mark(fact)));
    const results = data.results[asked.scenario];
    for (const { id: metric, percent } of columns[asked.scenario]) {
      const value = results[metric][row];
      drawn.append(make("td", { class: "right num" }, ...(value === null ? [] : [written(value, percent), ...mark(metric)])));
    }
    return drawn;
  };

  const draw = (asked) => {
    const pages = Math.max(1, Math.ceil(order.length / PAGE));
    page = Math.min(page, pages - 1);
    byId("board").tBodies[0].replaceChildren(...order.slice(page * PAGE, (page + 1) * PAGE).map((row) => line(row, asked)));
    byId("count").replaceChildren(both(`${order.length} of ${count} cards`, `${count} 张中的 ${order.length} 张`));
    byId("unlike").hidden = !["model", "division"].some((name) => order.some((row) => texts[name].at[row] !== texts[name].at[order[0]]));
    byId("several").hidden = asked.scenario !== "headline";
    byId("pages").hidden = pages < 2;
    byId("at").textContent = `${page + 1} / ${pages}`;
    byId("before").disabled = page === 0;
    byId("after").disabled = page === pages - 1;
    for (const head of document.querySelectorAll("th[data-sort]")) {
      head.hidden = metrics.has(head.dataset.sort) && !columns[asked.scenario].some(({ id }) => id === head.dataset.sort);
      if (head.dataset.sort === asked.sort) head.setAttribute("aria-sort", asked.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    const link = byId("compare");
    const words = new URLSearchParams(asked.chosen.length ? { cards: asked.chosen.join(",") } : {});
    if (isChinese()) words.set("lang", "zh");
    link.setAttribute("href", `compare.html${words.size ? `#${words}` : ""}`);
    link.setAttribute("aria-disabled", String(asked.chosen.length < 2));
    byId("chosen").textContent = asked.chosen.length;
  };

  const update = () => {
    performance.mark("update");
    const asked = read();
    order = sorted(filtered(asked), asked);
    draw(asked);
    performance.measure("update", "update");
    clearTimeout(update.later);
    update.later = setTimeout(() => charts(data, order, asked, word, metrics), 150);
  };
  const change = (name, value) => {
    const words = state.read();
    if (value) words.set(name, value);
    else words.delete(name);
    page = 0;
    state.write(words);
    update();
  };

  const form = byId("filters");
  for (const name of FILTERS) {
    const select = byId(`by-${name}`);
    for (const text of texts[name].words) {
      const chinese = Object.hasOwn(data.chinese, text) ? data.chinese[text] : text;
      select.append(make("option", { value: text, "data-en": text, "data-zh": chinese }, text));
    }
  }
  for (const [name, en, zh] of data.scenarios) {
    if (Object.hasOwn(data.results, name)) byId("by-scenario").append(make("option", { value: name, "data-en": en, "data-zh": zh }, isChinese() ? zh : en));
  }
  const fill = () => {
    const words = state.read();
    for (const field of form.elements) {
      if (field.type === "checkbox") field.checked = words.get(field.name) === field.value;
      else if (field.name) field.value = words.get(field.name) ?? "";
    }
  };
  form.addEventListener("input", ({ target }) => change(target.name, target.type === "checkbox" ? (target.checked ? target.value : "") : target.value));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    const kept = new URLSearchParams();
    for (const name of ["lang", "cards"]) if (state.read().has(name)) kept.set(name, state.read().get(name));
    state.write(kept);
    page = 0;
    fill();
    update();
  });
  byId("compare").addEventListener("click", (event) => {
    if (byId("compare").getAttribute("aria-disabled") === "true") event.preventDefault();
  });
  for (const head of document.querySelectorAll("th[data-sort]")) {
    const button = make("button", { type: "button" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const asked = read();
      const known = metrics.get(head.dataset.sort);
      const better = known ? known.direction === "higher" : head.dataset.sort === "date";
      const down = asked.sort === head.dataset.sort ? !asked.down : better;
      const words = state.read();
      words.set("sort", head.dataset.sort);
      words.set("order", down ? "desc" : "asc");
      page = 0;
      state.write(words);
      update();
    });
  }
  byId("board").tBodies[0].addEventListener("change", ({ target }) => {
    const { chosen } = read();
    const next = target.checked ? [...chosen, target.value] : chosen.filter((id) => id !== target.value);
    const words = state.read();
    if (next.length) words.set("cards", next.slice(0, MOST).join(","));
    else words.delete("cards");
    state.write(words);
    draw(read());
    for (const box of document.querySelectorAll(".pick input")) if (box.value === target.value) box.focus();
  });
  for (const [name, step] of [["before", -1], ["after", 1]]) {
    byId(name).addEventListener("click", () => {
      page += step;
      draw(read());
      byId("board").scrollIntoView();
    });
  }
  const again = () => {
    settle();
    fill();
    update();
  };
  window.addEventListener("hashchange", again);
  for (const name of ["lang-en", "lang-zh"]) byId(name).addEventListener("change", update);
  form.hidden = false;
  again();
};

window.suiteSite.index = leaderboard;
bring("index.js").catch(() => byId("count").replaceChildren(both("index.js is missing: the table shows the newest cards only", "缺少 index.js：表格仅显示最新的评分卡")));
