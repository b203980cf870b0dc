// What axe, Lighthouse, a keyboard and large letters find on pages in a real Chromium.
// Usage: node access.mjs JOBS.json; answers with one JSON object, an answer for each job.
import { readFileSync } from "node:fs";
import http from "node:http";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const { chromium, jobs } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const axe = readFileSync(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

async function laidOut(page, job) {
  await page.setViewport({ width: job.width ?? 1280, height: 844 });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: job.scheme ?? "light" },
    { name: "prefers-reduced-motion", value: job.motion ?? "reduce" },
  ]);
  await page.goto(pathToFileURL(job.page).href);
  if (job.chinese) await page.click("label[for=lang-zh]");
  if (job.letters) {
    await page.evaluate((size) => (document.documentElement.style.fontSize = `${size}%`), job.letters);
  }
  if (job.opened) {
    await page.evaluate(() => document.querySelectorAll("details").forEach((it) => (it.open = true)));
  }
}

const answers = {
  async axe(page) {
    await page.evaluate(axe);
    const done = await page.evaluate(() =>
      axe.run(document, { resultTypes: ["violations"], rules: { "target-size": { enabled: true } } }),
    );
    return done.violations.map((it) => `${it.id}: ${it.nodes[0].html.slice(0, 120)}`);
  },

  async outside(page) {
    return page.evaluate(() => {
      const wide = [...document.querySelectorAll("body *")].filter(
        (it) => !it.closest(".unseen, .skip") && it.getBoundingClientRect().right > innerWidth + 1,
      );
      const scroll = document.documentElement.scrollWidth;
      return [...(scroll > innerWidth ? [`scrolls: ${scroll}`] : []), ...wide.map((it) => it.outerHTML.slice(0, 90))];
    });
  },

  async keyboard(page) {
    const at = () =>
      page.evaluate(() => {
        const it = document.activeElement;
        const box = it.getBoundingClientRect();
        const shown = getComputedStyle(it).clipPath === "none" && box.width > 1;
        return { id: it.id, href: it.getAttribute("href"), tag: it.tagName, shown };
      });
    const press = async (key) => (await page.keyboard.press(key), at());
    const skip = await press("Tab");
    const language = await press("Tab");
    await press("ArrowRight");
    const chinese = await page.evaluate(() => getComputedStyle(document.querySelector("h1 .zh")).display !== "none");
    const reached = new Set();
    for (let step = 0; step < 60; step++) reached.add((await press("Tab")).tag);
    const folded = await page.evaluate(() => {
      const it = document.querySelector("details.fold");
      it.querySelector("summary").focus();
      return it.open;
    });
    await page.keyboard.press("Enter");
    const opened = await page.evaluate(() => document.querySelector("details.fold").open);
    await page.evaluate(() => document.querySelector(".skip").focus());
    const main = await press("Enter");
    return { skip, language, chinese, reached: [...reached], folded, opened, main };
  },

  async link(page, job) {
    // By a link of the page, or by an address that somebody was sent.
    await page.evaluate((name) => {
      const link = document.querySelector(`a[href="#${name}"]`);
      if (link) link.click();
      else location.hash = name;
    }, job.to);
    return page.evaluate((name) => {
      const it = document.getElementById(name);
      const nav = document.querySelector("nav").getBoundingClientRect();
      const { top } = it.getBoundingClientRect();
      const inSight = (box) => box.top >= 0 && box.bottom <= innerHeight;
      return { open: it.closest("details").open, clear: top >= nav.bottom - 1 && top < innerHeight, contents: inSight(nav) };
    }, job.to);
  },

  motion: (page) => page.evaluate(() => getComputedStyle(document.documentElement).scrollBehavior),

  // What a screen reader calls the pictures in the language that is shown.
  async names(page) {
    const tree = await page.accessibility.snapshot({ interestingOnly: false });
    const names = [];
    const walk = (it) => {
      if (it.role === "image" || it.role === "img" || it.role === "navigation") names.push(it.name);
      (it.children ?? []).forEach(walk);
    };
    walk(tree);
    return names;
  },

  async lighthouse(_page, job, browser) {
    const { default: lighthouse } = await import("lighthouse");
    const server = http.createServer((asked, answer) => {
      answer.writeHead(asked.url === "/" ? 200 : 404, { "content-type": "text/html; charset=utf-8" });
      answer.end(asked.url === "/" ? readFileSync(job.page) : "");
    });
    await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
    const { lhr } = await lighthouse(`http://localhost:${server.address().port}/`, {
      port: Number(new URL(browser.wsEndpoint()).port),
      logLevel: "silent",
      onlyCategories: ["accessibility", "best-practices", "seo"],
      throttlingMethod: "provided",
      disableFullPageScreenshot: true,
    });
    server.close();
    const missed = Object.values(lhr.audits).filter((it) => it.score !== null && it.score < 1);
    const scores = Object.fromEntries(Object.entries(lhr.categories).map(([name, it]) => [name, it.score * 100]));
    return { scores, missed: missed.map((it) => it.id) };
  },
};

const browser = await puppeteer.launch({
  executablePath: chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const found = {};
for (const job of jobs) {
  const page = await browser.newPage();
  if (job.ask !== "lighthouse") await laidOut(page, job);
  found[job.name] = await answers[job.ask](page, job, browser);
  await page.close();
}
await browser.close();
console.log(JSON.stringify(found));
