// One phone: which chat is open, what the person does, what comes back.

import * as api from "/page/api.js";
import { Composer } from "/page/composer.js";
import { brief, clockNow, moment } from "/page/dates.js";
import { avatar, el, iconButton, statusSigns } from "/page/element.js";
import { coalesced } from "/page/live.js";
import { Log } from "/page/log.js";
import { alertBox, ask, enlarge, menu, toast } from "/page/overlays.js";
import { deepLink, mayOpen, plain } from "/page/richtext.js";

const FACES = ["👍", "❤️", "👏", "🙏", "🤔", "👎"];
const TAP_PATIENCE = 150_000;
const TYPING_LASTS = 5_300; // nobody is told when typing merely ends

export class Phone {
  constructor({ user, chat = null, caption = null, onUnread }) {
    this.user = user;
    this.chatId = chat;
    this.listed = false;
    this.data = null;
    this.busy = new Map(); // "chat message data" -> {callback, timer}
    this.onUnread = onUnread;
    this.caption = el("h2", { class: "caption" });
    this.givenCaption = caption;
    this.build();
    this.refresh = coalesced(() => this.load());
  }

  build() {
    this.time = el("span", {}, "");
    this.title = el("h2", {});
    this.subtitle = el("p", {});
    this.face = el("span", {});
    this.back = iconButton("back", "All chats", { onclick: () => this.list() });
    this.more = iconButton("more", "More about this chat", { "aria-haspopup": "menu", onclick: () => this.offer() });
    this.bar = el("header", { class: "bar" }, this.back, this.face, el("div", { class: "bar-title" }, this.title, this.subtitle), this.more);
    this.chats = el("ul", { class: "chats", "aria-label": "Chats", hidden: true });
    this.toasts = el("div", { class: "toasts", role: "status" });
    this.screen = el("div", { class: "screen", inert: true }); // until it is known what stands on it
    this.log = new Log({ hands: this.hands(), onBottom: () => this.read() });
    this.composer = new Composer({ screen: this.screen, on: this.writes() });
    this.screen.append(el("div", { class: "status", "aria-hidden": "true" }, this.time, statusSigns()),
      this.bar, this.chats, this.log.node, this.composer.node, this.toasts);
    this.node = el("section", { class: "phone", dataset: { user: this.user } }, this.caption, el("div", { class: "device" }, this.screen));
  }

  get chat() { return this.data?.chats.find((chat) => chat.id === this.chatId) ?? null; }
  get person() { return [this.data?.user.first_name, this.data?.user.last_name].filter(Boolean).join(" "); }
  get name() { return this.givenCaption ?? (this.person || `Phone ${this.user}`); }

  async load() {
    try {
      this.data = await api.phone(this.user);
    } catch (error) {
      this.say(error.message);
      return;
    }
    clearTimeout(this.lull);
    if (this.data.chats.some((chat) => chat.typing)) this.lull = setTimeout(this.refresh, TYPING_LASTS);
    if (!this.chat) this.chatId = this.data.chats.find((chat) => chat.type === "private")?.id ?? this.data.chats[0]?.id ?? null;
    this.draw();
  }

  draw() {
    this.screen.inert = false;
    this.caption.textContent = this.name;
    this.node.setAttribute("aria-label", `${this.name}: ${this.person}`);
    this.time.textContent = clockNow();
    const { chat } = this;
    const listing = this.listed || !chat;
    this.chats.hidden = !listing;
    this.log.node.hidden = listing;
    this.composer.node.hidden = listing;
    this.back.hidden = listing || this.data.chats.length < 2;
    this.badge();
    if (listing) { this.drawList(); return; }
    this.drawBar(chat);
    this.log.show(chat);
    this.composer.show({ chat, phone: this.data });
    this.read();
  }

  drawBar(chat) {
    this.title.textContent = chat.title;
    if (this.face.dataset.of !== `${chat.id}${chat.title}`) {
      this.face.replaceChildren(avatar(chat.title, chat.id));
      this.face.dataset.of = `${chat.id}${chat.title}`;
    }
    this.face.hidden = false;
    const sign = JSON.stringify([chat.typing, chat.type, chat.members, this.data.blocked]);
    if (sign === this.subtitle.dataset.sign) return;
    this.subtitle.dataset.sign = sign;
    this.subtitle.className = chat.typing ? "typing" : "";
    if (chat.typing) this.subtitle.replaceChildren(`${doing(chat.typing)} `, el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")));
    else this.subtitle.textContent = kindOf(chat, this.data);
  }

  drawList() {
    this.title.textContent = this.person;
    this.subtitle.textContent = "All chats";
    this.subtitle.className = "";
    this.subtitle.dataset.sign = "";
    this.face.hidden = true;
    const held = document.activeElement?.closest?.(".chats button")?.dataset.chat;
    this.chats.replaceChildren(...this.data.chats.map((chat) => el("li", {}, this.drawEntry(chat))));
    if (held) this.chats.querySelector(`[data-chat="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
  }

  drawEntry(chat) {
    const last = chat.messages.at(-1);
    const when = last && moment(last.date);
    const who = last && chat.type !== "private" && !last.service ? `${last.mine ? "You" : last.from?.name ?? ""}: ` : "";
    return el("button", { type: "button", dataset: { chat: chat.id }, onclick: () => this.open(chat.id) },
      avatar(chat.title, chat.id),
      el("span", { class: "what" },
        el("span", { class: "line" }, el("b", {}, chat.title), when ? el("time", {}, brief(when)) : null),
        el("span", { class: "line" }, el("span", { class: "last" }, last ? who + plain(last).slice(0, 80) : "Nothing said yet"),
          chat.unread ? el("span", { class: "badge", "aria-label": `${chat.unread} unread` }, String(chat.unread)) : null)));
  }

  badge() {
    const elsewhere = this.data.chats.filter((chat) => chat.id !== this.chatId || this.listed).reduce((sum, chat) => sum + (chat.unread ?? 0), 0);
    this.back.querySelector(".badge")?.remove();
    if (elsewhere) this.back.append(el("span", { class: "badge" }, String(elsewhere)));
    this.back.setAttribute("aria-label", elsewhere ? `All chats, ${elsewhere} unread elsewhere` : "All chats");
    this.onUnread(this, this.data.chats.reduce((sum, chat) => sum + (chat.unread ?? 0), 0));
  }

  list() {
    this.listed = true;
    this.draw();
    this.chats.querySelector("button")?.focus({ preventScroll: true });
  }

  open(id, { focus = true } = {}) {
    this.listed = false;
    this.chatId = id;
    this.draw();
    if (focus) this.log.box.focus({ preventScroll: true });
  }

  /** Whoever looks at the end of a chat has read it. */
  read() {
    const { chat } = this;
    const seen = chat && !this.listed && this.log.stuck && document.visibilityState === "visible" && this.node.offsetParent !== null;
    if (!seen || !chat.unread || this.reading) return;
    this.reading = true;
    api.act(this.user, "read", { chat_id: chat.id }).catch(() => null).finally(() => { this.reading = false; });
  }

  async do(verb, body = {}) {
    try {
      return (await api.act(this.user, verb, body)) ?? {};
    } catch (error) {
      this.say(error.message);
      return null;
    } finally {
      this.refresh();
    }
  }

  say(text) { toast(this.toasts, text); }

  told(event) {
    if (event.type === "changed") this.refresh();
    else if (event.type === "notice") this.notice(event);
    else if (event.type === "answered") this.answered(String(event.callback));
  }

  notice({ text, alert }) {
    if (!text) return;
    if (alert) alertBox(this.screen, { title: this.chat?.title ?? "Notice", text });
    else this.say(text);
  }

  async tap(message, button) {
    if (button.url) { this.follow(button.url); return; }
    if (button.data === undefined || button.data === null) { this.say("This kind of button works on a real phone only."); return; }
    const key = keyOf(this.chatId, message, button);
    if (this.busy.has(key)) return;
    const waits = { callback: null, timer: setTimeout(() => this.release(key), TAP_PATIENCE) };
    this.busy.set(key, waits);
    this.spin(message.id, button, true);
    this.early = new Set();
    const done = await this.do("tap", { chat_id: this.chatId, message_id: message.id, data: button.data });
    waits.callback = done ? String(done.id) : null;
    if (!done || this.early.has(waits.callback)) this.release(key);
  }

  answered(callback) {
    this.early?.add(callback); // the answer can be quicker than the tap's own receipt
    for (const [key, waits] of this.busy) if (waits.callback === callback) this.release(key);
  }

  release(key) {
    const waits = this.busy.get(key);
    if (!waits) return;
    clearTimeout(waits.timer);
    this.busy.delete(key);
    for (const node of this.log.room.querySelectorAll('.key[aria-busy="true"]')) {
      const id = node.closest(".message").dataset.id;
      if (`${this.chatId} ${id} ${node.dataset.data}` === key) node.removeAttribute("aria-busy");
    }
  }

  forgetTaps() { for (const key of [...this.busy.keys()]) this.release(key); }

  spin(id, button, on) {
    const key = [...this.log.find(id)?.querySelectorAll(".key") ?? []].find((node) => node.dataset.data === button.data);
    if (on) key?.setAttribute("aria-busy", "true");
  }

  /** Links into the bot open it here; others open a new tab. */
  async follow(url) {
    const link = deepLink(url, this.data?.bot?.username);
    if (link?.group) this.chooseGroup(link.payload);
    else if (link) {
      const home = this.data.chats.find((chat) => chat.type === "private");
      if (home && home.id !== this.chatId) this.open(home.id);
      await this.do("start", { payload: link.payload });
    } else if (mayOpen(url)) window.open(url, "_blank", "noopener,noreferrer");
    else this.say(`This opens nothing here: ${url}`);
  }

  chooseGroup(payload) {
    const enter = async (id) => { if (await this.do("startgroup", { chat_id: id, payload })) this.open(id); };
    const groups = this.data.chats.filter((chat) => chat.type !== "private");
    const items = groups.map((chat) => ({ label: chat.title, run: () => enter(chat.id) }));
    items.push({
      label: "New group",
      run: () => ask(this.screen, {
        title: "New group", text: "You alone are in it at first.", label: "Its name",
        onAnswer: async (title) => {
          const made = await api.addGroup(title, this.user);
          await this.load();
          enter(made.id);
        },
      }),
    });
    menu(this.screen, this.more, { label: "Which group?", items });
  }

  hands() {
    return {
      tap: (message, button) => this.tap(message, button),
      isBusy: (message, button) => this.busy.has(keyOf(this.chatId, message, button)),
      find: (id) => this.chat?.messages.find((message) => message.id === (id?.id ?? id)) ?? null,
      show: (id) => this.log.flash(id),
      enlarge,
      settled: () => this.log.settled(),
      follow: (url) => this.follow(url),
      say: (text) => this.do("send", { chat_id: this.chatId, text }),
      react: (message, face) => this.do("react", { chat_id: this.chatId, message_id: message.id, emoji: face }),
      vote: (message, options) => this.do("vote", { chat_id: this.chatId, message_id: message.id, options }),
      reply: (message) => { if (this.composer.shown === "write") this.composer.reply(message); },
      edit: (message) => this.composer.edit(message),
      menu: (message, anchor) => this.offerFor(message, anchor),
    };
  }

  writes() {
    return {
      send: (body) => { this.log.freshFrom = null; this.log.toBottom(); return this.do("send", { chat_id: this.chatId, ...body }); },
      save: (message, text) => this.do("edit", { chat_id: this.chatId, message_id: message.id, text }),
      start: (payload) => this.do("start", payload ? { payload } : {}),
      unblock: () => this.do("unblock"),
      restart: () => this.do("restart"),
      file: (kind, body) => this.do(kind, { chat_id: this.chatId, ...body }),
      say: (text) => this.say(text),
      editLast: (event) => {
        const last = this.chat?.messages.findLast((message) => message.mine && message.text && !message.service);
        if (last) { event.preventDefault(); this.composer.edit(last); }
      },
    };
  }

  offerFor(message, anchor) {
    const items = [];
    if (this.composer.shown === "write") items.push({ label: "Reply", run: () => this.composer.reply(message) });
    if (message.mine && message.text) items.push({ label: "Edit", run: () => this.composer.edit(message) });
    if (message.text) items.push({ label: "Copy the text", run: () => navigator.clipboard?.writeText(message.text) });
    menu(this.screen, anchor, { label: "Message", items, faces: FACES, onFace: (face) => this.hands().react(message, face) });
  }

  offer() {
    const items = [{
      label: "Open an invite link",
      hint: "paste a t.me link to start with it",
      run: () => ask(this.screen, {
        title: "Open an invite link", text: "Paste the link this person was sent.", label: "https://t.me/…?start=…",
        onAnswer: (url) => this.follow(url.includes("://") ? url : `https://${url}`),
      }),
    }];
    if (this.data.blocked) items.push({ label: "Unblock the bot", run: () => this.do("unblock") });
    else if (this.data.started) items.push({ label: "Block the bot", hint: "it can then send nothing to this phone", danger: true, run: () => this.do("block") });
    menu(this.screen, this.more, { label: "This phone", items });
  }
}

const keyOf = (chat, message, button) => `${chat} ${message.id} ${button.data}`;

function doing(action) {
  const known = { typing: "typing", upload_photo: "sending a picture", upload_document: "sending a file" };
  return known[action] ?? "typing";
}

function kindOf(chat, phone) {
  if (chat.type !== "private") return chat.members ? `${chat.members} members` : "group";
  return phone.blocked ? "bot, blocked by you" : "bot";
}
