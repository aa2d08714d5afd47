// What lies over a phone for a moment: menus, alerts, questions, notices, enlarged pictures.

import { el, iconButton } from "/page/element.js";

const TOAST = 3500;

function shade(screen, { dim, onClose }) {
  const before = document.activeElement;
  const cover = el("div", { class: dim ? "shade dim" : "shade" });
  const close = () => {
    if (!cover.isConnected) return;
    cover.remove();
    if (before?.isConnected) before.focus({ preventScroll: true });
    onClose?.();
  };
  cover.addEventListener("click", (event) => { if (event.target === cover) close(); });
  cover.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.stopPropagation(); close(); }
    if (event.key === "Tab") keepInside(cover, event);
  });
  screen.append(cover);
  return { cover, close };
}

function keepInside(cover, event) {
  const stops = [...cover.querySelectorAll("button, input, a[href]")];
  const first = stops[0];
  const last = stops.at(-1);
  if (event.shiftKey && document.activeElement === first) { event.preventDefault(); last.focus(); }
  else if (!event.shiftKey && document.activeElement === last) { event.preventDefault(); first.focus(); }
}

/** A small menu beside `anchor`. Items: {label, hint?, danger?, run}; faces: emoji to react with. */
export function menu(screen, anchor, { label, items, faces = [], onFace }) {
  const { cover, close } = shade(screen, { dim: false });
  const box = el("div", { class: "menu", role: "menu", "aria-label": label });
  if (faces.length) {
    box.append(el("div", { class: "faces" }, ...faces.map((face) =>
      el("button", { type: "button", role: "menuitem", "aria-label": `React with ${face}`, onclick: () => { close(); onFace(face); } }, face))));
  }
  for (const item of items) {
    box.append(el("button", { type: "button", role: "menuitem", class: item.danger ? "danger" : "", onclick: () => { close(); item.run(); } },
      item.label, item.hint ? el("small", {}, item.hint) : null));
  }
  cover.append(box);
  place(box, screen, anchor);
  box.addEventListener("keydown", (event) => rove(box, event));
  box.querySelector("button")?.focus({ preventScroll: true });
}

function rove(box, event) {
  const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const stops = [...box.querySelectorAll("button")];
  stops[(stops.indexOf(document.activeElement) + by + stops.length) % stops.length].focus();
}

function place(box, screen, anchor) {
  const room = screen.getBoundingClientRect();
  const spot = anchor.getBoundingClientRect();
  const size = box.getBoundingClientRect();
  const left = Math.min(Math.max(spot.left - room.left, 10), room.width - size.width - 10);
  const below = spot.bottom - room.top + 4;
  const top = below + size.height < room.height - 10 ? below : Math.max(10, spot.top - room.top - size.height - 4);
  box.style.left = `${left}px`;
  box.style.top = `${top}px`;
}

export function alertBox(screen, { title, text }) {
  const { cover, close } = shade(screen, { dim: true });
  const ok = el("button", { type: "button", class: "big", onclick: close }, "OK");
  cover.append(el("div", { class: "dialog", role: "alertdialog", "aria-modal": "true", "aria-label": title },
    el("h3", {}, title), el("p", {}, text), ok));
  ok.focus({ preventScroll: true });
}

/** Asks for one line of text; calls `onAnswer` unless it is dismissed. */
export function ask(screen, { title, text, label, onAnswer }) {
  const { cover, close } = shade(screen, { dim: true });
  const field = el("input", { type: "text", "aria-label": label, placeholder: label, autocomplete: "off", spellcheck: "false" });
  const form = el("form", { class: "dialog", role: "dialog", "aria-modal": "true", "aria-label": title },
    el("h3", {}, title), el("p", {}, text), field,
    el("div", { class: "row" }, el("button", { type: "button", class: "plain", onclick: close }, "Cancel"), el("button", { type: "submit", class: "big" }, "Open")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const answer = field.value.trim();
    if (!answer) return;
    close();
    onAnswer(answer);
  });
  cover.append(form);
  field.focus({ preventScroll: true });
}

export function toast(toasts, text) {
  const note = el("div", { class: "toast" }, text);
  toasts.append(note);
  while (toasts.children.length > 1) toasts.firstElementChild.remove();
  setTimeout(() => note.remove(), TOAST + Math.min(text.length * 35, 5000));
}

export function enlarge(url, alt) {
  const before = document.activeElement;
  const picture = el("dialog", { class: "picture", "aria-label": alt }, el("img", { src: url, alt }));
  const shut = iconButton("close", "Close the picture", { onclick: () => picture.close() });
  picture.append(shut);
  picture.addEventListener("click", (event) => { if (event.target.tagName !== "IMG") picture.close(); });
  picture.addEventListener("close", () => { picture.remove(); if (before?.isConnected) before.focus({ preventScroll: true }); });
  document.body.append(picture);
  picture.showModal();
  shut.focus();
}
