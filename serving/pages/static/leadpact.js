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

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const act = keys[event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
});

// A form that says so is checked while it is typed: the same page is asked for, and one part of it taken.
for (const form of document.querySelectorAll("form[data-live]")) {
  const place = form.dataset.live;
  let waiting = 0;
  let asked = 0;
  const check = async () => {
    const mine = ++asked;
    const body = new URLSearchParams(new FormData(form));
    body.set("act", "check");
    document.querySelector(place)?.setAttribute("aria-busy", "true");
    const answer = await fetch(form.action, { method: "POST", body, headers: { accept: "text/html" } });
    const found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(place);
    if (mine !== asked || found === null) return;
    document.querySelector(place)?.replaceWith(found);
  };
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(check, 600);
  });
}

// What goes on elsewhere is looked at again; without scripts the page says so itself.
const again = document.querySelector("[data-again]");
if (again !== null) setTimeout(() => location.reload(), Number(again.dataset.again));
