// What the site does in a real Chromium, from files: usage: node site.mjs JOBS.json; one answer for each job.
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const { chromium, jobs } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const axe = readFileSync(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const ready = (page) => page.waitForFunction(() => !/newest|最新/.test(document.querySelector("#count")?.innerText ?? ""));
const rows = (page) => page.$$eval("#board tbody tr th", (all) => all.map((it) => it.innerText.split(/\s/)[0]));

const answers = {
  async axe(page) {
    await page.evaluate(() => document.querySelectorAll("details").forEach((it) => (it.open = true)));
    await new Promise((resolve) => setTimeout(resolve, 250));
    await page.evaluate(axe);
    const done = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"], rules: { "target-size": { enabled: true } } }));
    return done.violations.map((it) => `${it.id}: ${it.nodes[0].html.slice(0, 160)}`);
  },
  outside: (page) =>
    page.evaluate(() => {
      const wide = [...document.querySelectorAll("body *")].filter((it) => !it.closest(".unseen, .skip, .wide, svg") && it.getBoundingClientRect().right > innerWidth + 1);
      return wide.map((it) => it.outerHTML.slice(0, 90));
    }),
  // What is cut on paper, where nothing can be scrolled to.
  async paper(page) {
    await page.emulateMediaType("print");
    const cut = await page.evaluate(() => [...document.querySelectorAll(".wide table")].filter((it) => it.getBoundingClientRect().right > innerWidth + 1).map((it) => it.innerText.slice(0, 90)));
    await page.emulateMediaType(null);
    return cut;
  },
  async leaderboard(page) {
    const words = () => page.evaluate(() => ["unlike", "several"].map((id) => !document.getElementById(id).hidden));
    const seen = { first: await rows(page), said: await words() };
    await page.select("#by-scenario", "offline");
    seen.ofOne = await words();
    await page.select("#by-scenario", "headline");
    await page.focus('th[data-sort="output_throughput"] button');
    await page.keyboard.press("Enter");
    seen.fastest = await rows(page);
    seen.sorted = await page.$eval('th[data-sort="output_throughput"]', (it) => it.getAttribute("aria-sort"));
    await page.keyboard.press("Enter");
    seen.slowest = await rows(page);
    await page.select("#by-devices", await page.$eval("#by-devices option:last-child", (it) => it.value));
    seen.filtered = await rows(page);
    await page.click("#by-gone");
    seen.gone = await rows(page);
    const boxes = await page.$$(".pick input");
    await boxes[0].click();
    await (await page.$$(".pick input"))[1].click();
    seen.compare = await page.$eval("#compare", (it) => it.getAttribute("href"));
    seen.address = await page.evaluate(() => location.hash);
    await page.click("label[for=lang-zh]");
    seen.chinese = await page.$eval("h1", (it) => it.innerText);
    seen.language = await page.evaluate(() => document.documentElement.lang);
    const shared = page.url();
    await page.goto("about:blank");
    await page.goto(shared);
    await ready(page);
    seen.again = await rows(page);
    seen.still = await page.$eval("h1", (it) => it.innerText);
    return seen;
  },
  // What each picture says and shows, also once the theme, the language, the order or the medium has changed.
  async charts(page) {
    const drawn = async () => {
      await page.waitForFunction(() => performance.getEntriesByName("charts").length > 0);
      return page.$$eval("#charts figure:not([hidden])", (all) =>
        all.map((it) => {
          const canvas = it.querySelector("canvas");
          const seen = { named: document.getElementById(canvas.getAttribute("aria-labelledby")).innerText, shown: canvas.checkVisibility(), rows: [...it.querySelectorAll("tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent)) };
          if (!window.Chart) return seen;
          const chart = Chart.getChart(canvas);
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const colours = new Map();
          for (let at = 0; at < data.length; at += 4) {
            const colour = data.slice(at, at + 3).join();
            if (data[at + 3] === 255) colours.set(colour, (colours.get(colour) ?? 0) + 1);
          }
          const [colour] = [...colours].sort((a, b) => b[1] - a[1])[0] ?? [null];
          return { ...seen, colour, width: canvas.width, axis: chart.options.scales.x.title.text, values: chart.data.datasets.flatMap((set) => set.data), kept: Boolean(chart.data.kept) };
        }),
      );
    };
    const seen = { first: await drawn() };
    if (!(await page.evaluate(() => Boolean(window.Chart)))) return seen;
    await page.$$eval("#charts figure:not([hidden]) canvas", (all) => all.forEach((it) => (Chart.getChart(it).data.kept = true)));
    await page.evaluate(() => performance.clearMarks("charts"));
    await page.select("#by-division", await page.$eval("#by-division option:last-child", (it) => it.value));
    seen.filtered = await drawn();
    await page.evaluate(() => performance.clearMarks("charts"));
    await page.click("#filters button[type=reset]");
    await drawn();
    await page.evaluate(() => performance.clearMarks("charts"));
    await page.click("label[for=lang-zh]");
    seen.chinese = await drawn();
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    seen.dark = await drawn();
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    seen.paper = await drawn();
    await page.evaluate(() => dispatchEvent(new Event("afterprint")));
    seen.after = await drawn();
    await page.setViewport({ width: 390, height: 844 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    seen.phone = await drawn();
    return seen;
  },
  // What a card's history draws, and its table; in Chinese too.
  async history(page) {
    await page.waitForFunction(() => performance.getEntriesByName("charts").length > 0);
    const drawn = () =>
      page.$$eval("#charts figure", (all) =>
        all.map((it) => {
          const chart = window.Chart && Chart.getChart(it.querySelector("canvas"));
          const rows = [...it.querySelectorAll("tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent));
          return { named: it.querySelector("figcaption").innerText, rows, points: chart && chart.data.datasets[0].data, radii: chart && chart.data.datasets[0].pointRadius, axis: chart && chart.options.scales.y.title.text };
        }),
      );
    const first = await drawn();
    await page.click("label[for=lang-zh]");
    return { first, chinese: await drawn() };
  },
  // A run goes on while it is watched: the rest of its log is appended, then its card is written.
  async live(page, job) {
    const rows = () => page.$$eval("#phases tr", (all) => all.map((it) => [it.dataset.state, it.children[2].innerText]));
    await page.waitForSelector("#phases tr");
    const curves = () => page.$$eval("#charts figure", (all) => all.map((it) => ({ named: it.querySelector("figcaption").innerText, drawn: Chart.getChart(it.querySelector("canvas")).data.datasets[0].data.length, rows: it.querySelectorAll("tbody tr").length })));
    await page.waitForFunction(() => window.Chart && document.querySelector("#charts figure canvas"));
    const seen = { before: await rows(), curves: await curves() };
    await page.evaluate(axe);
    const done = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"], rules: { "target-size": { enabled: true } } }));
    seen.axe = done.violations.map((it) => `${it.id}: ${it.nodes[0].html.slice(0, 160)}`);
    appendFileSync(job.log, job.rest);
    await page.waitForFunction(() => [...document.querySelectorAll("#phases tr")].every((it) => it.dataset.state === "ended"));
    seen.after = await rows();
    // Whole at once, as a run writes it: an empty page would have no title.
    writeFileSync(`${job.card}.part`, "<!doctype html><title>card</title>");
    renameSync(`${job.card}.part`, job.card);
    await page.waitForFunction(() => location.pathname.endsWith("/scorecard.html") && document.readyState === "complete");
    seen.title = await page.title();
    return seen;
  },
  comparison: (page) =>
    page.evaluate(() => ({
      answer: document.querySelector("#comparison h3")?.innerText ?? "",
      stops: [...document.querySelectorAll("#comparison .stop:not(.once)")].map((it) => it.innerText),
      once: document.querySelector("#comparison .once")?.innerText ?? "",
      outcomes: [...document.querySelectorAll("tr[data-metric]")].map((it) => [it.dataset.phase, it.dataset.metric, it.querySelector("[data-outcome]")?.dataset.outcome]),
    })),
  harm: (page) => page.evaluate(() => ({ pwned: window.pwned ?? null, scripts: document.querySelectorAll("main script, main img, main iframe").length, text: document.body.innerText })),
};

const browser = await puppeteer.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
const found = {};
for (const job of jobs) {
  const page = await browser.newPage();
  const trouble = [];
  page.on("request", (asked) => /^(file:|data:|about:blank)/.test(asked.url()) || asked.url().startsWith(job.server ?? "file:") || trouble.push(asked.url()));
  page.on("pageerror", (error) => trouble.push(String(error)));
  page.on("console", (line) => line.type() === "error" && trouble.push(line.text()));
  page.on("dialog", (dialog) => (trouble.push("dialog"), dialog.dismiss()));
  if (job.script === false) await page.setJavaScriptEnabled(false);
  await page.setViewport({ width: job.width ?? 1280, height: 844 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: job.scheme ?? "light" }, { name: "prefers-reduced-motion", value: "reduce" }]);
  await page.goto(job.server ? job.server + job.page : pathToFileURL(job.page).href + (job.hash ?? ""));
  if (job.page.endsWith("/index.html") && !job.page.includes("/cards/") && job.script !== false) await ready(page);
  if (job.page.endsWith("compare.html")) await page.waitForSelector("#comparison section");
  if (job.letters) await page.evaluate((size) => (document.documentElement.style.fontSize = `${size}%`), job.letters);
  found[job.name] = { answer: await answers[job.ask](page, job), trouble };
  if (job.picture) await page.screenshot({ path: job.picture, fullPage: true });
  await page.close();
}
await browser.close();
console.log(JSON.stringify(found));
