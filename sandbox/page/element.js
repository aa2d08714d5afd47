// Making elements. Text always goes in as text, never as markup.

export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "dataset") Object.assign(node.dataset, value);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "rows" || name === "disabled") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const DRAWINGS = {
  back: ["M15 5l-7 7 7 7"],
  more: ["M12 5.5v.01", "M12 12v.01", "M12 18.5v.01"],
  send: ["M12 19V6", "M6 11.5 12 5.5l6 6"],
  down: ["M6 9.5l6 6 6-6"],
  close: ["M6 6l12 12", "M18 6 6 18"],
  clip: ["M19.5 11.5 12 19a4.6 4.6 0 0 1-6.5-6.5l7.8-7.8a3.1 3.1 0 0 1 4.4 4.4l-7.7 7.7a1.5 1.5 0 0 1-2.2-2.2l6.9-6.9"],
  done: ["M5 12.5l4.5 4.5L19 7.5"],
};

const SVG = "http://www.w3.org/2000/svg";

export function drawing(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  for (const line of DRAWINGS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", line);
    svg.append(path);
  }
  return svg;
}

/** Two ticks, or one: delivered and read, as far as a sandbox can say. */
export function ticks() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 15 10");
  svg.setAttribute("aria-hidden", "true");
  for (const line of ["M1 5.5 4 8.5 9.5 1.8", "M7 8.1l.6.4L13.3 1.8"]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", line);
    svg.append(path);
  }
  return svg;
}

export function statusSigns() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 44 12");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", "M0 8h3v4H0zM4.5 5.5h3V12h-3zM9 3h3v9H9zM13.5 0h3v12h-3zM22 1.5h17a2 2 0 0 1 2 2v5a2 2 0 0 1-2 2H22a2 2 0 0 1-2-2v-5a2 2 0 0 1 2-2zm.5 1.7v5.6h13V3.2zM42 4.5h1.5v3H42z");
  svg.append(path);
  return svg;
}

const TONES = [["#5aa9c9", "#2f7394"], ["#7bb07a", "#3f7d4a"], ["#c98b5a", "#99592c"], ["#a98bc9", "#6d4f96"], ["#c97a92", "#974460"], ["#6f93cf", "#3f5f9d"], ["#8a9a5b", "#5c6c30"]];

export function avatar(title, id) {
  const [from, to] = TONES[Math.abs(Number(id) || 0) % TONES.length];
  const letters = [...(title ?? "").matchAll(/(?:^|\s)(\p{L}|\p{N})/gu)].slice(0, 2).map((found) => found[1].toUpperCase()).join("");
  const node = el("span", { class: "avatar", "aria-hidden": "true" }, letters || "·");
  node.style.setProperty("--tone-a", from);
  node.style.setProperty("--tone-b", to);
  return node;
}

export const iconButton = (name, label, properties = {}) =>
  el("button", { type: "button", "aria-label": label, title: label, ...properties, class: `icon ${properties.class ?? ""}` }, drawing(name));
