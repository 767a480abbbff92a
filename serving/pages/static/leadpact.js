// Keys for people who live in the worklist. Everything works without this file.
const typing = (target) => target.closest("input, select, textarea, [contenteditable]") !== null;

const move = (step) => {
  const links = [...document.querySelectorAll(".worklist a.lead")];
  const next = links.indexOf(document.activeElement) + step;
  links[Math.min(Math.max(next, 0), links.length - 1)]?.focus();
};

const keys = {
  j: () => move(1),
  k: () => move(-1),
  "/": () => document.querySelector("input[type=search]")?.focus(),
};

// A letter alone is a command only where its switch stands, and is on. Who forbids a page to keep
// anything finds it on each time.
const control = document.querySelector("#keys-switch");
const kept = (...told) => {
  try {
    return told.length ? localStorage.setItem("keys", told[0]) : localStorage.getItem("keys");
  } catch {
    return null;
  }
};
if (control !== null) {
  control.checked = kept() !== "off";
  control.addEventListener("change", () => kept(control.checked ? "on" : "off"));
  control.closest("[hidden]").hidden = false;
}
const listening = () => control !== null && control.checked && control.offsetParent !== null;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const act = keys[event.key];
  if (act === undefined || !listening()) return;
  event.preventDefault();
  act();
});

const isTyped = (control) => {
  if (control.options !== undefined) {
    // Where none is marked, a browser chooses the first.
    const first = [...control.options].findIndex((option) => option.defaultSelected);
    return control.selectedIndex !== Math.max(first, 0);
  }
  if (control.defaultValue === undefined) return false;
  return control.checked !== control.defaultChecked || control.value !== control.defaultValue;
};

// A form that says so is checked while it is typed: the same page is asked for, and one part of it taken.
for (const form of document.querySelectorAll("form[data-live]")) {
  const place = form.dataset.live;
  let waiting = 0;
  let asked = 0;
  const check = async (tries = 2) => {
    const mine = ++asked;
    const body = new URLSearchParams(new FormData(form));
    body.set("act", "check");
    document.querySelector(place)?.setAttribute("aria-busy", "true");
    const sent = { method: "POST", body, headers: { accept: "text/html" } };
    const text = await fetch(form.action, sent).then((answer) => answer.text(), () => "");
    const found = new DOMParser().parseFromString(text, "text/html").querySelector(place);
    if (mine !== asked) return;
    if (found !== null) document.querySelector(place)?.replaceWith(found);
    // What came is another page, or nothing: it is asked for once more, then the button is there.
    else if (tries > 1) waiting = setTimeout(check, 2000, tries - 1);
    else document.querySelector(place)?.removeAttribute("aria-busy");
  };
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(check, 600);
  };
  form.addEventListener("input", soon);
  // On a slow line somebody types before this file has come.
  if ([...form.elements].some(isTyped)) soon();
}

// What goes on elsewhere is looked at again; without scripts the page says so itself.
const again = document.querySelector("[data-again]");
if (again !== null) setTimeout(() => location.reload(), Number(again.dataset.again));
