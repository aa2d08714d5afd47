// Formatted text: links that stay inside, commands one can tap, spoilers, folded quotes.

import { el } from "/page/element.js";

export function deepLink(url, bot) {
  let link = null;
  try { link = new URL(url); } catch { return null; }
  if (!["http:", "https:", "tg:"].includes(link.protocol)) return null;
  const inside = link.protocol === "tg:" ? link.searchParams.get("domain") : link.pathname.replaceAll("/", "");
  if (link.protocol !== "tg:" && !["t.me", "telegram.me"].includes(link.host)) return null;
  if (bot && inside && inside.toLowerCase() !== bot.toLowerCase()) return null;
  if (link.searchParams.has("startgroup")) return { group: true, payload: link.searchParams.get("startgroup") };
  return link.searchParams.has("start") ? { payload: link.searchParams.get("start") } : null;
}

export const mayOpen = (url) => /^(https?|mailto|tel):/i.test(url);

/** Gives life to markup the server made safe; adds no markup of its own. */
export function dress(root, hands) {
  join(root);
  for (const link of root.querySelectorAll("a[href]")) {
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    link.addEventListener("click", (event) => {
      event.preventDefault();
      hands.follow(link.getAttribute("href"));
    });
  }
  for (const spoiler of root.querySelectorAll(".tg-spoiler, tg-spoiler, .spoiler")) hide(spoiler);
  for (const quote of root.querySelectorAll("blockquote[expandable], blockquote.expandable")) fold(quote);
  offerCommands(root, hands);
}

function hide(spoiler) {
  spoiler.classList.add("tg-spoiler");
  spoiler.setAttribute("role", "button");
  spoiler.setAttribute("tabindex", "0");
  spoiler.setAttribute("aria-label", "Hidden text; press to show");
  const show = () => {
    spoiler.classList.add("seen");
    for (const name of ["role", "tabindex", "aria-label"]) spoiler.removeAttribute(name);
  };
  spoiler.addEventListener("click", show);
  spoiler.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); show(); }
  });
}

function fold(quote) {
  quote.classList.add("shut");
  quote.addEventListener("click", () => quote.classList.toggle("shut"));
}

function offerCommands(root, hands) {
  for (const span of root.querySelectorAll("span.command")) {
    const said = span.dataset.command ?? span.textContent;
    const button = el("button", { type: "button", class: "command", onclick: () => hands.say(said) });
    button.append(...span.childNodes);
    span.replaceWith(button);
  }
}

/** The server writes a span piece by piece wherever formats overlap; blocks and spoilers belong together. */
function join(root) {
  for (const piece of root.querySelectorAll("blockquote, pre, .spoiler")) {
    let next = piece.nextSibling;
    while (root.contains(piece) && next?.nodeType === Node.ELEMENT_NODE && next.tagName === piece.tagName && next.className === piece.className) {
      piece.append(...next.childNodes);
      next.remove();
      next = piece.nextSibling;
    }
  }
}

/** A message in one plain line, for quotes and lists. */
export function plain(message, otherwise = null) {
  if (message.text) return message.text.replaceAll(/\s+/g, " ");
  if (otherwise !== null) return otherwise;
  if (message.service) return String(message.service);
  if (message.photo) return "Picture";
  if (message.poll) return `Poll: ${message.poll.question ?? ""}`;
  if (message.document) return message.document.name ?? message.document.file_name ?? "File";
  return "Message";
}
