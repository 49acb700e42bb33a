// The dashboard: which series, which time, what is unusual. Speaks InfluxQL to /query, as others do.
"use strict";

const MINUTE = 60e3, DAY = 86400e3;
const SHORTEST = 20e3, LONGEST = 60 * DAY;
const POINTS = 400, MOST_CHOSEN = 12, COLOURS = 6, REFRESH = 2000;
const MARGIN = { left: 54, right: 12, top: 12, bottom: 26 };

const $ = (id) => document.getElementById(id);
const state = { series: [], chosen: new Set(), span: DAY, end: null, data: new Map(), marks: new Map(), busy: false, again: false };

// A link can say what to show: #seconds=60&series=workers.ready%20web
const wish = new URLSearchParams(location.hash.slice(1));
if (Number(wish.get("seconds")) > 0) state.span = Math.min(LONGEST, Math.max(SHORTEST, wish.get("seconds") * 1000));

// The time that is shown: it ends now while nothing else is said.
const shown = () => { const end = state.end ?? Date.now(); return [end - state.span, end]; };
const name = (text) => `"${text.replace(/\\/g, "\\\\").replace(/"/g, '\\"')}"`;
const value = (text) => `'${text.replace(/\\/g, "\\\\").replace(/'/g, "\\'")}'`;

async function ask(question) {
  const body = new URLSearchParams({ q: question, epoch: "ms" });
  const answer = await fetch("query", { method: "POST", body });
  const json = await answer.json();
  if (json.error) throw new Error(json.error);
  for (const result of json.results) if (result.error) throw new Error(result.error);
  return json.results;
}

// "cpu,host=a b" with backslashes, taken apart.
function parts(key) {
  const split = (text, sign) => text.match(new RegExp(`(?:\\\\.|[^\\\\${sign}])+`, "g")) ?? [];
  const plain = (text) => text.replace(/\\([,= ])/g, "$1");
  const [measurement, ...tags] = split(key, ",");
  return { measurement: plain(measurement), tags: tags.map((tag) => split(tag, "=").map(plain)) };
}

async function loadSeries() {
  const [keys, fields] = await ask("SHOW SERIES; SHOW FIELD KEYS");
  const byName = new Map((fields.series ?? []).map((it) => [it.name, it.values.map((row) => row[0])]));
  const found = [];
  for (const [key] of keys.series?.[0]?.values ?? []) {
    const { measurement, tags } = parts(key);
    for (const field of byName.get(measurement) ?? []) {
      const label = `${measurement}.${field} ${tags.map((tag) => tag[1]).join(" ")}`.trim();
      found.push({ id: `${key} ${field}`, measurement, field, tags, label });
    }
  }
  found.sort((a, b) => a.label.localeCompare(b.label));
  const changed = found.length !== state.series.length;
  state.series = found;
  found.filter((it) => wish.getAll("series").includes(it.label)).forEach((it) => state.chosen.add(it.id));
  if (found.length && state.chosen.size) wish.delete("series");
  if (!state.chosen.size && found.length) state.chosen.add((found.find((it) => it.field === "cpu") ?? found[0]).id);
  if (changed) listSeries();
}

function listSeries() {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const items = state.series
    .filter((it) => state.chosen.has(it.id) || words.every((word) => it.label.toLowerCase().includes(word)))
    .slice(0, 300)
    .map((it) => {
      const item = document.createElement("li"), label = document.createElement("label"), box = document.createElement("input");
      box.type = "checkbox";
      box.checked = state.chosen.has(it.id);
      box.addEventListener("change", () => {
        if (!box.checked) state.chosen.delete(it.id);
        else if (state.chosen.size < MOST_CHOSEN) state.chosen.add(it.id);
        else { box.checked = false; say(`${MOST_CHOSEN} series at once are enough; take one away first`); return; }
        refresh();
      });
      label.append(box, it.label);
      item.append(label);
      return item;
    });
  $("series").replaceChildren(...items);
}

const say = (text) => { $("state").textContent = text; };

// A window such that a chart has some hundred points, in whole seconds.
const windowMs = () => Math.max(1, Math.round(state.span / POINTS / 1000)) * 1000;

function question(it) {
  const [from, to] = shown();
  const tags = it.tags.map(([tag, is]) => ` AND ${name(tag)} = ${value(is)}`).join("");
  return `SELECT ${$("aggregate").value}(${name(it.field)}) FROM ${name(it.measurement)} WHERE time >= ${Math.floor(from)}ms AND time < ${Math.ceil(to)}ms${tags} GROUP BY time(${windowMs()}ms) fill(none)`;
}

async function loadMarks(it) {
  const method = $("method").value;
  if (!method) return [];
  const [from, to] = shown();
  const params = new URLSearchParams({ measurement: it.measurement, field: it.field, from: Math.floor(from), to: Math.ceil(to), method });
  it.tags.forEach(([tag, is]) => params.set(`tag.${tag}`, is));
  const answer = await fetch(`api/anomalies?${params}`);
  const json = await answer.json();
  if (json.error) throw new Error(json.error);
  return json.marks;
}

// Never two at once: what is asked for meanwhile is done afterwards.
async function refresh() {
  if (state.busy) { state.again = true; return; }
  state.busy = true;
  try {
    await loadSeries();
    const chosen = state.series.filter((it) => state.chosen.has(it.id));
    if (chosen.length) {
      const results = await ask(chosen.map(question).join("; "));
      const marks = await Promise.all(chosen.map(loadMarks));
      chosen.forEach((it, at) => {
        state.data.set(it.id, results[at].series?.[0]?.values ?? []);
        state.marks.set(it.id, marks[at]);
      });
    }
    draw(chosen);
    const count = chosen.reduce((sum, it) => sum + state.marks.get(it.id).length, 0);
    say(state.series.length ? `${state.series.length} series, ${chosen.length} shown, ${count} unusual` : "no series yet; write some lines");
  } catch (error) {
    say(`the server can't be asked: ${error.message}`);
  }
  state.busy = false;
  if (state.again) { state.again = false; refresh(); }
}

const svg = (tag, attributes, text) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, it] of Object.entries(attributes)) element.setAttribute(key, it);
  if (text !== undefined) element.textContent = text;
  return element;
};

// Round numbers that are easy to read between two ends.
function ticks(low, high, count) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((it) => it * power).find((it) => it >= raw);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high; at += step) found.push(at);
  return found;
}

const STEPS = [5e3, 15e3, MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE, 180 * MINUTE, 360 * MINUTE, DAY, 7 * DAY, 30 * DAY];
const clock = (time, step) => {
  const date = new Date(time), two = (it) => String(it).padStart(2, "0");
  if (step >= DAY) return `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${two(date.getHours())}:${two(date.getMinutes())}${step < MINUTE ? ":" + two(date.getSeconds()) : ""}`;
};
const full = (time) => new Date(time).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" });
const short = (it) => Math.abs(it) >= 1e4 || (it && Math.abs(it) < 1e-2) ? it.toPrecision(3) : String(+it.toFixed(2));

function draw(chosen) {
  const groups = new Map();
  chosen.forEach((it) => {
    const key = `${it.measurement}.${it.field}`;
    groups.set(key, [...(groups.get(key) ?? []), it]);
  });
  const focused = document.activeElement?.dataset?.panel;
  $("panels").replaceChildren(...[...groups].map(([key, members]) => panel(key, members)));
  if (!groups.size) $("panels").append(Object.assign(document.createElement("p"), { className: "empty", textContent: "Choose a series." }));
  // A redraw mustn't take the keyboard away.
  if (focused) document.querySelector(`[data-panel="${CSS.escape(focused)}"]`)?.focus();
  $("live").setAttribute("aria-pressed", String(state.end === null));
  document.querySelectorAll("[data-hours]").forEach((it) => it.setAttribute("aria-pressed", String(it.dataset.hours * 3600e3 === state.span)));
}

function panel(title, members) {
  const box = document.createElement("div"), heading = document.createElement("h2"), chart = svg("svg", {});
  box.className = "panel";
  heading.textContent = title;
  box.append(heading, chart);
  const width = Math.max(280, $("panels").clientWidth), height = matchMedia("(max-width: 46rem)").matches ? 220 : 260;
  const [from, to] = shown();
  const rows = members.flatMap((it) => state.data.get(it.id) ?? []);
  let low = Infinity, high = -Infinity;
  for (const [, it] of rows) { low = Math.min(low, it); high = Math.max(high, it); }
  const empty = !rows.length;
  if (empty) [low, high] = [0, 1];
  const pad = (high - low || Math.abs(high) || 1) * 0.08;
  low -= pad; high += pad;
  const x = (time) => MARGIN.left + ((time - from) / (to - from)) * (width - MARGIN.left - MARGIN.right);
  const y = (it) => height - MARGIN.bottom - ((it - low) / (high - low)) * (height - MARGIN.top - MARGIN.bottom);
  const marks = members.flatMap((it) => (state.marks.get(it.id) ?? []).map(([a, b]) => [Math.max(a, from), Math.min(b, to), it, a, b]));
  const stats = empty ? "no samples" : `from ${short(low + pad)} to ${short(high - pad)}`;
  Object.entries({ viewBox: `0 0 ${width} ${height}`, tabindex: 0, role: "img", "data-panel": title,
    "aria-label": `${title}, ${full(from)} to ${full(to)}, ${stats}, ${marks.length} unusual. Arrows move, plus and minus zoom, Home follows the present.` })
    .forEach(([key, it]) => chart.setAttribute(key, it));
  for (const it of ticks(low, high, 4)) {
    chart.append(svg("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(it), y2: y(it) }),
      svg("text", { x: MARGIN.left - 6, y: y(it) + 4, "text-anchor": "end" }, short(it)));
  }
  const step = STEPS.find((it) => (to - from) / it <= width / 90) ?? 30 * DAY;
  const offset = new Date(from).getTimezoneOffset() * MINUTE;
  for (let at = Math.ceil((from - offset) / step) * step + offset; at < to; at += step) {
    if (x(at) > MARGIN.left + 12 && x(at) < width - 24) chart.append(svg("text", { x: x(at), y: height - 8, "text-anchor": "middle" }, clock(at, step)));
  }
  for (const [a, b] of marks) {
    chart.append(svg("rect", { class: "mark", x: x(a), y: MARGIN.top, width: Math.max(2, x(b) - x(a)), height: height - MARGIN.top - MARGIN.bottom }),
      svg("path", { class: "flag", d: `M${(x(a) + x(b)) / 2 - 5} 2h10l-5 9z` }));
  }
  // A gap in the samples is a gap in the line.
  members.forEach((it, at) => {
    let path = "", last = -Infinity;
    for (const [time, height] of state.data.get(it.id) ?? []) {
      path += `${time - last > Math.max(5 * windowMs(), 3 * MINUTE) ? "M" : "L"}${x(time).toFixed(1)} ${y(height).toFixed(1)}`;
      last = time;
    }
    chart.append(svg("path", { class: `trace c${at % COLOURS}`, d: path }));
  });
  if (empty) chart.append(svg("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, "no samples in this time"));
  pointers(chart, width, (at) => from + ((at - MARGIN.left) / (width - MARGIN.left - MARGIN.right)) * (to - from));
  box.append(legend(members), markList(marks));
  return box;
}

function legend(members) {
  const list = document.createElement("ul");
  list.className = "legend";
  members.forEach((it, at) => {
    const item = document.createElement("li"), colour = document.createElement("i");
    colour.className = `c${at % COLOURS}`;
    const rows = state.data.get(it.id) ?? [];
    item.append(colour, `${it.tags.map((tag) => tag[1]).join(" ") || it.field}: ${rows.length ? short(rows.at(-1)[1]) : "–"}`);
    list.append(item);
  });
  return list;
}

function markList(marks) {
  const list = document.createElement("ul");
  list.className = "marks";
  for (const [, , it, a, b] of marks.slice(-12)) {
    const item = document.createElement("li"), button = document.createElement("button");
    button.type = "button";
    button.textContent = `▼ ${it.tags[0]?.[1] ?? it.field} ${full(a)}`;
    button.addEventListener("click", () => { const wide = Math.max(20 * MINUTE, 3 * (b - a)); show((a + b) / 2 - wide / 2, (a + b) / 2 + wide / 2); });
    item.append(button);
    list.append(item);
  }
  return list;
}

function show(from, to) {
  state.span = Math.min(LONGEST, Math.max(SHORTEST, to - from));
  // Who looks up to the present goes on following it.
  state.end = to >= Date.now() - 1000 ? null : (from + to) / 2 + state.span / 2;
  refresh();
}
const zoom = (factor, share = 0.5) => { const [from, to] = shown(), at = from + (to - from) * share; show(at - (at - from) * factor, at + (to - at) * factor); };
const move = (share) => { const [from, to] = shown(), by = Math.min((to - from) * share, Date.now() - to); show(from + by, to + by); };
const live = () => { state.end = null; refresh(); };

// Dragging with one pointer chooses a time, two pinch.
function pointers(chart, width, time) {
  const down = new Map();
  const place = (event) => { const box = chart.getBoundingClientRect(); return ((event.clientX - box.left) / box.width) * width; };
  let brush = null, start = 0, apart = 0;
  chart.addEventListener("pointerdown", (event) => {
    chart.setPointerCapture(event.pointerId);
    down.set(event.pointerId, place(event));
    if (down.size === 1) { start = place(event); brush = svg("rect", { class: "brush", x: start, y: 0, width: 0, height: 400 }); chart.append(brush); }
    if (down.size === 2) { brush?.remove(); brush = null; const [a, b] = [...down.values()]; apart = Math.abs(a - b); }
  });
  chart.addEventListener("pointermove", (event) => {
    if (!down.has(event.pointerId)) return;
    down.set(event.pointerId, place(event));
    if (brush) { const at = place(event); brush.setAttribute("x", Math.min(at, start)); brush.setAttribute("width", Math.abs(at - start)); }
  });
  const up = (event) => {
    if (!down.has(event.pointerId)) return;
    if (down.size === 2 && event.type === "pointerup") { const [a, b] = [...down.values()]; const now = Math.abs(a - b); if (apart > 10 && now > 10) zoom(apart / now); }
    down.delete(event.pointerId);
    if (!brush) return;
    brush.remove();
    brush = null;
    const at = place(event);
    if (event.type === "pointerup" && Math.abs(at - start) > 8) { const [a, b] = [time(start), time(at)].sort((p, q) => p - q); show(a, b); }
  };
  chart.addEventListener("pointerup", up);
  chart.addEventListener("pointercancel", up);
  chart.addEventListener("dblclick", live);
  chart.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const [from, to] = shown();
    zoom(event.deltaY < 0 ? 0.7 : 1.4, Math.min(1, Math.max(0, (time(place(event)) - from) / (to - from))));
  }, { passive: false });
  chart.addEventListener("keydown", (event) => {
    const keys = { ArrowLeft: () => move(-0.25), ArrowRight: () => move(0.25), "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), Home: live };
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
}

$("filter").addEventListener("input", listSeries);
$("aggregate").addEventListener("change", refresh);
$("method").addEventListener("change", refresh);
$("earlier").addEventListener("click", () => move(-0.25));
$("later").addEventListener("click", () => move(0.25));
$("in").addEventListener("click", () => zoom(0.5));
$("out").addEventListener("click", () => zoom(2));
$("live").addEventListener("click", live);
document.querySelectorAll("[data-hours]").forEach((it) => it.addEventListener("click", () => { state.span = it.dataset.hours * 3600e3; refresh(); }));
addEventListener("resize", () => draw(state.series.filter((it) => state.chosen.has(it.id))));
setInterval(() => { if (state.end === null && !document.hidden) refresh(); }, REFRESH);
refresh();
