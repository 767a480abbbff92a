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
