"use strict";
(() => {
  const all = [...document.querySelectorAll(".trace g")].sort((a, b) => a.dataset.at - b.dataset.at);
  const output = document.querySelector("output");
  const scroll = document.querySelector(".scroll");
  const search = document.querySelector("input[type=search]");
  let shown = all, at = all.length - 1;

  const show = () => {
    all.forEach((event) => event.classList.remove("now", "later"));
    shown.forEach((event, place) => event.classList.toggle("later", place > at));
    const now = shown[at];
    if (!now) { output.textContent = "nothing to show"; return; }
    now.classList.add("now");
    output.textContent = `${at + 1} of ${shown.length}: ${now.dataset.t}`;
    const box = now.getBoundingClientRect(), frame = scroll.getBoundingClientRect();
    if (box.left < frame.left || box.right > frame.right) scroll.scrollLeft += box.left - frame.left - frame.width / 2;
  };
  const go = (to) => { at = Math.max(0, Math.min(shown.length - 1, to)); show(); };
  const filter = () => {
    const off = (kind) => [...document.querySelectorAll(`input[data-${kind}]:not(:checked)`)].map((box) => box.dataset[kind]);
    const classes = off("class"), lanes = off("lane"), word = search.value.toLowerCase(), now = shown[at];
    shown = all.filter((event) => {
      const visible = !classes.some((name) => event.classList.contains(name))
        && !lanes.includes(event.dataset.a) && !lanes.includes(event.dataset.b)
        && event.dataset.t.toLowerCase().includes(word);
      event.classList.toggle("gone", !visible);
      return visible;
    });
    const place = shown.indexOf(now);
    go(place < 0 ? shown.length - 1 : place);
  };
  const steps = { first: () => go(0), back: () => go(at - 1), next: () => go(at + 1), last: () => go(shown.length - 1) };
  const keys = { Home: "first", ArrowLeft: "back", ArrowRight: "next", End: "last" };

  document.addEventListener("keydown", (event) => {
    if (event.target !== search && keys[event.key]) { event.preventDefault(); steps[keys[event.key]](); }
  });
  document.querySelectorAll("button").forEach((button) => button.addEventListener("click", steps[button.dataset.go]));
  document.querySelectorAll("input").forEach((input) => input.addEventListener("input", filter));
  all.forEach((event) => event.addEventListener("click", () => go(shown.indexOf(event))));
  show();
})();
