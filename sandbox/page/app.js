// Which phones stand here, the tabs between them, and one line to the sandbox for all.

import * as api from "/page/api.js";
import { el } from "/page/element.js";
import { listen } from "/page/live.js";
import { Phone } from "/page/phone.js";
import { Strip } from "/page/strip.js";

const UNASKED = 4;
const room = document.getElementById("phones");
const tabs = document.getElementById("tabs");
const narrow = matchMedia("(width <= 700px)");
const phones = [];

/** `?phones=12,15:-100,…&titles=…` or else what the strip says, or else the first few. */
async function wanted(told) {
  const query = new URLSearchParams(location.search);
  const titles = (query.get("titles") ?? "").split(",").map((title) => title.trim());
  const asked = (query.get("phones") ?? "").split(",").map((item) => item.trim()).filter(Boolean);
  if (asked.length) {
    return asked.map((item, at) => {
      const [user, chat] = item.split(":").map(Number);
      const named = told.phones?.find((one) => one.user === user && (chat === undefined || one.chat === chat));
      return { user, chat: chat ?? null, caption: titles[at] || named?.caption || null };
    }).filter(({ user }) => Number.isSafeInteger(user));
  }
  if (told.phones?.length) return told.phones.map(({ user, chat, caption }) => ({ user, chat: chat ?? null, caption: caption ?? null }));
  const everyone = await api.phones();
  return everyone.slice(0, UNASKED).map(({ user }) => ({ user: user.id, chat: null, caption: null }));
}

function build(items) {
  for (const item of items) {
    const phone = new Phone({ ...item, onUnread: labelTab });
    const tab = el("button", { type: "button", class: "tab", onclick: () => bring(phone) });
    phones.push(phone);
    phone.tab = tab;
    room.append(phone.node);
    tabs.append(tab);
    labelTab(phone, 0);
  }
  if (!phones.length) room.append(empty());
  if (phones.length) mark(phones[0]);
  fitTabs();
}

function empty() {
  const name = el("input", { type: "text", name: "name", required: true, maxlength: 40, "aria-label": "First name" });
  const give = el("button", { type: "submit", class: "wish" }, "Give them a phone");
  const form = el("form", { class: "give" }, name, give);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await api.addUser(name.value.trim() || "Ada");
    location.reload();
  });
  const how = "Nobody has a phone here yet. Whose shall it be? An invite link opens from the phone's menu.";
  return el("div", { class: "empty" }, el("p", {}, how), form);
}

function labelTab(phone, unread) {
  if (!phone.tab) return;
  const sign = `${phone.name} ${unread}`;
  if (phone.tab.dataset.sign === sign) return;
  phone.tab.dataset.sign = sign;
  phone.tab.replaceChildren(phone.name, ...(unread ? [el("span", { class: "badge" }, String(unread), el("span", { class: "visually-hidden" }, " unread"))] : []));
  fitTabs();
}

function mark(phone) {
  for (const one of phones) {
    one.tab.setAttribute("aria-current", String(one === phone));
    one.node.classList.toggle("current", one === phone);
  }
}

function bring(phone) {
  mark(phone);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  phone.node.scrollIntoView({ inline: "center", block: "nearest", behavior: calm ? "instant" : "smooth" });
  if (narrow.matches) phone.log.toBottom();
  if (phone.data) phone.draw();
}

function fitTabs() {
  const over = room.scrollWidth > room.clientWidth + 2;
  tabs.classList.toggle("needed", phones.length > 1 && (narrow.matches || over));
}

function watchTabs() {
  new ResizeObserver(fitTabs).observe(room);
  room.addEventListener("scroll", () => {
    if (narrow.matches) return;
    const middle = room.scrollLeft + room.clientWidth / 2;
    const off = (phone) => Math.abs(phone.node.offsetLeft + phone.node.offsetWidth / 2 - middle);
    mark([...phones].sort((one, other) => off(one) - off(other))[0] ?? phones[0]);
  }, { passive: true });
}

function told(event, strip) {
  if (event.type === "strip") {
    const { type, strip: inner, ...rest } = event;
    strip.show(inner ?? rest);
    if (!phones.length && strip.told.phones?.length) location.reload();
    return;
  }
  if (!phones.length && (event.type === "changed" || event.type === "people")) location.reload();
  for (const phone of phones) if (event.user === undefined || event.user === phone.user) phone.told(event);
}

async function open() {
  const strip = new Strip({ onTime: () => { for (const phone of phones) if (phone.data) phone.draw(); } });
  build(await wanted(await strip.load()));
  await Promise.all(phones.map((phone) => phone.load()));
  watchTabs();
  document.addEventListener("visibilitychange", () => { for (const phone of phones) phone.read(); });
  listen({
    onEvent: (event) => told(event, strip),
    onState: ({ connected, again }) => {
      strip.connection(connected);
      if (!connected) return;
      // Whatever was said before the line stood was said to nobody here.
      strip.load();
      if (again) for (const phone of phones) phone.forgetTaps();
      for (const phone of phones) phone.refresh();
    },
  });
}

open().catch((error) => { document.getElementById("strip-text").textContent = `The sandbox could not be reached: ${error.message}`; });
