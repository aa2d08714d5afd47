// One message as a bubble. `hands` is what the phone can do with it.

import { clock, full, moment } from "/page/dates.js";
import { el, iconButton, ticks } from "/page/element.js";
import { dress, plain } from "/page/richtext.js";

const EMPTY = [];

export function drawService(message) {
  return el("div", { class: "pill", dataset: { id: message.id } }, message.service === true ? message.text : String(message.service));
}

export function drawMessage(message, { follows, inGroup, fresh, hands }) {
  const node = el("article", {
    class: ["message", message.mine && "mine", follows && "follows", fresh && "new", widened(message) && "wide"].filter(Boolean).join(" "),
    tabindex: "-1",
    dataset: { id: message.id },
    "aria-label": spokenLabel(message),
  });
  node.append(drawBubble(message, { follows, inGroup, hands }));
  if (message.buttons?.length) node.append(drawKeys(message, hands));
  const more = iconButton("more", "What to do with this message", { class: "more", tabindex: "-1" });
  more.addEventListener("click", () => hands.menu(message, more));
  node.append(more);
  // A long press on glass, or the other mouse button.
  node.addEventListener("contextmenu", (event) => {
    if (event.target.closest("a") || String(getSelection())) return;
    event.preventDefault();
    hands.menu(message, more);
  });
  node.addEventListener("dblclick", (event) => {
    if (event.target.closest("button, a, .tg-spoiler")) return;
    getSelection()?.removeAllRanges();
    if (message.mine && message.text) hands.edit(message); else hands.reply(message);
  });
  return node;
}

const widened = (message) => Boolean(message.photo || message.buttons?.length || message.poll);

function spokenLabel(message) {
  const when = moment(message.date);
  return `${message.mine ? "You" : message.from?.name ?? "Message"}${when ? `, ${clock(when)}` : ""}`;
}

function drawBubble(message, { follows, inGroup, hands }) {
  const bubble = el("div", { class: "bubble" });
  if (inGroup && !message.mine && !follows) bubble.append(el("span", { class: "who" }, message.from?.name ?? ""));
  if (message.thread) bubble.append(el("span", { class: "thread" }, topicName(message.thread)));
  const quoted = message.reply_to && hands.find(message.reply_to);
  if (quoted) bubble.append(drawQuote(quoted, hands));
  if (message.photo) bubble.append(drawPhoto(message, hands));
  if (message.document) bubble.append(drawFile(message.document));
  if (message.poll) bubble.append(drawPoll(message, hands));
  else if (message.html || message.text) bubble.append(drawText(message, hands));
  bubble.append(drawMeta(message));
  const faces = Object.entries(message.reactions ?? {}).filter(([, count]) => count > 0);
  if (faces.length) bubble.append(drawFaces(message, faces, hands));
  return bubble;
}

const topicName = (thread) => (typeof thread === "object" ? thread.name ?? thread.title ?? `Topic ${thread.id}` : `# ${thread}`);

function drawText(message, hands) {
  const text = el("div", { class: "text", dir: "auto" });
  const start = message.mine && /^(\/start) [\w-]+$/.exec(message.text);
  if (start) {
    text.textContent = start[1]; // as in Telegram: the word a link carries is sent, not shown
    text.title = message.text;
  } else if (message.html) {
    text.innerHTML = message.html; // the only place where markup comes in: the server made it safe
    dress(text, hands);
  } else {
    text.textContent = message.text;
  }
  return text;
}

function drawMeta(message) {
  const when = moment(message.date);
  const meta = el("span", { class: "meta", title: when ? full(when) : null });
  // As in Telegram, a card whose buttons edit it is not called edited.
  if (message.edited && !message.buttons?.length) meta.append(el("span", {}, "edited"));
  if (when) meta.append(el("time", { datetime: when.toISOString() }, clock(when)));
  if (message.mine) meta.append(ticks());
  return meta;
}

function drawQuote(quoted, hands) {
  return el("button", { type: "button", class: "about", "aria-label": "Go to the message this answers", onclick: () => hands.show(quoted.id) },
    el("b", {}, quoted.mine ? "You" : quoted.from?.name ?? ""),
    el("span", {}, plain(quoted).slice(0, 90)));
}

function drawPhoto(message, hands) {
  const alt = plain(message, "") || "Picture";
  return el("button", { type: "button", class: "shot", "aria-label": "Enlarge the picture", onclick: () => hands.enlarge(message.photo, alt) },
    el("img", { src: message.photo, alt, loading: "lazy", onload: hands.settled }));
}

function drawFile(file) {
  const name = file.name ?? file.file_name ?? "file";
  const size = file.size ?? file.file_size;
  const ending = name.includes(".") ? name.split(".").pop().slice(0, 4) : "file";
  return el("a", { class: "file", href: file.url ?? "#", download: name },
    el("i", {}, ending),
    el("span", {}, el("b", {}, name), size ? el("small", {}, bytes(size)) : null));
}

const bytes = (size) => (size < 1024 ? `${size} bytes` : size < 1_048_576 ? `${Math.round(size / 1024)} kB` : `${(size / 1_048_576).toFixed(1)} MB`);

function drawKeys(message, hands) {
  const keys = el("div", { class: "keys", role: "group", "aria-label": "Buttons" });
  for (const row of message.buttons) {
    keys.append(el("div", {}, ...row.map((button) => drawKey(message, button, hands))));
  }
  return keys;
}

function drawKey(message, button, hands) {
  const key = el("button", {
    type: "button",
    class: button.url ? "key out" : "key",
    dataset: { data: button.data ?? button.url ?? button.text },
    "aria-busy": hands.isBusy(message, button) ? "true" : null,
  }, button.text);
  key.addEventListener("click", () => hands.tap(message, button));
  return key;
}

function drawFaces(message, faces, hands) {
  return el("div", { class: "faces-under" }, ...faces.map(([face, count]) =>
    el("button", { type: "button", "aria-label": `${face}, ${count}`, onclick: () => hands.react(message, face) }, `${face} ${count}`)));
}

function drawPoll(message, hands) {
  const poll = message.poll;
  const options = poll.options ?? EMPTY;
  const total = poll.total_voter_count ?? poll.total ?? 0;
  const chosen = new Set(poll.mine ?? poll.chosen ?? options.flatMap((option, at) => (option.mine || option.chosen ? [at] : [])));
  const voted = chosen.size > 0 || Boolean(poll.is_closed ?? poll.closed);
  const many = Boolean(poll.allows_multiple_answers ?? poll.multiple);
  const kind = `${(poll.is_anonymous ?? true) ? "Anonymous poll" : "Poll"}${many ? ", several answers" : ""}`;
  const box = el("div", { class: "poll" }, el("h4", { dir: "auto" }, poll.question ?? ""), el("p", {}, kind));
  options.forEach((option, at) => box.append(drawChoice({ message, option, at, chosen, voted, many, total, hands })));
  const word = total === 1 ? "vote" : "votes";
  box.append(el("p", {}, poll.is_closed ? `Closed, ${total} ${word}` : `${total} ${word}`));
  return box;
}

function drawChoice({ message, option, at, chosen, voted, many, total, hands }) {
  const votes = option.voter_count ?? option.votes ?? 0;
  const share = total ? votes / total : 0;
  const choice = el("button", { type: "button", class: many ? "choice many" : "choice", "aria-pressed": String(chosen.has(at)) },
    el("i", { "aria-hidden": "true" }),
    el("span", { dir: "auto" }, option.text ?? String(option)),
    voted ? el("b", {}, `${Math.round(share * 100)} %`) : null);
  if (voted) choice.style.setProperty("--share", share);
  choice.addEventListener("click", () => hands.vote(message, nextVote(chosen, at, many)));
  return choice;
}

function nextVote(chosen, at, many) {
  if (!many) return chosen.has(at) ? [] : [at];
  const next = new Set(chosen);
  if (!next.delete(at)) next.add(at);
  return [...next].sort((one, other) => one - other);
}
