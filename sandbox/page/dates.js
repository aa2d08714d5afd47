// Dates as people read them, in the time zone the strip names (London unless it says otherwise).

let zone = "Europe/London";
let present = null;
let label = null;

export function setZone(name) {
  try { new Intl.DateTimeFormat("en-GB", { timeZone: name }); zone = name; } catch { /* an unknown zone changes nothing */ }
}

/** The calendar's own present, which may be far from the machine's. */
export function setPresent(told) {
  const words = /(\d{1,2} \p{L}+ \d{4})\D{0,4}(\d\d:\d\d)/u.exec(told?.time ?? "");
  present = moment(told?.now) ?? (/^\d{4}-\d\d-\d\dT/.test(told?.time ?? "") ? moment(told.time) : null);
  label = present ? null : words?.[2] ?? null;
  present ??= words ? moment(`${words[1]} ${words[2]} UTC`) : null;
}
export const now = () => present ?? new Date();
export const clockNow = () => label ?? clock(now());
export const presentInWords = () => (present && !label ? full(present) : null);

export function moment(value) {
  if (value === null || value === undefined || value === "") return null;
  const date = typeof value === "number" ? new Date(value * 1000) : new Date(value);
  return Number.isNaN(date.getTime()) ? null : date;
}

const format = (date, options) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }).format(date);

export const clock = (date) => format(date, { hour: "2-digit", minute: "2-digit" });
export const dayKey = (date) => format(date, { year: "numeric", month: "2-digit", day: "2-digit" });
export const full = (date) => `${format(date, { weekday: "long", day: "numeric", month: "long", year: "numeric" })}, ${clock(date)}`;

export function dayName(date) {
  const today = now();
  if (dayKey(date) === dayKey(today)) return "Today";
  if (dayKey(date) === dayKey(new Date(today.getTime() - 86_400_000))) return "Yesterday";
  const year = format(date, { year: "numeric" }) === format(today, { year: "numeric" }) ? {} : { year: "numeric" };
  return format(date, { weekday: "long", day: "numeric", month: "long", ...year });
}

export function brief(date) {
  if (dayKey(date) === dayKey(now())) return clock(date);
  const days = (now().getTime() - date.getTime()) / 86_400_000;
  return days >= 0 && days < 6 ? format(date, { weekday: "short" }) : format(date, { day: "numeric", month: "short" });
}
