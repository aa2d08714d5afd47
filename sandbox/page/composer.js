// The foot of a chat: writing, the commands menu, starting, unblocking, starting again.

import { el, iconButton } from "/page/element.js";
import { menu } from "/page/overlays.js";
import { plain } from "/page/richtext.js";

const LARGEST_FILE = 8_000_000;

export class Composer {
  /** `on` holds what the phone does: send, save, start, unblock, restart, file. */
  constructor({ screen, on }) {
    this.screen = screen;
    this.on = on;
    this.mode = null; // null, or {kind: "reply" | "edit", message}
    this.asked = null;
    this.commands = [];
    this.shown = "";
    this.field = el("textarea", { rows: 1, placeholder: "Message", "aria-label": "Write a message", enterkeyhint: "send" });
    this.field.addEventListener("input", () => this.fit());
    this.field.addEventListener("keydown", (event) => this.keyed(event));
    this.field.addEventListener("paste", (event) => this.pasted(event));
    this.slash = el("button", { type: "button", class: "icon slash", "aria-label": "Commands", title: "Commands", "aria-haspopup": "menu", onclick: () => this.offer() }, el("span", { "aria-hidden": "true" }, "/"));
    this.file = el("input", { type: "file", hidden: true, "aria-hidden": "true", tabindex: "-1", onchange: () => this.chosen() });
    this.clip = iconButton("clip", "Send a picture or a file", { onclick: () => this.file.click() });
    this.submit = iconButton("send", "Send", { class: "send" });
    this.submit.type = "submit";
    this.context = el("div", { class: "context", hidden: true });
    this.form = el("form", { class: "writing" }, this.slash, this.field, this.clip, this.submit, this.file);
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.go(); });
    this.node = el("footer", { class: "composer" });
    this.keyboard = el("div", { class: "keys", hidden: true });
    this.fit();
  }

  /** Draws what this chat allows: starting, unblocking or writing. */
  show({ chat, phone }) {
    this.commands = chat.commands ?? [];
    this.slash.hidden = this.commands.length === 0;
    this.clip.hidden = chat.type !== "private";
    const what = this.kind(chat, phone);
    if (what !== this.shown) this.redraw(what);
    if (chat.force_reply && chat.force_reply !== this.asked) {
      this.asked = chat.force_reply;
      const message = chat.messages.find((one) => one.id === chat.force_reply);
      if (message) this.reply(message, { focus: document.activeElement === this.field });
    }
    this.drawKeyboard(chat.keyboard ?? chat.reply_keyboard);
  }

  kind(chat, phone) {
    if (chat.type !== "private") return "write";
    if (phone.blocked) return "blocked";
    return chat.can_start ? "start" : "write";
  }

  redraw(what) {
    const held = this.node.contains(document.activeElement);
    this.shown = what;
    if (what === "start") this.node.replaceChildren(el("button", { type: "button", class: "big", onclick: () => this.on.start("") }, "Start"));
    else if (what === "blocked") this.node.replaceChildren(el("button", { type: "button", class: "big", onclick: () => this.on.restart() }, "Restart bot"), el("button", { type: "button", class: "big quiet", onclick: () => this.on.unblock() }, "Unblock"));
    else this.node.replaceChildren(this.context, this.form, this.keyboard);
    if (held) (what === "write" ? this.field : this.node.querySelector("button")).focus({ preventScroll: true });
  }

  drawKeyboard(rows) {
    const sign = JSON.stringify(rows ?? null);
    if (sign === this.keyboard.dataset.sign) return;
    this.keyboard.dataset.sign = sign;
    const list = Array.isArray(rows) ? rows : rows?.keyboard ?? [];
    this.keyboard.hidden = list.length === 0;
    this.keyboard.replaceChildren(...list.map((row) => el("div", {}, ...row.map((key) => {
      const text = typeof key === "string" ? key : key.text;
      return el("button", { type: "button", class: "key", onclick: () => this.on.send({ text }) }, text);
    }))));
  }

  reply(message, { focus = true } = {}) { this.enter({ kind: "reply", message }, { focus }); }

  edit(message) {
    this.field.value = message.text;
    this.enter({ kind: "edit", message }, { focus: true });
  }

  enter(mode, { focus }) {
    this.mode = mode;
    const title = mode.kind === "edit" ? "Edit your message" : `Reply to ${mode.message.mine ? "yourself" : mode.message.from?.name ?? "this"}`;
    this.context.replaceChildren(
      el("span", { class: "quoted" }, el("b", {}, title), el("span", {}, plain(mode.message).slice(0, 90))),
      iconButton("close", mode.kind === "edit" ? "Stop editing" : "Do not reply", { onclick: () => this.leave() }));
    this.context.hidden = false;
    this.fit();
    if (focus) this.field.focus();
  }

  leave() {
    if (this.mode?.kind === "edit") this.field.value = "";
    this.mode = null;
    this.context.hidden = true;
    this.fit();
    this.field.focus();
  }

  keyed(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); this.go(); }
    else if (event.key === "Escape" && this.mode) { event.stopPropagation(); this.leave(); }
    else if (event.key === "ArrowUp" && this.field.value === "" && !this.mode) this.on.editLast(event);
  }

  fit() {
    this.submit.disabled = this.field.value.trim() === "";
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, 132)}px`;
  }

  /** Sends what is written; what could not be sent comes back into the field. */
  async go() {
    const text = this.field.value;
    if (text.trim() === "") return;
    const mode = this.mode;
    this.field.value = "";
    this.mode = null;
    this.context.hidden = true;
    this.fit();
    const done = mode?.kind === "edit"
      ? await this.on.save(mode.message, text)
      : await this.on.send({ text, ...(mode ? { reply_to: mode.message.id } : {}) });
    if (!done && this.field.value === "") {
      this.field.value = text;
      if (mode) this.enter(mode, { focus: false });
      this.fit();
    }
  }

  offer() {
    menu(this.screen, this.slash, {
      label: "Commands",
      items: this.commands.map((one) => ({
        label: `/${one.command.replace(/^\//, "")}`,
        hint: one.description,
        run: () => this.on.send({ text: `/${one.command.replace(/^\//, "")}` }),
      })),
    });
  }

  chosen() {
    const file = this.file.files?.[0];
    this.file.value = "";
    if (file) this.sendFile(file);
  }

  pasted(event) {
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (!file) return;
    event.preventDefault();
    this.sendFile(file);
  }

  async sendFile(file) {
    if (file.size > LARGEST_FILE) { this.on.say("That file is larger than 8 MB."); return; }
    const data = new Uint8Array(await file.arrayBuffer());
    let text = "";
    for (let at = 0; at < data.length; at += 32_768) text += String.fromCharCode(...data.subarray(at, at + 32_768));
    const caption = this.field.value.trim();
    this.field.value = "";
    this.fit();
    const kind = file.type.startsWith("image/") ? "photo" : "document";
    await this.on.file(kind, { name: file.name || "picture.png", base64: btoa(text), ...(caption ? { caption } : {}) });
  }
}
