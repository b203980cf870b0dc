"use strict";
// What all pages share: elements made of text alone, the language, the state in the address.
const byId = (id) => document.getElementById(id);

// Texts are set as text, never as markup: what a card says can do nothing.
const make = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
};
const both = (english, chinese) => {
  const parts = document.createDocumentFragment();
  if (english === chinese) parts.append(english);
  else parts.append(make("span", { class: "en", lang: "en" }, english), make("span", { class: "zh", lang: "zh-Hans" }, chinese));
  return parts;
};

const state = { read: () => new URLSearchParams(location.hash.slice(1)) };
state.write = (words) => {
  const text = words.toString();
  history.replaceState(null, "", text ? `#${text}` : location.href.split("#")[0]);
};

const speak = (chinese) => {
  document.documentElement.lang = chinese ? "zh-Hans" : "en";
  for (const option of document.querySelectorAll("option[data-zh]")) option.textContent = chinese ? option.dataset.zh : option.dataset.en;
  // The language goes along to the site's other pages, in the part of an address that stays in the browser.
  for (const link of document.querySelectorAll('a[href$=".html"], a[href*=".html#"]')) {
    const [page, rest] = link.getAttribute("href").split("#");
    if (page.endsWith("scorecard.html")) continue;
    const words = new URLSearchParams(rest ?? "");
    if (chinese) words.set("lang", "zh");
    else words.delete("lang");
    link.setAttribute("href", words.size ? `${page}#${words}` : page);
  }
};
const isChinese = () => byId("lang-zh").checked;
for (const name of ["lang-en", "lang-zh"]) {
  byId(name).addEventListener("change", () => {
    const words = state.read();
    if (isChinese()) words.set("lang", "zh");
    else words.delete("lang");
    state.write(words);
    speak(isChinese());
  });
}
const settle = () => {
  byId(state.read().get("lang") === "zh" ? "lang-zh" : "lang-en").checked = true;
  speak(isChinese());
};
settle();

// A script of the site that brings data; it calls window.suiteSite.
window.suiteSite = {};
const bring = (address) =>
  new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = () => reject(new Error(address));
    document.head.append(script);
  });

const written = (value, percent) => {
  const number = percent ? 100 * value : value;
  if (number === 0) return "0";
  const digits = Math.max(0, Math.min(6, 3 - Math.floor(Math.log10(Math.abs(number)))));
  return number.toLocaleString("en", { minimumFractionDigits: Number.isInteger(number) ? 0 : digits, maximumFractionDigits: digits });
};
