// The strip on top: what is happening, what day it is, and moving on.

import * as api from "/page/api.js";
import { full, presentInWords, setPresent, setZone } from "/page/dates.js";
import { el } from "/page/element.js";

const byId = (id) => document.getElementById(id);

export class Strip {
  constructor({ onTime }) {
    this.onTime = onTime;
    this.asking = false;
    this.told = {};
    for (const button of document.querySelectorAll(".wish")) button.addEventListener("click", () => this.wish(button.dataset.advance));
  }

  async load() {
    try { this.show((await api.strip()) ?? {}); } catch (error) { this.write(error.message); }
    return this.told;
  }

  show(told) {
    this.told = told;
    if (told.timezone) setZone(told.timezone);
    setPresent(told);
    byId("strip-time").textContent = presentInWords() ?? told.time ?? full(new Date());
    this.write(told.text || "A local Telegram. Nothing here leaves this machine.", told.link);
    this.draw();
    this.onTime();
  }

  write(text, link) {
    const line = byId("strip-text");
    const sign = `${text} ${link ?? ""}`;
    if (line.dataset.sign === sign) return;
    line.dataset.sign = sign;
    const url = typeof link === "object" ? link?.url : link;
    const safe = url && /^https?:/i.test(url) ? url : null;
    line.replaceChildren(text, ...(safe ? [" ", el("a", { href: safe, target: "_blank", rel: "noopener" }, link.text ?? "More")] : []));
  }

  draw() {
    const busy = Boolean(this.told.busy) || this.asking;
    for (const button of document.querySelectorAll(".wish")) {
      button.setAttribute("aria-disabled", String(busy));
      button.disabled = busy && document.activeElement !== button;
      button.hidden = this.told.wishes === false;
    }
    const bar = byId("strip-progress");
    bar.hidden = !busy;
    const part = Number(this.told.progress);
    const measured = Number.isFinite(part) && part > 0 && this.told.progress !== null;
    bar.classList.toggle("measured", measured);
    if (measured) { bar.style.setProperty("--done", `${Math.min(part, 1) * 100}%`); bar.setAttribute("aria-valuenow", Math.round(part * 100)); }
    else { bar.style.removeProperty("--done"); bar.removeAttribute("aria-valuenow"); }
  }

  async wish(advance) {
    if (this.asking || this.told.busy) return;
    this.asking = true;
    this.draw();
    try { await api.wish(advance); } catch (error) { this.write(error.message); }
    // The conductor says "busy" itself; until it has, a second press must not count.
    setTimeout(() => { this.asking = false; this.draw(); }, 700);
  }

  connection(connected) { byId("connection").hidden = connected; }
}
