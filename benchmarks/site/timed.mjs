// How soon the leaderboard answers: usage: node timed.mjs CHROMIUM PAGE. Milliseconds of its script, until it is painted, of
// processor time that the page's thread took meanwhile, and then for the charts: on a busy machine only these two say anything.
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const [chromium, address] = process.argv.slice(2);
const browser = await puppeteer.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-gpu"] });
const page = await browser.newPage();
await page.setViewport({ width: 1280, height: 900 });
const session = await page.createCDPSession();
await session.send("Performance.enable", { timeDomain: "threadTicks" });
const taken = async () => 1000 * (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "TaskDuration").value;
const opening = Date.now();
await page.goto(pathToFileURL(address).href);
await page.waitForFunction(() => performance.getEntriesByName("update", "measure").length > 0 && performance.getEntriesByName("charts").length > 0);
const found = { opened: [await page.evaluate(() => performance.getEntriesByName("update", "measure")[0].duration), Date.now() - opening, await taken(), 0] };
const acts = {
  "sorted by throughput": () => document.querySelector('th[data-sort="output_throughput"] button').click(),
  "the other way": () => document.querySelector('th[data-sort="output_throughput"] button').click(),
  "sorted by model": () => document.querySelector('th[data-sort="model"] button').click(),
  "scenario chosen": () => pick("by-scenario", document.querySelector("#by-scenario option:last-child").value),
  "model chosen": () => pick("by-model", document.querySelector("#by-model option:last-child").value),
  "division chosen": () => pick("by-division", "closed"),
  "all models again": () => pick("by-model", ""),
  searched: () => pick("by-q", "h200"),
};
await page.evaluate(() => {
  window.pick = (id, value) => {
    const field = document.getElementById(id);
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
});
for (const [name, act] of Object.entries(acts)) {
  const before = await taken();
  found[name] = await page.evaluate(
    (text) =>
      new Promise((resolve) => {
        performance.clearMeasures("update");
        const started = performance.now();
        new Function(`return (${text})`)()();
        const script = performance.now() - started;
        // The frame with the new rows has been handed over when the next task after it runs.
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => resolve([script, performance.now() - started]);
          port2.postMessage(0);
        });
      }),
    act.toString(),
  );
  found[name].push((await taken()) - before);
  await new Promise((resolve) => setTimeout(resolve, 400));
  found[name].push((await taken()) - before - found[name][2]);
}
await browser.close();
console.log(JSON.stringify(found));
