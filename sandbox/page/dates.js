// Dates as people read them, in the time zone the strip names (London unless it says otherwise).

let zone = "Europe/London";
let present = null;

export function setZone(name) {
  try { new Intl.DateTimeFormat("en-GB", { timeZone: name }); zone = name; } catch { /* an unknown zone changes nothing */ }
}

/** The calendar's own present, which may be far from the machine's. */
export function setPresent(moment) { present = moment; }
export const now = () => present ?? new Date();

export function moment(value) {
  if (value === null || value === undefined || value === "") return null;
  const date = typeof value === "number" ? new Date(value * 1000) : new Date(value);
  return Number.isNaN(date.getTime()) ? null : date;
}

const written = (date, options) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }).format(date);

export const clock = (date) => written(date, { hour: "2-digit", minute: "2-digit" });
export const dayKey = (date) => written(date, { year: "numeric", month: "2-digit", day: "2-digit" });
export const full = (date) => `${written(date, { weekday: "long", day: "numeric", month: "long", year: "numeric" })}, ${clock(date)}`;

export function dayName(date) {
  const today = now();
  if (dayKey(date) === dayKey(today)) return "Today";
  if (dayKey(date) === dayKey(new Date(today.getTime() - 86_400_000))) return "Yesterday";
  const year = written(date, { year: "numeric" }) === written(today, { year: "numeric" }) ? {} : { year: "numeric" };
  return written(date, { weekday: "long", day: "numeric", month: "long", ...year });
}

export function brief(date) {
  if (dayKey(date) === dayKey(now())) return clock(date);
  const days = (now().getTime() - date.getTime()) / 86_400_000;
  return days >= 0 && days < 6 ? written(date, { weekday: "short" }) : written(date, { day: "numeric", month: "short" });
}
