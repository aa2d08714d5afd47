// The control API: what a hand on a phone can do.

async function call(path, body) {
  const options = body === undefined
    ? { headers: { Accept: "application/json" } }
    : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, options);
  const text = await answer.text();
  let told = null;
  try { told = text ? JSON.parse(text) : null; } catch { told = null; }
  if (!answer.ok) {
    throw new Error(told?.description ?? told?.error ?? `The sandbox answered ${answer.status}.`);
  }
  return told;
}

export const phones = () => call("/control/phones");
export const phone = (user) => call(`/control/phones/${user}`);
export const act = (user, verb, body = {}) => call(`/control/phones/${user}/${verb}`, body);
export const addUser = (name) => call("/control/users", { first_name: name });
export const addGroup = (title, user) => call("/control/groups", { title, admins: [user], members: [user], bot: false });
export const strip = () => call("/control/strip");
export const wish = (advance) => call("/control/wish", { advance });
