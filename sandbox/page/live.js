// What changed, pushed by the sandbox. Comes back by itself when the line drops.

const LONGEST_WAIT = 5000;

export function listen({ onEvent, onState }) {
  let wait = 250;
  let before = false;

  function open() {
    const line = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/control/live`);
    line.addEventListener("open", () => {
      wait = 250;
      onState({ connected: true, again: before });
      before = true;
    });
    line.addEventListener("message", (event) => {
      let told = null;
      try { told = JSON.parse(event.data); } catch { return; }
      if (told && typeof told === "object") onEvent(told);
    });
    line.addEventListener("close", () => {
      onState({ connected: false, again: false });
      setTimeout(open, wait);
      wait = Math.min(wait * 1.7, LONGEST_WAIT);
    });
  }

  open();
}

/** Calls `work` soon, once, however often it was asked meanwhile; never twice at the same time. */
export function coalesced(work, pause = 40) {
  let waiting = false;
  let running = false;
  let again = false;

  async function run() {
    waiting = false;
    if (running) { again = true; return; }
    running = true;
    try { await work(); } finally {
      running = false;
      if (again) { again = false; ask(); }
    }
  }

  function ask() {
    if (waiting) return;
    waiting = true;
    setTimeout(run, pause);
  }

  return ask;
}
