// What HTML cannot do: tell an open page what happened meanwhile. All pages work without it.
"use strict";

const light = document.getElementById("abgleich");
const notice = document.getElementById("hinweis");
const channel = new BroadcastChannel("kreisnetz");

// A form that somebody has begun to fill in must not be touched.
let isDirty = false;
document.addEventListener("input", (event) => {
  if (event.target.closest("form[method=post]")) isDirty = true;
});
document.addEventListener("submit", (event) => {
  isDirty = false;
  for (const button of event.target.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
});

// Where a form was refused, one reads first why.
document.getElementById("fehler")?.focus();

// While somebody types, the server says what is wrong so far: by the rules by which it saves.
const form = document.querySelector("form[data-edit]");
const touched = new Set();
let isWaiting;

async function ask(extra) {
  const body = new URLSearchParams(new FormData(form));
  for (const [name, value] of Object.entries(extra)) body.set(name, value);
  const response = await fetch(form.action, { method: "POST", body });
  return response.ok ? response : null;
}

function mark(field, text) {
  const place = form.querySelector(`[data-field="${field}"]`);
  const input = place?.querySelector(`#feld-${field}`);
  if (!input) return;
  const id = `feld-${field}-fehler`;
  let said = document.getElementById(id);
  if (!text && !said) return;
  if (!said) {
    said = document.createElement("p");
    said.id = id;
    said.className = "error";
    said.setAttribute("aria-live", "polite");
    place.append(said);
  }
  if (said.textContent !== text) said.textContent = text;
  place.classList.toggle("wrong", text !== "");
  const others = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((one) => one && one !== id);
  if (text) others.push(id);
  if (others.length) input.setAttribute("aria-describedby", others.join(" "));
  else input.removeAttribute("aria-describedby");
  if (input.matches("input, select, textarea")) {
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
}

async function check() {
  const answer = await (await ask({ pruefen: "1" }))?.json();
  if (!answer) return;
  for (const field of touched) mark(field, answer.errors[field] ?? "");
  const preview = document.getElementById("vorschau");
  const text = preview?.querySelector("strong");
  if (text && text.textContent !== answer.hours) text.textContent = answer.hours;
}

// What a field refers to is looked for on the server; the rest of the form stays as it is.
async function seek(field) {
  const page = new DOMParser().parseFromString(await (await ask({ suchen: field }))?.text() ?? "", "text/html");
  const fresh = page.querySelector(`[data-field="${field}"]`);
  const old = form.querySelector(`[data-field="${field}"]`);
  if (!fresh) return;
  old.querySelector(".found").replaceChildren(...fresh.querySelector(".found").childNodes);
  old.querySelector(`[name="g.${field}"]`).value = fresh.querySelector(`[name="g.${field}"]`).value;
}

function later(act) {
  clearTimeout(isWaiting);
  // Without an answer the form is checked when it is saved.
  isWaiting = setTimeout(() => act().catch(() => {}), 350);
}

form?.addEventListener("input", (event) => {
  const field = event.target.closest("[data-field]")?.dataset.field;
  if (!field) return;
  if (event.target.dataset.search) {
    later(() => seek(field));
  } else {
    touched.add(field);
    later(check);
  }
});
form?.addEventListener("click", (event) => {
  const field = event.target.closest("button[name=suchen]")?.value;
  if (!field) return;
  event.preventDefault();
  clearTimeout(isWaiting);
  seek(field).catch(() => {});
});

function say(text, link) {
  notice.textContent = text;
  if (link) {
    const anchor = document.createElement("a");
    anchor.href = link.address;
    anchor.textContent = link.text;
    notice.append(" ", anchor);
  }
}

async function renew() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (response.status >= 500) return false;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.getElementById("inhalt");
  const old = document.getElementById("inhalt");
  if (!fresh || fresh.innerHTML === old.innerHTML) return false;
  // Whoever is on a link or button stays there.
  const place = [...old.querySelectorAll("a, button, summary, input, select")].indexOf(document.activeElement);
  old.replaceChildren(...fresh.childNodes);
  if (place >= 0) old.querySelectorAll("a, button, summary, input, select")[place]?.focus({ preventScroll: true });
  document.title = page.title;
  return true;
}

let isRenewing = false;
let isStale = false;
async function changed(ids, isTold = true) {
  const subject = document.body.dataset.record;
  if (!subject && !document.querySelector("[data-live]")) return;
  if (isDirty || document.querySelector("form[data-edit]")) {
    if (ids === "*" || ids.split(" ").includes(subject)) {
      say("Dieser Eintrag wurde soeben geändert. Ihre Eingaben bleiben stehen.", { address: `/eintrag/${subject}`, text: "Änderung ansehen" });
    }
    return;
  }
  // What belongs to the record has changed perhaps: the page knows when it is made anew.
  isStale = true;
  if (isRenewing) return;
  isRenewing = true;
  try {
    while (isStale) {
      isStale = false;
      const isNew = await renew();
      if (isNew && isTold) say("Die Seite wurde soeben aktualisiert.");
      if (document.querySelector("[data-wait]") && !isAwaiting) wait();
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  } catch {
    // The stream connects anew, and with it comes the next look.
  } finally {
    isRenewing = false;
  }
}

function take(kind, data) {
  if (kind === "kreis") {
    if (document.querySelector("[data-live=kreis]")) changed("*", false);
  } else if (kind === "sync") {
    const gap = data.indexOf(" ");
    light.dataset.state = data.slice(0, gap);
    light.textContent = data.slice(gap + 1);
  } else {
    changed(data);
  }
}

// What the server is still making is asked for until it is there.
let isAwaiting = false;
async function wait() {
  isAwaiting = true;
  while (document.querySelector("[data-wait]")) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const isTyping = [...document.querySelectorAll("main input")].some((input) => input.type !== "hidden" && input.value !== input.defaultValue);
    if (!isDirty && !isTyping) await renew().catch(() => false);
  }
  isAwaiting = false;
}
wait();

channel.addEventListener("message", (event) => take(event.data.kind, event.data.text));

function listen() {
  const source = new EventSource("/ereignisse");
  let wasCut = false;
  const pass = (kind, text) => {
    take(kind, text);
    channel.postMessage({ kind, text });
  };
  source.addEventListener("sync", (event) => pass("sync", event.data));
  source.addEventListener("changed", (event) => pass("changed", event.data));
  source.addEventListener("kreis", (event) => pass("kreis", event.data));
  source.addEventListener("error", () => {
    wasCut = true;
    const isEnded = source.readyState === EventSource.CLOSED;
    pass("sync", isEnded ? "trouble Nicht mehr verbunden – bitte die Seite neu laden" : "trouble Konsole nicht erreichbar – es wird weiter versucht");
  });
  // What happened meanwhile is not told again.
  source.addEventListener("open", () => { if (wasCut) { wasCut = false; pass("changed", "*"); } });
  return new Promise(() => {});
}

// A browser opens few connections to one place: of all its pages one listens for the others.
if (navigator.locks) navigator.locks.request("kreisnetz-ereignisse", listen);
else listen();
