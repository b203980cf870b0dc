// Pictures of pages in a real Chromium: usage: node pictures.mjs CHROMIUM JOBS.json. Also says what stands out of each page.
import { readFileSync } from "node:fs";
import puppeteer from "puppeteer-core";

const [chromium, list] = process.argv.slice(2);
const browser = await puppeteer.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"], protocolTimeout: 600000 });
const seen = {};
for (const job of JSON.parse(readFileSync(list, "utf8"))) {
  const page = await browser.newPage();
  page.setDefaultTimeout(300000);
  const trouble = [];
  page.on("pageerror", (error) => trouble.push(String(error)));
  page.on("console", (line) => line.type() === "error" && trouble.push(line.text()));
  await page.setViewport({ width: job.width, height: job.height });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: job.scheme }, { name: "prefers-reduced-motion", value: "reduce" }]);
  await page.goto(job.address, { waitUntil: "load" });
  if (job.wait) await page.waitForSelector(job.wait);
  if (job.chinese) await page.click("label[for=lang-zh]");
  if (job.at) await page.$eval(job.at, (it) => it.scrollIntoView());
  await new Promise((resolve) => setTimeout(resolve, 800));
  const outside = await page.evaluate(() => {
    const wide = [...document.querySelectorAll("body *")].filter((it) => !it.closest(".unseen, .skip, .wide, svg") && it.getBoundingClientRect().right > innerWidth + 1);
    return wide.slice(0, 5).map((it) => it.outerHTML.slice(0, 90));
  });
  await page.screenshot({ path: job.picture, type: "webp", quality: 60 });
  seen[job.name] = { outside, trouble };
  await page.close();
}
await browser.close();
console.log(JSON.stringify(seen));
