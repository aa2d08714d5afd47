// The messages of one chat: draws only what changed, keeps the place one is reading.

import { drawMessage, drawService } from "/page/bubble.js";
import { dayKey, dayName, moment } from "/page/dates.js";
import { el, iconButton } from "/page/element.js";

const NEAR = 70;
const KEEP = 400;
const PAUSE = 8 * 60_000;

export class Log {
  constructor({ hands, onBottom }) {
    this.hands = hands;
    this.onBottom = onBottom;
    this.drawn = new Map();
    this.chat = null;
    this.freshFrom = null;
    this.room = el("div", { class: "room" });
    this.box = el("div", { class: "log", role: "log", "aria-live": "polite", "aria-relevant": "additions text", tabindex: "0" }, this.room);
    this.jump = iconButton("down", "Go to the newest message", { class: "jump", hidden: true, onclick: () => this.toBottom({ smooth: true }) });
    this.node = el("div", { class: "talk" }, this.box, this.jump);
    this.box.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.box.addEventListener("keydown", (event) => this.keyed(event));
    this.stuck = true;
    this.top = 0;
    const grown = new ResizeObserver(() => this.settled());
    grown.observe(this.box);
    grown.observe(this.room);
  }

  /** Shows a chat as it now stands. */
  show(chat) {
    const other = this.chat !== chat.id;
    if (other) this.enter(chat);
    else this.measure(); // a scroll may not have been reported yet
    const focus = this.focused();
    const wanted = this.wanted(chat, { first: other });
    this.replace(wanted);
    this.jumpBadge(chat.unread);
    if (focus) this.refocus(focus);
    if (other || this.stuck) this.toBottom();
  }

  enter(chat) {
    this.chat = chat.id;
    this.drawn.clear();
    this.room.replaceChildren();
    this.stuck = true;
    this.box.setAttribute("aria-label", `Messages: ${chat.title}`);
    const theirs = chat.messages.filter((message) => !message.mine && !message.service);
    this.freshFrom = chat.unread > 0 && chat.unread < theirs.length ? theirs.at(-chat.unread)?.id ?? null : null;
  }

  wanted(chat, { first }) {
    const nodes = [];
    let previous = null;
    for (const message of chat.messages.slice(-KEEP)) {
      const when = moment(message.date);
      const sameDay = previous && when && dayKey(previous.when) === dayKey(when);
      if (when && !sameDay) nodes.push(this.once(`day ${dayKey(when)}`, dayName(when), () => el("div", { class: "day" }, dayName(when))));
      if (message.id === this.freshFrom) nodes.push(this.once("fresh", "", () => el("div", { class: "fresh" }, "Unread messages")));
      const follows = Boolean(sameDay && !previous.message.service && previous.message.from?.id === message.from?.id && when - previous.when < PAUSE);
      nodes.push(this.draw(message, { follows, inGroup: chat.type !== "private", fresh: !first }));
      previous = { message, when: when ?? previous?.when ?? new Date(0) };
    }
    if (nodes.length === 0) nodes.push(this.once("nothing", "", () => el("p", { class: "nothing" }, "Nothing has been said here yet.")));
    return nodes;
  }

  draw(message, look) {
    const quoted = message.reply_to ? JSON.stringify(this.hands.find(message.reply_to)?.text ?? "") : "";
    const sign = JSON.stringify(message) + look.follows + quoted;
    return this.once(`message ${message.id}`, sign, (before) => {
      if (message.service) return drawService(message);
      return drawMessage(message, { ...look, fresh: look.fresh && !before, hands: this.hands });
    });
  }

  once(key, sign, make) {
    const before = this.drawn.get(key);
    if (before?.sign === sign) { before.used = true; return before.node; }
    const node = make(before);
    this.drawn.set(key, { sign, node, used: true });
    return node;
  }

  /** Puts the nodes in place, touching only those that differ. */
  replace(nodes) {
    const wanted = new Set(nodes);
    for (const [key, { node }] of this.drawn) if (!wanted.has(node)) this.drawn.delete(key);
    for (const child of [...this.room.children]) if (!wanted.has(child)) child.remove();
    let at = this.room.firstElementChild;
    for (const node of nodes) {
      if (node === at) at = at.nextElementSibling;
      else this.room.insertBefore(node, at);
    }
  }

  focused() {
    const active = document.activeElement;
    if (!this.room.contains(active)) return null;
    const message = active.closest(".message");
    if (!message) return null;
    return { active, id: message.dataset.id, data: active.dataset.data, index: [...message.querySelectorAll(".key")].indexOf(active) };
  }

  /** A card that changes under one's fingers keeps them: same button, else the first, else the message. */
  refocus({ active, id, data, index }) {
    if (active.isConnected) return;
    const message = this.room.querySelector(`.message[data-id="${CSS.escape(id)}"]`);
    if (!message) { this.box.focus({ preventScroll: true }); return; }
    const keys = [...message.querySelectorAll(".key")];
    const same = keys.find((key) => data !== undefined && key.dataset.data === data);
    const next = index < 0 ? message : same ?? keys[0] ?? message;
    next.focus({ preventScroll: true });
  }

  measure() {
    // Only going up lets go of the end; growing pictures do not.
    const near = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < NEAR;
    if (near) this.stuck = true;
    else if (this.box.scrollTop < this.top - 1) this.stuck = false;
    this.top = this.box.scrollTop;
  }

  scrolled() {
    this.measure();
    this.jump.hidden = this.stuck;
    if (this.stuck) this.onBottom();
  }

  toBottom({ smooth = false } = {}) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.box.scrollTo({ top: this.box.scrollHeight, behavior: smooth && !calm ? "smooth" : "instant" });
  }

  settled() { if (this.stuck) this.toBottom(); }

  jumpBadge(count) {
    this.jump.querySelector(".badge")?.remove();
    if (count > 0) this.jump.append(el("span", { class: "badge" }, String(count)));
    this.jump.hidden = this.stuck;
  }

  find(id) { return this.room.querySelector(`.message[data-id="${CSS.escape(String(id))}"]`); }

  flash(id) {
    const node = this.find(id);
    if (!node) return;
    node.scrollIntoView({ block: "center" });
    node.classList.remove("flash");
    requestAnimationFrame(() => node.classList.add("flash"));
  }

  keyed(event) {
    const here = document.activeElement;
    const onMessage = here.classList?.contains("message");
    // A key held down must not answer the card that comes next.
    if (event.repeat && here.closest(".keys")) event.preventDefault();
    if (event.key === "Enter" && onMessage) {
      event.preventDefault();
      here.querySelector(":scope > .more").click();
    } else if ((event.key === "ArrowUp" || event.key === "ArrowDown") && (onMessage || here === this.box || here.closest(".message"))) {
      event.preventDefault();
      this.step(here.closest(".message"), event.key === "ArrowUp" ? -1 : 1);
    }
  }

  step(from, by) {
    const all = [...this.room.querySelectorAll(".message")];
    const at = from ? all.indexOf(from) + by : all.length - 1;
    const next = all[Math.max(0, Math.min(all.length - 1, at))];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }
}
