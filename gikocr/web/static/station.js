// The review station in the browser: one module for all pages, without anything from elsewhere.
//
//  1 words and requests      4 the page viewer      7 one field after the other
//  2 amounts and sums        5 saving               8 look-alikes
//  3 pictures                6 one field, and keys  9 the whole form   10 the other pages, and the start
//
// Text of documents is only ever set as textContent. Decisions are written to the browser's storage before anything else happens,
// and are sent in the background, each with an id, so that what is sent twice counts once.

// ---------------------------------------------------------------------------------------------------------- 1 words and requests

const boot = document.body.dataset;
const words = JSON.parse(boot.words || "{}");
const chinese = boot.lang === "zh";
const CSRF = { "X-Gikocr": "1" };

const $ = (id) => document.getElementById(id);

/** A sentence of the page's language, with values put in. */
function say(key, ...values) {
  return (words[key] ?? key).replace(/\{(\d)\}/g, (_, i) => values[i] ?? "");
}

/** An element with properties and children; texts become text. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && name !== "role") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Tell who listens instead of looking. */
function announce(text) {
  $("live").textContent = text;
}

class RequestFailed extends Error {
  constructor(status, code, message) {
    super(message || code);
    this.status = status;
    this.code = code;
  }
}

/** Ask the server; what is given is sent as JSON. Throws RequestFailed, with status 0 where there is no answer. */
async function ask(path, sent, more = {}) {
  const options = sent === undefined ? more : { method: "POST", headers: { ...CSRF, "Content-Type": "application/json" }, body: JSON.stringify(sent), ...more };
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new RequestFailed(0, "no_answer");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new RequestFailed(response.status, body.code ?? String(response.status), body.message);
  return body;
}

/** Do something once the screen shows what was done so far, in the order asked: what is not waited for comes after what is. */
function afterFrame(what) {
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = what;
    channel.port2.postMessage(0);
  });
}

/** Do something when there is nothing better to do, at the latest after a moment. */
const whenIdle = (what) => (window.requestIdleCallback ? requestIdleCallback(what, { timeout: 400 }) : setTimeout(what, 50));

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const keyOf = (field) => `${field.report_id}:${field.field_id}`;

// ------------------------------------------------------------------------------------------------------------- 2 amounts and sums

/** An exact decimal: [digits, how many of them stand behind the point]. */
function amount(text) {
  const [whole, fraction = ""] = text.split(".");
  return [BigInt(whole + fraction), fraction.length];
}

const atScale = ([digits, scale], wanted) => digits * 10n ** BigInt(wanted - scale);

function plus(a, b, sign = 1n) {
  const scale = Math.max(a[1], b[1]);
  return [atScale(a, scale) + sign * atScale(b, scale), scale];
}

function amountText([digits, scale]) {
  const text = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, "0");
  const point = text.length - scale;
  return (digits < 0n ? "−" : "") + text.slice(0, point) + (scale ? `.${text.slice(point)}` : "");
}

const equalAmounts = (a, b) => a !== null && b !== null && plus(amount(a), amount(b), -1n)[0] === 0n;

/** What was typed as an amount, null where it is none. Full-width digits count, separators do not. */
function typedAmount(text) {
  const plain = text.normalize("NFKC").replace(/[\s,，]/g, "").replace(/[−–—]/g, "-");
  return /^-?\d{1,25}(\.\d{1,8})?$/.test(plain) ? plain : null;
}

/** Labels without the words that all of them begin or end with. */
function ownParts(labels) {
  const parts = labels.map((label) => label.split(" "));
  const shortest = Math.min(...parts.map((part) => part.length));
  let [start, end] = [0, 0];
  while (start < shortest - 1 && parts.every((part) => part[start] === parts[0][start])) start += 1;
  while (end < shortest - 1 - start && parts.every((part) => part.at(-1 - end) === parts[0].at(-1 - end))) end += 1;
  return parts.map((part) => part.slice(start, part.length - end).join(" "));
}

/** The part of a sum as it stands on the screen: the answer where it is the field that is asked about. */
const standingPart = (term, fieldId, answer) => (term.field_id === fieldId && answer ? answer : term);

/** Both sides of a sum with the answer that stands on the screen; blanks count as nothing, and what was not read makes it uncheckable. */
function checkSum(sum, fieldId, answer) {
  const sides = { left: [0n, 0], right: [0n, 0] };
  const counts = { left: [0, 0], right: [0, 0] };
  if (sum.terms.some((term) => term.hidden)) return { holds: null, unread: [] };
  const unread = sum.terms.filter((term) => {
    const { value, state } = standingPart(term, fieldId, answer);
    return value === null && UNREAD.has(state);
  });
  if (unread.length) return { holds: null, unread };
  for (const term of sum.terms) {
    const side = term.coefficient > 0 ? "left" : "right";
    const { value } = standingPart(term, fieldId, answer);
    counts[side][0] += 1;
    if (value === null) continue;
    counts[side][1] += 1;
    sides[side] = plus(sides[side], amount(value));
  }
  const lonely = ["left", "right"].some((side) => counts[side][0] === 1 && counts[side][1] === 0);
  if (lonely || counts.left[1] + counts.right[1] === 0) return { holds: null, unread };
  const difference = plus(sides.left, sides.right, -1n);
  return { holds: difference[0] === 0n, unread, difference: amountText(difference), left: amountText(sides.left), right: amountText(sides.right) };
}

/** What a field would have to be for a sum to hold, as text. */
function wantedBy(sum, fieldId) {
  let total = [0n, 0];
  let own = 1;
  for (const term of sum.terms) {
    if (term.field_id === fieldId) own = term.coefficient;
    else if (term.value !== null) total = plus(total, amount(term.value), BigInt(term.coefficient));
  }
  return amountText([-BigInt(own) * total[0], total[1]]).replace("−", "-");
}

/**
 * The value that makes the sums of an item hold as they stand on the screen, null where there is none: like `suggestion` in reports.py,
 * since other parts may have been decided after the server gave the item out.
 */
function hintOf(item) {
  const { field } = item;
  if (item.blind) return null;
  const stands = field.decided ?? field;
  const found = item.sums.map((sum) => [sum, checkSum(sum, field.field_id, stands)]);
  if (found.some(([, { holds }]) => holds)) return null;
  const asking = found.filter(([, { holds, unread }]) => holds === false || (unread.length === 1 && unread[0].field_id === field.field_id));
  const wanted = asking.map(([sum]) => wantedBy(sum, field.field_id));
  const given = item.suggestion?.value;
  const same = wanted.every((value) => equalAmounts(value, wanted[0]));
  const value = wanted.length && same ? wanted[0] : wanted.some((one) => given && equalAmounts(one, given)) ? given : null;
  if (value === null || (value.startsWith("-") && !item.signed) || (stands.value !== null && equalAmounts(value, stands.value))) return null;
  return { value, seen: item.alternatives.some((choice) => choice.value !== null && equalAmounts(choice.value, value)) };
}

/** States in which nobody read a number: accepting them takes more than Enter, and no sum with them can be checked. */
const UNREAD = new Set(["unreadable", "occluded", "other_text"]);

const SIGNS = { blank: "□", slash: "/", dash: "-", none_word: "无", unreadable: "…", occluded: "▓", other_text: "文", not_printed: "" };

/** A value for the eye: its digits, or the sign of its state. */
const shown = (value, state) => (value !== null && value !== undefined ? value : (SIGNS[state] ?? ""));

/** A value for a sentence. */
const inWords = (value, state) => (value !== null && value !== undefined ? value : say(state ?? "blank"));

function share(probability) {
  if (probability >= 0.9995) return "> 99.9 %";
  if (probability >= 0.1) return `${(100 * probability).toFixed(1)} %`;
  return probability >= 0.0005 ? `${(100 * probability).toFixed(2)} %` : "< 0.05 %";
}

// -------------------------------------------------------------------------------------------------------------------- 3 pictures

/**
 * Decoded pictures by id, the latest asked for kept. They are bitmaps, so that drawing one decodes nothing; they are decoded beside the
 * page's own thread, and not reduced here, which browsers do on it.
 */
class Pictures {
  constructor(kept, suffix = "") {
    this.kept = kept;
    this.suffix = suffix;
    this.entries = new Map();
  }

  /** The bitmap if it is decoded already, else undefined. */
  now(id) {
    return this.entries.get(id)?.bitmap;
  }

  /** A promise of the bitmap; null where there is none. `ahead`: nobody waits for it yet. */
  get(id, ahead = false) {
    let entry = this.entries.get(id);
    if (entry) this.entries.delete(id);
    else {
      entry = {};
      entry.promise = this.load(id, ahead).then((bitmap) => {
        if (bitmap === null) this.entries.delete(id);
        return (entry.bitmap = bitmap);
      });
    }
    this.entries.set(id, entry);
    for (const [old, gone] of this.entries) {
      if (this.entries.size <= this.kept) break;
      this.entries.delete(old);
      gone.promise.then((bitmap) => bitmap?.close());
    }
    return entry.promise;
  }

  async load(id, ahead = false) {
    try {
      const response = await fetch(`/picture/${encodeURIComponent(id)}${this.suffix}`, ahead ? { headers: AHEAD_OF_USE, priority: "low" } : {});
      return response.ok ? await createImageBitmap(await response.blob()) : null;
    } catch {
      return null;
    }
  }
}

/** Tells the server that a picture may be drawn when nothing else is to be done. */
const AHEAD_OF_USE = { "X-Gikocr-Ahead": "1" };

/** Pages are shown reduced; a closer view takes the original pixels. */
const crops = new Pictures(80);
const pages = new Pictures(24, "-small");
const originals = new Pictures(2);
const glyphs = new Pictures(1);

/** Headings as printed by field, the latest asked for kept; words that were read change no more. */
const headings = {
  found: new Map(),
  asked: new Map(),
  get({ field }, ahead = false) {
    const key = keyOf(field);
    if (!this.asked.has(key)) {
      const path = `/data/heading/${field.report_id}/${encodeURIComponent(field.field_id)}`;
      const promise = ask(path, undefined, ahead ? { headers: AHEAD_OF_USE, priority: "low" } : {}).then(({ row, column }) => {
        const text = [row.join(" "), column.join(" ")].filter(Boolean).join(" × ");
        this.found.set(key, text);
        return text;
      });
      this.asked.set(key, promise.catch(() => ""));
      for (const old of this.asked.keys()) {
        if (this.asked.size <= 200) break;
        this.asked.delete(old);
        this.found.delete(old);
      }
    }
    return this.asked.get(key);
  },
};

/** Added around a cell in its picture, as a share of the cell's height. */
const CROP_MARGIN = 0.5;

/** Sizes of canvases on the screen, noted when they change: to ask for them lays the whole page out anew. */
const sizes = new WeakMap();
const redraws = new WeakMap();
const resizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    sizes.set(target, [contentRect.width, contentRect.height]);
    redraws.get(target)();
  }
});

/** Draw a canvas anew whenever its size changes. */
function redrawOnResize(canvas, redraw) {
  redraws.set(canvas, redraw);
  resizes.observe(canvas);
}

/** Give a canvas as many pixels as it covers on the screen, and return its context, emptied. */
function blankCanvas(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const size = sizes.get(canvas) ?? [canvas.clientWidth, canvas.clientHeight];
  const [width, height] = size.map((side) => Math.max(1, Math.round(side * ratio)));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  return context;
}

/** Quarter turns of pages that were scanned lying on their side, by the page's id; kept while the window is open. */
const turns = new Map(Object.entries(JSON.parse(sessionStorage.getItem("gikocr:turns") ?? "{}")));

function turnPage(pageId) {
  turns.set(pageId, ((turns.get(pageId) ?? 0) + 1) % 4);
  sessionStorage.setItem("gikocr:turns", JSON.stringify(Object.fromEntries(turns)));
}

const turned = new WeakMap();

/** A picture turned clockwise by quarters; made once. */
function turn(bitmap, quarters) {
  if (!quarters || !bitmap) return bitmap;
  const made = turned.get(bitmap) ?? {};
  turned.set(bitmap, made);
  if (!made[quarters]) {
    const { width, height } = bitmap;
    const canvas = make("canvas", quarters % 2 ? { width: height, height: width } : { width, height });
    const context = canvas.getContext("2d");
    context.translate(canvas.width / 2, canvas.height / 2);
    context.rotate((quarters * Math.PI) / 2);
    context.drawImage(bitmap, -width / 2, -height / 2);
    made[quarters] = canvas;
  }
  return made[quarters];
}

/** A box of shares of the page, turned with it. */
function turnBox(box, quarters) {
  let [left, top, right, bottom] = box;
  for (let i = 0; i < (quarters ?? 0); i += 1) [left, top, right, bottom] = [1 - bottom, left, 1 - top, right];
  return [left, top, right, bottom];
}

/** Draw a bitmap as large as it fits, in the middle; `quarters`: the page's turn. */
function drawFitted(canvas, upright, quarters = 0, largest = 8) {
  // The margin is half of the cell's height; where the cell is taller than wide, as on a page that lies on its side, less of it is shown.
  const margin = (upright.height * CROP_MARGIN) / (1 + 2 * CROP_MARGIN);
  const least = Math.min(upright.width, upright.height) - 2 * margin;
  const shownMargin = least > 0 ? Math.min(margin, 0.6 * least) : margin;
  const bitmap = turn(upright, quarters);
  const context = blankCanvas(canvas);
  const cut = margin - shownMargin;
  const [across, down] = [bitmap.width - 2 * cut, bitmap.height - 2 * cut];
  const scale = Math.min((canvas.width - 8) / across, (canvas.height - 8) / down, largest * (window.devicePixelRatio || 1));
  const [width, height] = [across * scale, down * scale];
  const [x, y] = [(canvas.width - width) / 2, (canvas.height - height) / 2];
  context.drawImage(bitmap, cut, cut, across, down, x, y, width, height);
  // The neighbours' strokes in the margin are veiled, so that nobody reads a neighbour.
  const edge = shownMargin * scale;
  context.fillStyle = "rgb(255 255 255 / .55)";
  for (const veil of [[x, y, width, edge], [x, y + height - edge, width, edge], [x, y + edge, edge, height - 2 * edge], [x + width - edge, y + edge, edge, height - 2 * edge]]) context.fillRect(...veil);
}

/** Where the print stands in a cell's picture, without its margin and rules: left, top, width, height in pixels. */
function printIn(bitmap) {
  const { width, height } = bitmap;
  const context = make("canvas", { width, height }).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const edge = Math.round((height * CROP_MARGIN) / (1 + 2 * CROP_MARGIN));
  const inset = Math.max(2, Math.round(0.08 * (height - 2 * edge)));
  const [left, top, right, bottom] = [edge + inset, edge + inset, width - edge - inset, height - edge - inset];
  const whole = [edge, edge, Math.max(1, width - 2 * edge), Math.max(1, height - 2 * edge)];
  if (right - left < 4 || bottom - top < 4) return whole;
  const grey = (x, y) => data[4 * (y * width + x) + 1];
  const values = [];
  for (let y = top; y < bottom; y += 1) for (let x = left; x < right; x += 1) values.push(grey(x, y));
  values.sort((a, b) => a - b);
  const [dark, light] = [values[0], values[values.length >> 1]];
  if (light - dark < 40) return whole; // nothing stands there
  const limit = dark + 0.5 * (light - dark);
  const pieces = piecesOf(left, top, right, bottom, (x, y) => grey(x, y) < limit);
  const isRule = ([x0, y0, x1, y1]) => {
    const [w, h] = [x1 - x0 + 1, y1 - y0 + 1];
    const touches = x0 === left || y0 === top || x1 === right - 1 || y1 === bottom - 1;
    return w > 0.6 * (right - left) || h > 0.9 * (bottom - top) || (touches && Math.max(w, h) > 4 * Math.min(w, h));
  };
  const print = pieces.filter((piece) => !isRule(piece));
  const tallest = Math.max(0, ...print.map((piece) => piece[3] - piece[1] + 1));
  const kept = print.filter((piece) => piece[3] - piece[1] + 1 >= 0.3 * tallest); // the rest is dirt
  if (!kept.length) return whole;
  const edges = [0, 1, 2, 3].map((side) => Math[side < 2 ? "min" : "max"](...kept.map((piece) => piece[side])));
  return [edges[0], edges[1], edges[2] - edges[0] + 1, edges[3] - edges[1] + 1];
}

/** The connected pieces of ink in a rectangle: left, top, right, bottom of each. */
function piecesOf(left, top, right, bottom, isInk) {
  const width = right - left;
  const seen = new Uint8Array(width * (bottom - top));
  const pieces = [];
  for (let start = 0; start < seen.length; start += 1) {
    if (seen[start] || !isInk(left + (start % width), top + Math.floor(start / width))) continue;
    const piece = [Infinity, Infinity, -1, -1];
    const open = [start];
    seen[start] = 1;
    while (open.length) {
      const at = open.pop();
      const [x, y] = [left + (at % width), top + Math.floor(at / width)];
      piece[0] = Math.min(piece[0], x);
      piece[1] = Math.min(piece[1], y);
      piece[2] = Math.max(piece[2], x);
      piece[3] = Math.max(piece[3], y);
      for (let dy = -1; dy <= 1; dy += 1) {
        for (let dx = -1; dx <= 1; dx += 1) {
          const [nx, ny] = [x + dx, y + dy];
          if (nx < left || nx >= right || ny < top || ny >= bottom) continue;
          const next = (ny - top) * width + nx - left;
          if (seen[next] || !isInk(nx, ny)) continue;
          seen[next] = 1;
          open.push(next);
        }
      }
    }
    pieces.push(piece);
  }
  return pieces;
}

/** Draw the print of a cell with some paper around it: on a sheet what is compared is as large as it can be. */
function drawPrint(canvas, bitmap) {
  const context = blankCanvas(canvas);
  const [x, y, width, height] = printIn(bitmap);
  const scale = Math.min((0.62 * canvas.height) / height, (0.8 * canvas.width) / width, 6 * (window.devicePixelRatio || 1));
  const [across, down] = [canvas.width / scale, canvas.height / scale];
  context.drawImage(bitmap, x + width / 2 - across / 2, y + height / 2 - down / 2, across, down, 0, 0, canvas.width, canvas.height);
}

/** Draw the whole printed row of a cell, with the cell framed: its heading as it is printed. */
function drawRow(canvas, page, box, quarters = 0) {
  const bitmap = turn(page, quarters);
  const [left, top, right, bottom] = turnBox(box, quarters);
  const context = blankCanvas(canvas);
  const margin = (bottom - top) * 0.25;
  const [y, height] = [(top - margin) * bitmap.height, (bottom - top + 2 * margin) * bitmap.height];
  const scale = Math.min(canvas.width / bitmap.width, canvas.height / height);
  const width = bitmap.width * scale;
  const offset = (canvas.width - width) / 2;
  const up = (canvas.height - height * scale) / 2;
  context.drawImage(bitmap, 0, y, bitmap.width, height, offset, up, width, height * scale);
  frame(context, offset + left * width, up + margin * bitmap.height * scale, (right - left) * width, (bottom - top) * bitmap.height * scale, 2);
}

/** A frame that is seen on any ground: a light line under a coloured one. */
function frame(context, x, y, width, height, thick, dashes = []) {
  const ratio = window.devicePixelRatio || 1;
  context.setLineDash([]);
  context.strokeStyle = "rgb(255 255 255 / .9)";
  context.lineWidth = (thick + 2) * ratio;
  context.strokeRect(x, y, width, height);
  context.setLineDash(dashes.map((dash) => dash * ratio));
  context.strokeStyle = "#d9480f";
  context.lineWidth = thick * ratio;
  context.strokeRect(x, y, width, height);
  context.setLineDash([]);
}

// -------------------------------------------------------------------------------------------------------------- 4 the page viewer

/** A page on a canvas: fitted or closer, moved by dragging, wheel, pinch or arrow keys; cells framed. */
class PageViewer {
  constructor(canvas, onPick = null) {
    this.canvas = canvas;
    this.onPick = onPick;
    this.boxes = [];
    this.pageId = null;
    this.picture = null;
    this.zoom = 1;
    this.centre = [0.5, 0.5];
    this.pointers = new Map();
    redrawOnResize(canvas, () => this.draw());
    canvas.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.onDown(event));
    canvas.addEventListener("pointermove", (event) => this.onMove(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => this.onUp(event));
    canvas.addEventListener("keydown", (event) => this.onKey(event));
  }

  /** Show a page with frames around cells; `box` is the one that matters. */
  show(pageId, box, boxes = []) {
    this.box = box && turnBox(box, turns.get(pageId));
    this.boxes = boxes.map((other) => ({ ...other, box: turnBox(other.box, turns.get(pageId)) }));
    if (pageId !== this.pageId) this.picture = pageId === null ? null : (pages.now(pageId) ?? null);
    this.pageId = pageId;
    if (this.box && this.zoom > 1) this.centre = [(this.box[0] + this.box[2]) / 2, (this.box[1] + this.box[3]) / 2];
    if (pageId !== null && !this.picture) {
      pages.get(pageId).then((bitmap) => {
        if (pageId === this.pageId && this.picture === null) {
          this.picture = bitmap;
          this.draw();
        }
      });
    }
    this.draw();
    if (this.zoom > 1) this.sharpen();
  }

  /** The page as it is shown: turned upright. */
  get bitmap() {
    return turn(this.picture, turns.get(this.pageId));
  }

  /** From the whole page to the cell and back. */
  toggle() {
    this.set(this.zoom > 1 ? 1 : 3, this.box ? [(this.box[0] + this.box[2]) / 2, (this.box[1] + this.box[3]) / 2] : this.centre);
  }

  set(zoom, centre) {
    this.zoom = Math.min(12, Math.max(1, zoom));
    this.centre = this.zoom === 1 ? [0.5, 0.5] : centre.map((share) => Math.min(1, Math.max(0, share)));
    if (this.zoom === 1) this.picture = pages.now(this.pageId) ?? this.picture;
    this.draw();
    if (this.zoom > 1) this.sharpen();
  }

  /** Take the original pixels once they are there. */
  sharpen() {
    const id = this.pageId;
    if (id === null) return;
    originals.get(id).then((bitmap) => {
      if (bitmap && id === this.pageId && this.zoom > 1) {
        this.picture = bitmap;
        this.draw();
      }
    });
  }

  /** Where the page stands on the canvas: left, top, width, height in its pixels. */
  place() {
    const { canvas, bitmap, zoom, centre } = this;
    const scale = Math.min(canvas.width / bitmap.width, canvas.height / bitmap.height) * zoom;
    const [width, height] = [bitmap.width * scale, bitmap.height * scale];
    return [canvas.width / 2 - centre[0] * width, canvas.height / 2 - centre[1] * height, width, height];
  }

  draw() {
    const context = blankCanvas(this.canvas);
    if (!this.bitmap) return;
    const [x, y, width, height] = this.place();
    context.drawImage(this.bitmap, x, y, width, height);
    for (const { box, doubtful, broken } of this.boxes) {
      if (doubtful || broken) frame(context, x + box[0] * width, y + box[1] * height, (box[2] - box[0]) * width, (box[3] - box[1]) * height, 1, broken ? [] : [3, 3]);
    }
    if (this.box) {
      const pad = 0.004 * width;
      const [left, top, right, bottom] = this.box;
      frame(context, x + left * width - pad, y + top * height - pad, (right - left) * width + 2 * pad, (bottom - top) * height + 2 * pad, 3);
    }
  }

  /** A place of the event as shares of the page. */
  at(event) {
    const ratio = window.devicePixelRatio || 1;
    const frameOf = this.canvas.getBoundingClientRect();
    const [x, y, width, height] = this.place();
    return [((event.clientX - frameOf.left) * ratio - x) / width, ((event.clientY - frameOf.top) * ratio - y) / height];
  }

  onWheel(event) {
    if (!this.bitmap) return;
    event.preventDefault();
    this.around(event, Math.exp(-event.deltaY / 400));
  }

  around(event, factor) {
    const before = this.at(event);
    this.zoom = Math.min(12, Math.max(1, this.zoom * factor));
    const after = this.at(event);
    this.set(this.zoom, [this.centre[0] + before[0] - after[0], this.centre[1] + before[1] - after[1]]);
  }

  onDown(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    this.moved = this.pointers.size > 1;
    this.spread = null;
  }

  onMove(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before || !this.bitmap) return;
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    const [dx, dy] = [event.clientX - before[0], event.clientY - before[1]];
    if (Math.abs(dx) + Math.abs(dy) > 1) this.moved = true;
    if (this.pointers.size === 2) {
      const [a, b] = [...this.pointers.values()];
      const spread = Math.hypot(a[0] - b[0], a[1] - b[1]);
      if (this.spread) this.around({ clientX: (a[0] + b[0]) / 2, clientY: (a[1] + b[1]) / 2 }, spread / this.spread);
      this.spread = spread;
    } else if (this.zoom > 1) {
      const [, , width, height] = this.place();
      const ratio = window.devicePixelRatio || 1;
      this.set(this.zoom, [this.centre[0] - (dx * ratio) / width, this.centre[1] - (dy * ratio) / height]);
    }
  }

  onUp(event) {
    const known = this.pointers.delete(event.pointerId);
    if (!known || this.moved || !this.bitmap || event.type === "pointercancel") return;
    const [x, y] = this.at(event);
    const hit = this.boxes.find(({ box }) => x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3]);
    if (this.onPick && hit) this.onPick(hit);
    else if (!this.onPick) this.set(this.zoom > 1 ? 1 : 3, [x, y]);
  }

  onKey(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const step = steps[event.key];
    if (step) this.set(this.zoom, [this.centre[0] + (step[0] * 0.1) / this.zoom, this.centre[1] + (step[1] * 0.1) / this.zoom]);
    else if (event.key === "+" || event.key === "=") this.set(this.zoom * 1.4, this.centre);
    else if (event.key === "-") this.set(this.zoom / 1.4, this.centre);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

// ----------------------------------------------------------------------------------------------------------------------- 5 saving

/** Entries of one request, milliseconds until the first attempt, and seconds between attempts. */
const BATCH = 20;
const SEND_AFTER = 30;
const PAUSES = [0.5, 1, 2, 4, 5];

/**
 * What was decided and is not saved yet. Each entry stands in the browser's storage under a name of its own, so that several windows do
 * not disturb each other and nothing is lost when the page or the server dies; the ids keep what is sent twice from counting twice.
 */
class Outbox {
  constructor() {
    // No name may begin like another one: what one person decided is not another's to send.
    this.prefix = `gikocr:${boot.workspace}:${encodeURIComponent(boot.person)}:`;
    this.memory = new Map();
    this.listeners = [];
    this.onLetGo = null;
    this.since = null;
    this.state = "saved";
    this.failures = 0;
    this.sent = new Set();
    try {
      localStorage.setItem(`${this.prefix}?`, "1");
      localStorage.removeItem(`${this.prefix}?`);
      this.stored = true;
    } catch {
      this.stored = false;
    }
    for (const [name, entry] of this.read()) this.memory.set(name, entry);
    window.addEventListener("beforeunload", (event) => {
      if (this.memory.size) event.preventDefault();
    });
    window.addEventListener("online", () => this.kick());
    this.number = 0;
    this.paint();
    this.kick();
  }

  /** The entries in the storage, in the order in which they were made. */
  read() {
    const found = [];
    if (!this.stored) return found;
    for (let i = 0; i < localStorage.length; i += 1) {
      const name = localStorage.key(i);
      if (!name.startsWith(this.prefix)) continue;
      try {
        found.push([name, JSON.parse(localStorage.getItem(name))]);
      } catch {
        // cut off by a crash while it was written: no decision of anybody
      }
    }
    return found.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  get size() {
    return this.memory.size;
  }

  /** Names of the fields that have unsaved decisions. */
  keys() {
    return new Set([...this.memory.values()].filter((entry) => entry.field_id).map(keyOf));
  }

  /** Keep an entry and send it soon; returns its name, by which it can be taken out again. */
  add(entry) {
    this.number += 1;
    const id = `${Date.now().toString(36)}-${String(this.number).padStart(6, "0")}-${Math.random().toString(36).slice(2, 10)}`;
    const name = this.prefix + id;
    const whole = { ...entry, id };
    this.memory.set(name, whole);
    if (this.stored) {
      try {
        localStorage.setItem(name, JSON.stringify(whole));
      } catch {
        this.stored = false; // full: it stays in memory, and leaving warns
      }
    }
    this.paint();
    this.kick();
    return name;
  }

  /** Take an entry out that was not sent yet; false when it is too late. */
  takeOut(name) {
    if (!this.memory.has(name) || this.sent.has(name)) return false;
    this.remove(name);
    return true;
  }

  remove(name) {
    this.memory.delete(name);
    if (this.stored) localStorage.removeItem(name);
    this.paint();
  }

  kick() {
    if (this.running) return;
    this.running = true;
    // The entry is in the storage; sending it may wait until the next cell is on the screen.
    wait(SEND_AFTER).then(() => this.run()).finally(() => (this.running = false));
  }

  async run() {
    while (this.memory.size) {
      try {
        // One window at a time sends; where the browser has no locks the ids alone keep things right.
        await (navigator.locks ? navigator.locks.request(`${this.prefix}send`, () => this.sendSome()) : this.sendSome());
        this.failures = 0;
      } catch (error) {
        if (!(error instanceof RequestFailed)) throw error;
        this.failures += 1;
        this.state = error.status === 401 ? "signed_out" : "offline";
        this.paint();
        const pause = PAUSES[Math.min(this.failures, PAUSES.length) - 1] * 1000;
        await wait(pause * (0.8 + 0.4 * Math.random())); // not all windows at once
      }
    }
    this.state = "saved";
    this.paint();
  }

  async sendSome() {
    const inOrder = [...this.memory].sort(([a], [b]) => (a < b ? -1 : 1));
    const batch = inOrder.slice(0, BATCH);
    if (!batch.length) return;
    for (const [name] of batch) this.sent.add(name);
    const since = this.since === null ? "" : `?since=${this.since}`;
    const { results, let_go } = await ask(`/data/decisions${since}`, batch.map(([, entry]) => entry));
    this.since = let_go.number;
    this.onLetGo?.(let_go.fields);
    for (const [index, result] of results.entries()) {
      if (result.status === 503) throw new RequestFailed(503, result.code);
      const [name, entry] = batch[index];
      this.remove(name);
      this.sent.delete(name);
      for (const listener of this.listeners) listener(entry, result);
    }
  }

  paint() {
    const sign = $("saving");
    if (!sign) return;
    if (!this.memory.size) this.state = "saved";
    else if (this.state === "saved") this.state = "unsaved";
    const [state, text] = {
      saved: ["saved", say("saved")],
      unsaved: ["unsaved", say("unsaved", this.memory.size)],
      offline: ["offline", say("offline", this.memory.size)],
      signed_out: ["offline", say("signed_out", this.memory.size)],
    }[this.state];
    const whole = this.stored ? text : `${text} · ${say("not_stored")}`;
    if (sign.textContent !== whole) sign.textContent = whole;
    sign.dataset.state = state;
    sign.dataset.count = String(this.memory.size);
  }
}

// --------------------------------------------------------------------------------------------------------- 6 one field, and keys

const DEFAULT_KEYS = {
  accept: "Enter", blank: "b", slash: "/", dash: "-", none_word: "n", unreadable: "u", source_error: "e", skip: "s", hand_up: "h",
  suggestion: "g", undo: "Ctrl+z", zoom: "z", turn: "r", help: "?",
};
for (let i = 1; i <= 9; i += 1) DEFAULT_KEYS[`alternative${i}`] = `Alt+${i}`;

/** What must stay for typing numbers, and keys of the browser. */
const FIXED_KEYS = /^([0-9.]|Tab|Escape|Backspace|Delete|Shift|Control|Alt|Meta|Process|Unidentified|Dead)$/;

const Keys = {
  load() {
    let own = {};
    try {
      own = JSON.parse(localStorage.getItem("gikocr:keys")) ?? {};
    } catch {
      // damaged or not there: the defaults
    }
    this.of = { ...DEFAULT_KEYS };
    for (const [action, key] of Object.entries(own)) if (action in DEFAULT_KEYS && typeof key === "string") this.of[action] = key;
    this.actions = new Map(Object.entries(this.of).map(([action, key]) => [key, action]));
  },
  save(changed) {
    localStorage.setItem("gikocr:keys", JSON.stringify(changed));
    this.load();
  },
  /** The name of a key press, such as "Ctrl+z"; full-width signs of Chinese input count as the plain ones. */
  name(event) {
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code ?? "");
    const key = event.altKey && digit ? digit[1] : event.key.length === 1 ? event.key.normalize("NFKC").toLowerCase() : event.key;
    return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${key}`;
  },
  label(action) {
    const alternative = /^alternative(\d)$/.exec(action);
    if (alternative) return say("alternative", alternative[1]);
    return say({ blank: "key_blank", slash: "key_slash", dash: "key_dash", suggestion: "take_suggestion" }[action] ?? action);
  },
};
Keys.load();

/** Whether an input method is at work on this key press: then it is none of ours. */
const composes = (event) => event.isComposing || event.keyCode === 229;

/** Shows one item and takes the answer. `onAnswer({value, state, kind, reason})` gets it. */
class Stage {
  constructor(onAnswer, viewer = null) {
    this.onAnswer = onAnswer;
    this.viewer = viewer;
    this.root = $("stage");
    this.input = $("value");
    this.item = null;
    this.typed = null;
    this.input.addEventListener("focus", () => setTimeout(() => this.input.select()));
    this.input.addEventListener("input", (event) => {
      if (!event.isComposing) this.setTyped(this.input.value);
    });
    this.input.addEventListener("compositionend", () => this.setTyped(this.input.value));
    for (const button of this.root.querySelectorAll("[data-do]")) {
      const action = button.dataset.do;
      button.append(" ", make("kbd", { textContent: keyName(Keys.of[action]) }));
      button.setAttribute("aria-keyshortcuts", keyName(Keys.of[action]));
    }
    redrawOnResize($("crop"), () => this.item && this.drawCrop());
    redrawOnResize($("strip"), () => this.item && this.drawAround(this.item));
  }

  show(item) {
    this.item = item;
    this.since = performance.now();
    this.typed = null;
    const { field } = item;
    const title = [item.agency ?? item.document, item.year, item.agency ? item.document : null].filter(Boolean).join(" · ");
    $("source").textContent = title;
    $("row-heading").textContent = chinese ? item.row.zh || item.row.en : item.row.en;
    $("column-heading").textContent = chinese ? item.column.zh : item.column.en;
    $("printed-heading").textContent = chinese ? "" : [item.row.zh, item.column.zh].filter(Boolean).join(" × ");
    this.paintPrinted();
    const notes = [];
    if (item.blind) notes.push(say("blind"));
    if (item.handed_up) notes.push(say("handed_up", item.handed_up));
    if (item.locked) notes.push(say("waits_for_senior"));
    for (const given of item.answers) notes.push(say("answer_of", given.by, inWords(given.value, given.state)));
    if (field.decided) notes.push(say("decided_by", field.decided.by, inWords(field.decided.value, field.decided.state)));
    $("notice").textContent = notes.join(" ");
    $("notice").hidden = !notes.length;
    $("problem").textContent = "";
    this.drawCrop();
    this.paintPassage();
    this.paintValue();
    this.paintAlternatives();
    this.paintSums();
    if (!item.crop || crops.now(item.crop)) this.onDrawn?.();
    // The page beside it may come a frame later: the cell is what is waited for.
    afterFrame(() => this.drawAround(item));
  }

  /** What stands: decided, else read. */
  standing() {
    const { field, blind } = this.item;
    return blind ? { value: null, state: null } : (field.decided ?? field);
  }

  /** The answer that would be given now; value and state null where nothing is shown yet. */
  answer() {
    if (this.typed === null) return { value: this.standing().value, state: this.standing().state };
    if (this.typed.trim() === "-") return { value: null, state: "dash" };
    const value = typedAmount(this.typed);
    return value === null ? null : { value, state: "read" };
  }

  drawPictures() {
    this.drawCrop();
    if (this.item) this.drawAround(this.item);
  }

  drawCrop() {
    const { item } = this;
    if (!item) return;
    for (const id of ["crop", "strip"]) $(id).hidden = item.crop === null;
    if (this.viewer) this.viewer.canvas.hidden = !item.page;
    if (item.crop === null) return;
    const bitmap = crops.now(item.crop);
    if (bitmap) drawFitted($("crop"), bitmap, this.quarters());
    else {
      blankCanvas($("crop"));
      crops.get(item.crop).then((found) => {
        if (item !== this.item) return;
        if (found) drawFitted($("crop"), found, this.quarters());
        else $("problem").textContent = say("no_picture");
        this.onDrawn?.();
      });
    }
  }

  quarters() {
    return turns.get(this.item.page?.id) ?? 0;
  }

  /** Turn the page of this item by a quarter, for a table that was scanned on its side. */
  turnPage() {
    if (!this.item.page) return;
    turnPage(this.item.page.id);
    this.drawPictures();
  }

  /** Draw the printed row, and the page: also where the cell was not found on it, for the page before is another field's. */
  drawAround(item) {
    if (item !== this.item) return;
    this.viewer?.show(item.page?.id ?? null, item.page ? item.box : null);
    if (item.crop === null || !item.page) return;
    const page = pages.now(item.page.id);
    if (page && item.box) drawRow($("strip"), page, item.box, this.quarters());
    else {
      blankCanvas($("strip"));
      if (item.box) pages.get(item.page.id).then((found) => found && this.drawAround(item));
    }
  }

  /** The headings as printed, where they were read; they come a moment later where they were not asked for ahead. */
  paintPrinted() {
    const { item } = this;
    const paint = (text) => ($("as-printed").textContent = text ? say("as_printed", text) : "");
    const known = headings.found.get(keyOf(item.field));
    paint(known ?? "");
    if (known === undefined && item.page) headings.get(item).then((text) => item === this.item && paint(text));
  }

  paintPassage() {
    const { passage } = this.item;
    $("passage").hidden = !passage;
    if (!passage) return;
    const place = passage.line !== null ? say("place_line", passage.line, passage.column ?? "–") : passage.row !== null ? say("place_table", passage.table ?? "–", passage.row, passage.cell ?? "–") : "";
    const mark = make("mark", { textContent: passage.match || "□" });
    $("passage").replaceChildren(place ? make("small", { className: "note", textContent: `${place}\n` }) : "", passage.before, mark, passage.after);
    const box = $("passage");
    box.scrollTop = Math.max(0, mark.offsetTop - box.offsetTop - box.clientHeight / 2);
  }

  paintValue() {
    const standing = this.standing();
    const text = this.typed ?? (UNREAD.has(standing.state) ? "" : shown(standing.value, standing.state));
    if (this.input.value !== text) this.input.value = text;
    this.input.dataset.typed = String(this.typed !== null);
    const answer = this.answer();
    $("state").textContent = answer?.state ? say(answer.state) : "";
  }

  paintAlternatives() {
    const { item } = this;
    const entries = item.alternatives.slice(0, 9).map((choice, index) => {
      const key = keyName(Keys.of[`alternative${index + 1}`]);
      const button = make("button", { type: "button", onclick: () => this.take(index) }, make("kbd", { textContent: key }), make("b", { textContent: choice.printed || shown(choice.value, choice.state) }));
      if (choice.state !== "read") button.append(make("small", { textContent: say(choice.state) }));
      button.append(make("span", { className: "note", textContent: share(choice.probability) }));
      return make("li", {}, button);
    });
    const hint = hintOf(item);
    if (hint) {
      const label = say(hint.seen ? "suggestion_seen" : "suggestion");
      const button = make("button", { type: "button", className: "hint", onclick: () => this.takeSuggestion() }, make("kbd", { textContent: keyName(Keys.of.suggestion) }), `${label} `, make("b", { textContent: hint.value }));
      entries.push(make("li", {}, button));
    }
    $("alternatives").replaceChildren(...(entries.length ? entries : [make("li", { className: "note", textContent: item.blind ? "" : say("no_alternatives") })]));
  }

  paintSums() {
    const { item } = this;
    const answer = this.answer();
    const blocks = item.sums.map((sum) => {
      const found = checkSum(sum, item.field.field_id, answer);
      const sides = [[], []];
      const silent = [0, 0];
      const labels = ownParts(sum.terms.map((term) => term.label));
      for (const [index, term] of sum.terms.entries()) {
        const own = term.field_id === item.field.field_id;
        const value = standingPart(term, item.field.field_id, answer);
        const left = term.coefficient > 0 ? 0 : 1;
        if (sum.terms.length > 9 && !own && !term.doubtful && !UNREAD.has(value.state) && !Number(value.value ?? 0) && sides[left].length) {
          silent[left] += 1;
          continue;
        }
        const chip = make("span", { className: "term", title: term.label }, make("small", { textContent: labels[index] }), make("b", { textContent: term.hidden ? "⋯" : shown(value.value, value.state) || "□" }));
        if (own) chip.classList.add("this");
        else if (term.doubtful) chip.classList.add("doubtful");
        if (sides[left].length) sides[left].push("+");
        sides[left].push(chip);
      }
      for (const left of [0, 1]) if (silent[left]) sides[left].push("+", make("span", { className: "note", textContent: say("other_terms", silent[left]) }));
      const missing = found.unread.map((term) => labels[sum.terms.indexOf(term)]).join(chinese ? "、" : ", ");
      const verdict = missing ? say("unread_part", missing) : found.holds === null ? say("not_checkable") : found.holds ? say("holds") : say("broken", found.difference);
      const totals = found.holds === null ? [] : [make("span", { className: "note", textContent: `${found.left} ${found.holds ? "=" : "≠"} ${found.right}` })];
      const line = make("div", { className: "sum-line" }, ...sides[0], "=", ...sides[1], make("span", { className: "verdict" }, ...totals, " ", verdict));
      return make("div", { className: `sum ${found.holds === null ? "" : found.holds ? "holds" : "broken"}` }, line);
    });
    $("sums").replaceChildren(...(blocks.length || item.blind ? blocks : [make("p", { className: "note", textContent: say("no_sums") })]));
  }

  setTyped(text) {
    this.typed = text;
    $("problem").textContent = "";
    this.paintValue();
    this.paintSums();
  }

  /** A key that types; true when it was one. The box need not have the focus for it. */
  type(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || document.activeElement === this.input) return false;
    const key = event.key.length === 1 ? event.key.normalize("NFKC").replace("−", "-") : event.key;
    if (/^[0-9.]$/.test(key) || (key === "-" && !this.typed)) this.setTyped((this.typed ?? "") + key);
    else if (key === "Backspace") this.setTyped((this.typed ?? "").slice(0, -1));
    else if (key === "Escape" && this.typed !== null) this.clear();
    else return false;
    return true;
  }

  clear() {
    this.typed = null;
    $("problem").textContent = "";
    this.paintValue();
    this.paintSums();
  }

  /** Do what a key or a button says; true when it is for one field. */
  act(action) {
    if (!this.item) return false;
    const alternative = /^alternative(\d)$/.exec(action);
    if (alternative) this.take(Number(alternative[1]) - 1);
    else if (action === "accept") this.accept();
    else if (action === "suggestion") this.takeSuggestion();
    else if (action === "source_error") this.accept("source_error");
    else if (action === "unreadable") this.give(null, "unreadable", "unreadable");
    else if (action === "blank") this.give(null, "blank", "blank");
    else if (["slash", "dash", "none_word"].includes(action)) this.give(null, action, "state");
    else return false;
    return true;
  }

  accept(kind = null) {
    const answer = this.answer();
    if (answer === null || answer.state === null) {
      $("problem").textContent = say("no_number", this.typed ?? "");
      return;
    }
    const standing = this.standing();
    if (this.typed === null && UNREAD.has(answer.state) && !this.item.field.decided) {
      $("problem").textContent = say("need_answer");
      return;
    }
    const same = answer.state === standing.state && (answer.value === standing.value || equalAmounts(answer.value, standing.value));
    this.give(same ? standing.value : answer.value, answer.state, kind ?? (same ? "accept" : "correct"));
  }

  take(index) {
    const choice = this.item.alternatives[index];
    if (choice) this.give(choice.value, choice.state, "alternative");
  }

  takeSuggestion() {
    const hint = hintOf(this.item);
    if (hint) this.give(hint.value, "read", "suggestion");
  }

  give(value, state, kind) {
    if (this.item.locked) {
      $("problem").textContent = say("waits_for_senior");
      return;
    }
    const seconds = Math.min(600, (performance.now() - this.since) / 1000);
    this.onAnswer(this.item, { value, state, kind, seconds: Math.round(seconds * 100) / 100 });
  }
}

/** A key for the eye. */
function keyName(key) {
  return key === "Enter" ? "↵" : key.replace("Ctrl+", "Ctrl ").replace("Alt+", "Alt ").replace(/(^| )([a-z])$/, (_, before, letter) => before + letter.toUpperCase());
}

/** The entry of a decision for the outbox. */
function settling(item, answer) {
  const { field } = item;
  return {
    action: "settle", report_id: field.report_id, field_id: field.field_id, version: field.version, blind: item.blind,
    value: answer.value, state: answer.state, kind: answer.kind, seconds: answer.seconds, label: `${item.row.zh} ${item.column.zh}`.trim(),
  };
}

/** The focus is where keys mean something else: in a text of its own, on a button for Enter and blanks. */
function isElsewhere(event, input) {
  const { target } = event;
  if (target === input) return false;
  if (target.closest("input, select, textarea, dialog:not(.editor)")) return true;
  return ["Enter", " "].includes(event.key) && target.closest("button, a, summary");
}

/** A list of the keys, until any key closes it. */
function showKeys() {
  const rows = Object.entries(Keys.of).map(([action, key]) => make("tr", {}, make("td", { textContent: Keys.label(action) }), make("td", {}, make("kbd", { textContent: keyName(key) }))));
  const close = make("button", { type: "button", textContent: "×", onclick: () => dialog.close() });
  close.setAttribute("aria-label", "Esc");
  const dialog = make("dialog", { className: "card" }, close, make("table", { className: "list keys" }, make("tbody", {}, ...rows)));
  dialog.setAttribute("aria-label", say("help"));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Ask for a reason; null when it was given up. */
function askReason() {
  return new Promise((resolve) => {
    const input = make("input", { maxLength: 300, autocomplete: "off" });
    const form = make("form", { method: "dialog", className: "stacked" }, make("label", {}, say("reason"), " ", input), make("button", { className: "main", value: "yes", textContent: say("hand_up") }));
    const dialog = make("dialog", { className: "card" }, form);
    dialog.setAttribute("aria-label", say("hand_up"));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? input.value.trim() : null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// ------------------------------------------------------------------------------------------------------ 7 one field after the other

/** Items that are kept ready, and fetched at the very first; how often counts are asked for and items are held anew, in seconds. */
const AHEAD = 20;
const FIRST = 5;
const COUNT_EVERY = 15;
const HOLD_EVERY = 120;

class ReviewPage {
  constructor(outbox) {
    this.outbox = outbox;
    this.queue = [];
    this.current = null;
    this.past = [];
    this.known = new Map();
    this.over = outbox.keys();
    this.place = "";
    this.desk = $("desk");
    this.filter = new URLSearchParams(this.desk.dataset.filter);
    this.filter.set("order", this.desk.dataset.order);
    this.viewer = new PageViewer($("paper"));
    this.stage = new Stage((item, answer) => this.settle(item, answer), this.viewer);
    this.stage.onDrawn = () => this.onDrawn();
    outbox.listeners.push((entry, result) => this.onResult(entry, result));
    outbox.onLetGo = (fields) => this.drop(fields);
    document.addEventListener("keydown", (event) => this.onKey(event));
    for (const button of document.querySelectorAll("[data-do]")) button.addEventListener("click", (event) => this.act(button.dataset.do, event));
    $("zoom-in").onclick = () => this.viewer.set(this.viewer.zoom * 1.5, this.viewer.centre);
    $("zoom-out").onclick = () => this.viewer.set(this.viewer.zoom / 1.5, this.viewer.centre);
    $("fit").onclick = () => this.viewer.set(1, this.viewer.centre);
    window.addEventListener("popstate", (event) => this.goTo(event.state?.key));
    window.addEventListener("pagehide", () => this.giveBack());
    this.start();
  }

  async start() {
    const query = new URLSearchParams(location.search);
    const asked = query.get("report") && query.get("at") ? `${query.get("report")}:${query.get("at")}` : null;
    const [first] = await Promise.all([asked ? this.fetchItem(asked) : null, this.fill()]);
    if (first) {
      this.queue = this.queue.filter((item) => keyOf(item.field) !== asked);
      this.show(first, "replace");
    } else this.advance("replace");
    this.refreshCounts();
    setInterval(() => this.refreshCounts(), COUNT_EVERY * 1000);
    setInterval(() => this.hold(), HOLD_EVERY * 1000);
  }

  async fetchItem(key) {
    const [report, field] = key.split(/:(.*)/s);
    try {
      return await ask(`/data/item/${encodeURIComponent(report)}/${encodeURIComponent(field)}`);
    } catch {
      return null;
    }
  }

  /** Fetch items until enough are there, and decode their pictures. */
  fill() {
    if (this.queue.length >= AHEAD) return Promise.resolve();
    this.filling ??= this.fetchMore().finally(() => (this.filling = null));
    return this.filling;
  }

  async fetchMore() {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const query = new URLSearchParams(this.filter);
        query.set("limit", String(this.begun ? AHEAD : FIRST));
        if (this.place) query.set("after", this.place);
        const { items } = await ask(`/data/queue?${query}`);
        const held = new Set([...this.queue.map((item) => keyOf(item.field)), ...(this.current ? [keyOf(this.current.field)] : [])]);
        const fresh = items.filter((item) => !this.over.has(keyOf(item.field)) && !held.has(keyOf(item.field)));
        if (items.length) this.place = items[items.length - 1].place;
        this.queue.push(...fresh);
        if (this.begun) this.decodeAhead();
        this.ended = !items.length;
        if (this.ended && this.place) {
          this.place = ""; // from the start again: others may have given something back
          if (!this.queue.length && !this.again) {
            this.again = true;
            continue;
          }
        }
        this.again = false;
        return;
      } catch (error) {
        if (!(error instanceof RequestFailed)) throw error;
        if (error.status === 401) location.assign("/sign-in");
        if (error.status === 403) {
          this.ended = true;
          this.refused = true;
          return;
        }
        if (!this.current) this.empty(say("no_server"));
        await wait(PAUSES[Math.min(attempt, PAUSES.length - 1)] * 1000);
      }
    }
  }

  decodeAhead() {
    for (const item of this.queue.slice(0, AHEAD)) {
      if (item.crop) crops.get(item.crop, true);
      if (item.page) {
        pages.get(item.page.id, true);
        headings.get(item, true);
      }
    }
  }

  advance(how = "push") {
    const next = this.queue.shift();
    if (next) this.show(next, how);
    else {
      this.current = null;
      this.empty(say(this.refused ? "waits_for_senior" : this.filling ? "loading" : "done"));
      if (!this.ended || this.filling) {
        this.fill().then(() => {
          if (!this.current && this.queue.length) this.advance("replace");
          else if (!this.current) this.empty(say("done"));
        });
      }
    }
    whenIdle(() => {
      if (this.begun) this.decodeAhead();
      if (this.begun && !this.ended) this.fill();
    });
  }

  empty(text) {
    $("empty").textContent = text;
    $("empty").hidden = false;
    this.desk.hidden = true;
    announce(text);
  }

  show(item, how = "push") {
    const { field } = item;
    this.current = item;
    if (this.desk.hidden) {
      this.desk.hidden = false;
      $("empty").hidden = true;
    }
    if (!item.blind) this.known.set(keyOf(field), item);
    // To give the focus lays the page out, so it is not given to what has it.
    if (document.activeElement !== this.stage.root) this.stage.root.focus({ preventScroll: true });
    this.stage.show(item);
    this.desk.dataset.field = keyOf(field);
    afterFrame(() => this.showAround(item, how));
  }

  /** What belongs to an item and is not waited for: its address, what is said of it, the way to its form. */
  showAround(item, how) {
    const { field } = item;
    if (item === this.current) {
      $("page-name").textContent = item.page ? say("page_number", item.page.number) : "";
      $("whole-form").href = `/form/${field.report_id}?at=${encodeURIComponent(field.field_id)}`;
      const reading = this.stage.answer();
      announce([$("row-heading").textContent, $("column-heading").textContent, reading?.state ? inWords(reading.value, reading.state) : say("blind")].join(", "));
    }
    if (how) {
      const query = new URLSearchParams(this.filter);
      if (!item.blind) {
        // A second answer has no address: what is asked for by address is shown with the first one.
        query.set("report", String(field.report_id));
        query.set("at", field.field_id);
      }
      history[`${how}State`]({ key: item.blind ? null : keyOf(field) }, "", `?${query}`);
    }
  }

  /** The cell is drawn: note how long that took since the key, once the screen has it. */
  onDrawn() {
    const since = this.begun ? this.pressed : 0;
    const name = this.begun ? "gikocr:next" : "gikocr:first";
    if (!this.begun) {
      this.begun = true;
      setTimeout(() => this.fill().then(() => this.decodeAhead()), 50);
    }
    this.pressed = null;
    if (since === null || since === undefined) return;
    afterFrame(() => performance.measure(name, { start: since, end: performance.now() }));
  }

  settle(item, answer) {
    const key = keyOf(item.field);
    const name = this.outbox.add(settling(item, answer));
    this.past.push({ item, name, field: { ...item.field } });
    if (this.past.length > 200) this.past.shift();
    this.over.add(key);
    if (!item.blind) {
      item.field.decided = { value: answer.value, state: answer.state, by: boot.person };
      item.field.version += 1;
      this.spread(item.field, answer.value, answer.state);
    }
    this.count(-1);
    this.advance();
  }

  /** Put a value into the sums of the items that wait: they are shown as they stand. */
  spread(field, value, state) {
    for (const item of [...this.queue, ...this.known.values()]) {
      if (item.field.report_id !== field.report_id) continue;
      for (const sum of item.sums) for (const term of sum.terms) if (term.field_id === field.field_id) Object.assign(term, { value, state, decided: true, doubtful: false });
    }
  }

  skip() {
    const { current } = this;
    this.past.push({ item: current, name: null, field: { ...current.field } });
    this.over.add(keyOf(current.field));
    ask("/data/release", [[current.field.report_id, current.field.field_id]]).catch(() => {}); // the lease ends by itself
    this.advance();
  }

  async handUp() {
    const { current } = this;
    const reason = await askReason();
    if (reason === null || current !== this.current) return;
    const { report_id, field_id, version } = current.field;
    const name = this.outbox.add({ action: "hand_up", report_id, field_id, version, reason });
    this.past.push({ item: current, name, field: { ...current.field }, handedUp: true });
    this.over.add(keyOf(current.field));
    this.count(-1);
    this.advance();
  }

  undo() {
    const last = this.past.pop();
    if (!last) {
      this.outbox.add({ action: "undo", report_id: 0, field_id: "-", version: 0 });
      return;
    }
    const { item, name, field, handedUp } = last;
    const sent = name !== null && !this.outbox.takeOut(name);
    if (sent && handedUp) this.outbox.add({ action: "withdraw", report_id: field.report_id, field_id: field.field_id, version: field.version });
    const decided = item.field.decided;
    Object.assign(item.field, field);
    if (sent && decided !== field.decided) {
      item.field.version = field.version + 2;
      this.outbox.add({ action: "undo", report_id: field.report_id, field_id: field.field_id, version: field.version + 1 });
    } else if (sent && item.blind && !handedUp) {
      this.outbox.add({ action: "undo", report_id: field.report_id, field_id: field.field_id, version: field.version });
    }
    const standing = field.decided ?? field;
    if (!item.blind) this.spread(field, standing.value, standing.state);
    this.over.delete(keyOf(field));
    if (name !== null) this.count(1);
    if (this.current) this.queue.unshift(this.current);
    this.show(item);
    afterFrame(() => announce(say("undone")));
  }

  /** Go to a field by the address: back, forward, or deciding again. */
  async goTo(key, how = null) {
    if (!key || (this.current && keyOf(this.current.field) === key)) return;
    const item = this.known.get(key) ?? (await this.fetchItem(key));
    if (!item) return;
    if (this.current && !this.over.has(keyOf(this.current.field))) this.queue.unshift(this.current);
    this.queue = this.queue.filter((other) => keyOf(other.field) !== key);
    this.show(item, how);
  }

  onResult(entry, result) {
    const item = entry.field_id ? this.known.get(keyOf(entry)) : null;
    if (result.status === 409 && entry.action === "undo") this.onUndoConflict(entry, result.stands);
    else if (result.status === 409) this.addConflict(entry, result, item);
    else if (result.status === 403) this.addRefusal(entry, result, item);
    else if (result.status !== 200) $("problem").textContent = say("refused", result.message ?? result.code);
    else if (result.settled) {
      if (result.settled.differs) announce(say("differs"));
    } else if (result.undone) this.onUndone(entry, result.undone);
  }

  /** Fields that inference is sure of now, with what was decided, need nobody any more. */
  drop(fields) {
    const sure = new Set(fields.map(([report, field]) => `${report}:${field}`));
    if (sure.size) this.queue = this.queue.filter((item) => !sure.has(keyOf(item.field)) || item.blind);
  }

  async onUndone(entry, undone) {
    if (!undone.length) announce(say("nothing_to_undo"));
    for (const { field } of undone) {
      const item = this.known.get(keyOf(field));
      if (item && keyOf(field) === keyOf(entry)) item.field.version = Math.max(item.field.version, field.version);
      else if (keyOf(field) !== keyOf(entry)) {
        // It was decided before this page was opened, or in another window.
        this.known.delete(keyOf(field));
        this.over.delete(keyOf(field));
        await this.goTo(keyOf(field), "push");
      }
    }
  }

  /** Somebody else decided on what was to be taken back: show it as it stands. */
  async onUndoConflict(entry, stands) {
    this.known.delete(keyOf(entry));
    const item = await this.fetchItem(keyOf(entry));
    if (item && this.current && keyOf(this.current.field) === keyOf(entry)) this.show(item, null);
    $("problem").textContent = say("undo_conflict", stands?.decided?.by ?? "–");
  }

  /** What stands after a decision that was not kept. */
  takeStanding(entry, stands, item) {
    if (item && stands) {
      item.field.version = stands.version;
      item.field.decided = stands.decided;
      const { value, state } = stands.decided ?? stands;
      this.spread(item.field, value, state);
    }
    this.past = this.past.filter((past) => keyOf(past.item.field) !== keyOf(entry));
  }

  addConflict(entry, result, item) {
    const stands = result.stands;
    this.takeStanding(entry, stands, item);
    const theirs = stands?.decided ?? stands;
    const text = say("conflict", entry.label ?? entry.field_id, stands?.decided?.by ?? "–", theirs ? inWords(theirs.value, theirs.state) : "–", inWords(entry.value, entry.state));
    const again = () => {
      this.known.delete(keyOf(entry));
      this.goTo(keyOf(entry), "push");
    };
    this.tell(text, ["keep_theirs"], ["decide_again", again]);
  }

  /** The field waits for a senior: the answer was not kept. */
  addRefusal(entry, result, item) {
    this.takeStanding(entry, result.stands, item);
    this.known.delete(keyOf(entry));
    this.tell(say("senior_needed", entry.label ?? entry.field_id, inWords(entry.value, entry.state)), ["close"]);
  }

  /** Say something that is not to be missed, until a button is pressed. */
  tell(text, ...buttons) {
    const line = make("li", { textContent: `${text} ` });
    const done = () => {
      line.remove();
      $("conflicts").hidden = !$("conflicts").querySelector("li");
      this.stage.root.focus({ preventScroll: true });
    };
    for (const [word, what] of buttons) {
      const pressed = () => {
        done();
        what?.();
      };
      line.append(make("button", { type: "button", textContent: say(word), onclick: pressed }));
    }
    $("conflicts").querySelector("ul").append(line);
    $("conflicts").hidden = false;
    announce(text);
  }

  act(action) {
    if (action === "help") return showKeys(), true;
    if (action === "undo") return this.undo(), true;
    if (!this.current) return false;
    if (action === "skip") return this.skip(), true;
    if (action === "hand_up") return this.handUp(), true;
    if (action === "zoom") return this.viewer.toggle(), true;
    if (action === "turn") return this.stage.turnPage(), true;
    return this.stage.act(action);
  }

  onKey(event) {
    if (composes(event) || event.defaultPrevented || isElsewhere(event, this.stage.input)) return;
    const name = Keys.name(event);
    const action = Keys.actions.get(name);
    const types = action === "dash" || (name === "-" && !action);
    this.pressed = event.timeStamp;
    const inInput = event.target === this.stage.input;
    if (types && this.stage.item && this.current) {
      if (inInput || !this.stage.type({ ...plainKey("-") })) return; // in the box it is typed by the browser
    } else if (event.repeat && action) {
      // a key that is held down decides once
    } else if (!(action && this.act(action)) && !(this.current && this.stage.type(event))) {
      this.pressed = null;
      return;
    }
    event.preventDefault();
  }

  count(change) {
    if (!this.counts) return;
    this.counts.waiting = Math.max(0, this.counts.waiting + change);
    this.counts.settled = Math.max(0, this.counts.settled - change);
    this.paintCounts();
  }

  async refreshCounts() {
    if (document.hidden) return;
    try {
      this.counts = await ask(`/data/counts?${this.filter}`);
      this.counts.waiting = Math.max(0, this.counts.waiting - this.outbox.size);
      this.counts.settled += this.outbox.size;
      this.paintCounts();
    } catch {
      // the next time
    }
  }

  paintCounts() {
    const { waiting, settled, seconds_left: left } = this.counts;
    const text = [say("left_in_queue", waiting, settled)];
    if (left) text.push(left < 60 ? say("seconds_left") : left < 7200 ? say("minutes_left", Math.round(left / 60)) : say("hours_left", (left / 3600).toFixed(1)));
    $("left").textContent = text.join(" · ");
  }

  places() {
    return [...(this.current ? [this.current] : []), ...this.queue].map((item) => [item.field.report_id, item.field.field_id]);
  }

  hold() {
    if (!document.hidden && this.places().length) ask("/data/hold", this.places()).catch(() => {});
  }

  giveBack() {
    const places = this.places();
    if (places.length) ask("/data/release", places, { keepalive: true }).catch(() => {});
  }
}

const plainKey = (key) => ({ key, ctrlKey: false, altKey: false, metaKey: false });

// ----------------------------------------------------------------------------------------------------------------- 8 look-alikes

class SheetPage {
  constructor(outbox) {
    this.outbox = outbox;
    this.grid = $("cells");
    this.cells = [];
    this.after = "";
    $("confirm").append(" ", make("kbd", { textContent: keyName("Enter") }));
    $("confirm").onclick = () => this.confirm();
    document.addEventListener("keydown", (event) => this.onKey(event));
    outbox.listeners.push((entry, result) => this.onResult(entry, result));
    if (this.grid.dataset.printed !== undefined) this.load();
    else $("printed").focus();
  }

  async load() {
    const query = new URLSearchParams({ printed: this.grid.dataset.printed });
    if (this.after) query.set("after", this.after);
    try {
      const sheet = await ask(`/data/sheet?${query}`);
      this.after = sheet.after ?? "";
      this.ended = sheet.after === null;
      this.paint(sheet);
    } catch (error) {
      announce(say("failed", error.message));
    }
  }

  paint(sheet) {
    this.since = performance.now();
    const unsaved = this.outbox.keys();
    this.cells = sheet.cells.filter((cell) => !unsaved.has(keyOf(cell)));
    const buttons = this.cells.map((cell, index) => {
      const label = `${say("cell", sheet.printed)}, ${cell.document}, ${share(cell.probability)}`;
      const content = cell.crop ? make("canvas") : make("b", { textContent: sheet.printed || "□" });
      const button = make("button", { type: "button", title: label, tabIndex: index ? -1 : 0, onclick: () => this.mark(index) }, content);
      button.setAttribute("aria-label", label);
      button.setAttribute("aria-pressed", "false");
      return button;
    });
    this.grid.replaceChildren(...buttons);
    for (const [index, cell] of this.cells.entries()) {
      if (cell.crop) glyphs.load(cell.crop).then((bitmap) => bitmap && drawPrint(buttons[index].firstChild, bitmap));
    }
    $("sheet-bar").hidden = !buttons.length;
    $("sheet-empty").hidden = buttons.length > 0;
    this.count();
    buttons[0]?.focus({ preventScroll: true });
  }

  mark(index) {
    const button = this.grid.children[index];
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    this.focus(index);
    this.count();
  }

  focus(index) {
    for (const button of this.grid.children) button.tabIndex = -1;
    this.grid.children[index].tabIndex = 0;
    this.grid.children[index].focus();
  }

  isOdd(index) {
    return this.grid.children[index].getAttribute("aria-pressed") === "true";
  }

  count() {
    const odd = this.cells.filter((_, index) => this.isOdd(index)).length;
    $("odd-count").textContent = say("odd_count", odd, this.cells.length - odd);
  }

  confirm() {
    if (!this.cells.length) return;
    const triple = (cell) => [cell.report_id, cell.field_id, cell.version];
    const odd = this.cells.filter((_, index) => this.isOdd(index)).map(triple);
    const confirmed = this.cells.filter((_, index) => !this.isOdd(index)).map(triple);
    const seconds = Math.round((performance.now() - this.since) / 10) / 100;
    this.outbox.add({ action: "sheet", printed: this.grid.dataset.printed, confirmed, odd, seconds });
    this.cells = [];
    this.grid.replaceChildren();
    announce(say("confirmed", confirmed.length, odd.length));
    $("sheet-bar").hidden = true;
    if (this.ended) $("sheet-empty").hidden = false;
    else this.load();
  }

  onResult(entry, result) {
    if (entry.action === "undo" && result.status === 200) {
      this.after = "";
      this.load();
    }
    if (entry.action !== "sheet") return;
    const late = result.conflicts ?? 0;
    const text = result.status === 200 ? say("confirmed", result.confirmed, entry.odd.length) + (late ? ` · ${say("too_late", late)}` : "") : say("refused", result.message ?? result.code);
    announce(text);
    $("odd-count").textContent = text;
  }

  onKey(event) {
    if (composes(event)) return;
    if (Keys.actions.get(Keys.name(event)) === "undo" && !event.target.closest("input")) {
      this.outbox.add({ action: "undo", report_id: 0, field_id: "-", version: 0 });
      event.preventDefault();
      return;
    }
    const index = [...this.grid.children].indexOf(document.activeElement);
    if (index < 0) return;
    const across = Math.max(1, Math.round(this.grid.clientWidth / (this.grid.children[0].offsetWidth + 8)));
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across, Home: -index, End: this.grid.children.length - 1 - index }[event.key];
    if (event.key === "Enter") this.confirm();
    else if (event.key === " ") this.mark(index);
    else if (step !== undefined) this.focus(Math.min(this.grid.children.length - 1, Math.max(0, index + step)));
    else return;
    event.preventDefault();
  }
}

// -------------------------------------------------------------------------------------------------------------- 9 the whole form

class FormPage {
  constructor(outbox) {
    this.outbox = outbox;
    this.desk = $("form-desk");
    this.reportId = Number(this.desk.dataset.report);
    this.pages = JSON.parse(this.desk.dataset.pages);
    this.buttons = new Map([...document.querySelectorAll("button[data-field]")].map((button) => [button.dataset.field, button]));
    this.viewer = new PageViewer($("paper"), (hit) => this.open(hit.field));
    this.stage = new Stage((item, answer) => this.settle(item, answer));
    this.editor = $("editor");
    for (const [field, button] of this.buttons) button.addEventListener("click", () => this.open(field));
    for (const button of this.stage.root.querySelectorAll("[data-do]")) button.addEventListener("click", () => this.stage.act(button.dataset.do));
    for (const form of document.querySelectorAll("form[data-shift]")) form.addEventListener("submit", (event) => this.shift(event, form));
    $("close").onclick = () => this.closeEditor();
    $("previous-page").onclick = () => this.turn(-1);
    $("next-page").onclick = () => this.turn(1);
    $("undo").onclick = () => this.undo();
    $("confirm-form").onclick = () => this.confirm();
    $("attach").addEventListener("submit", (event) => this.attach(event));
    document.addEventListener("keydown", (event) => this.onKey(event));
    outbox.listeners.push((entry, result) => this.onResult(entry, result));
    this.turnTo(this.pages[0]?.number ?? null);
    const asked = new URLSearchParams(location.search).get("at");
    if (asked) this.open(asked);
    else this.firstWithCells();
  }

  cells() {
    return [...this.buttons].map(([field, button]) => ({ field, button, page: Number(button.dataset.page), box: button.dataset.box ? JSON.parse(button.dataset.box) : null }));
  }

  /** The pages before the tables say nothing here. */
  firstWithCells() {
    const first = Math.min(...this.cells().filter((cell) => cell.box).map((cell) => cell.page));
    if (Number.isFinite(first)) this.turnTo(first);
  }

  turnTo(number, box = null) {
    const page = this.pages.find((other) => other.number === number);
    this.page = page ? number : null;
    this.box = box;
    $("page-name").textContent = page ? say("page_number", number) : "";
    if (!page) return;
    const boxes = this.cells().filter((cell) => cell.page === number && cell.box).map((cell) => ({ field: cell.field, box: cell.box, doubtful: cell.button.classList.contains("doubtful"), broken: cell.button.classList.contains("broken") }));
    this.viewer.show(page.id, box, boxes);
  }

  turn(step) {
    const index = this.pages.findIndex((page) => page.number === this.page) + step;
    if (this.pages[index]) this.turnTo(this.pages[index].number);
  }

  async open(field) {
    const button = this.buttons.get(field);
    if (!button) return;
    for (const other of this.buttons.values()) other.classList.toggle("current", other === button);
    // A field whose cell was not found has a page too; no frame of another field may stay there.
    this.turnTo(button.dataset.page ? Number(button.dataset.page) : this.page, button.dataset.box ? JSON.parse(button.dataset.box) : null);
    try {
      const item = await ask(`/data/item/${this.reportId}/${encodeURIComponent(field)}`);
      if (!this.editor.open) this.editor.show();
      this.stage.show(item);
      this.stage.root.focus({ preventScroll: true });
    } catch (error) {
      announce(say("failed", error.message));
    }
  }

  closeEditor() {
    const field = this.stage.item?.field.field_id;
    this.editor.close();
    this.stage.item = null;
    this.buttons.get(field)?.focus();
  }

  settle(item, answer) {
    this.outbox.add(settling(item, answer));
    const button = this.buttons.get(item.field.field_id);
    button.querySelector("span").textContent = shown(answer.value, answer.state);
    button.className = "decided";
    this.closeEditor();
  }

  undo() {
    this.outbox.add({ action: "undo", report_id: this.reportId, field_id: "-", version: 0 });
  }

  /** Everything that nobody decided is as it was read: somebody has looked at it. */
  confirm() {
    const open = this.cells().filter(({ button }) => !["decided", "asked", "locked"].some((mark) => button.classList.contains(mark)));
    const fields = open.map(({ field, button }) => [this.reportId, field, Number(button.dataset.version)]);
    if (fields.length) this.outbox.add({ action: "confirm_form", report_id: this.reportId, fields });
  }

  async onResult(entry, result) {
    if (entry.report_id !== this.reportId) return;
    if (result.status === 409) announce(say("conflict", entry.label, result.stands?.decided?.by ?? "–", inWords(result.stands?.decided?.value, result.stands?.decided?.state), inWords(entry.value, entry.state)));
    else if (result.status === 403) announce(say("senior_needed", entry.label, inWords(entry.value, entry.state)));
    else if (result.status !== 200) announce(say("refused", result.message ?? result.code));
    if (result.status !== 200) $("form-problem").textContent = $("live").textContent;
    if (!this.outbox.size) await this.refresh();
  }

  /** Take the cells anew from the server: sums and doubts have changed with the decision. */
  async refresh() {
    const { cells } = await ask(`/data/form/${this.reportId}`);
    for (const cell of cells) {
      const button = this.buttons.get(cell.field_id);
      if (!button) continue;
      button.className = cell.mark;
      button.querySelector("span").textContent = shown(cell.value, cell.state);
      button.title = cell.title;
      button.dataset.version = String(cell.version);
    }
    if (this.page !== null) this.turnTo(this.page, this.box);
  }

  async shift(event, form) {
    event.preventDefault();
    const range = (what) => {
      const ends = [Number(form.elements[`${what}-from`].value), Number(form.elements[`${what}-to`].value)].sort((a, b) => a - b);
      return Array.from({ length: ends[1] - ends[0] + 1 }, (_, i) => ends[0] + i);
    };
    const { down, right } = event.submitter.dataset;
    await this.change(async () => {
      const sent = { table: form.dataset.shift, block: Number(form.dataset.block), rows: range("row"), columns: range("column"), down: Number(down), right: Number(right) };
      const { moved } = await ask(`/data/form/${this.reportId}/shift`, sent);
      await this.refresh();
      announce(say("moved", moved));
    });
  }

  async attach(event) {
    event.preventDefault();
    const [file] = $("file").files;
    if (!file) return;
    await this.change(async () => {
      const { report_id } = await ask(`/data/form/${this.reportId}/page`, "", { headers: { ...CSRF, "Content-Type": "application/octet-stream" }, body: file });
      location.assign(`/form/${report_id}`);
    });
  }

  async change(what) {
    $("form-problem").textContent = "";
    try {
      await what();
    } catch (error) {
      $("form-problem").textContent = say("failed", error.message);
    }
  }

  onKey(event) {
    if (composes(event) || event.defaultPrevented) return;
    const onCell = event.target.closest?.("button[data-field]");
    if (onCell && event.key.startsWith("Arrow")) {
      this.move(onCell, event.key);
      event.preventDefault();
    } else if (this.editor.open && this.stage.item && !onCell && !isElsewhere(event, this.stage.input)) {
      const name = Keys.name(event);
      const action = Keys.actions.get(name);
      if (event.key === "Escape" && this.stage.typed === null) this.closeEditor();
      else if (name === "-" ? event.target === this.stage.input || !this.stage.type(plainKey("-")) : !(action && this.stage.act(action)) && !this.stage.type(event)) return;
      event.preventDefault();
    } else if (Keys.actions.get(Keys.name(event)) === "undo" && !event.target.closest("input, select")) {
      this.undo();
      event.preventDefault();
    } else if (!onCell && event.key === "?" && !event.target.closest("input")) showKeys();
  }

  move(button, key) {
    const cell = button.closest("td");
    const table = cell.closest("table");
    const rows = [...table.rows].map((row) => [...row.querySelectorAll("button[data-field]")]).filter((row) => row.length);
    const row = rows.findIndex((buttons) => buttons.includes(button));
    const column = rows[row].indexOf(button);
    const across = { ArrowLeft: -1, ArrowRight: 1 }[key] ?? 0;
    const down = { ArrowUp: -1, ArrowDown: 1 }[key] ?? 0;
    const target = rows[row + down];
    (target?.[Math.min(column + across, target.length - 1)] ?? button).focus();
  }
}

// ----------------------------------------------------------------------------------------------------- 10 the other pages, the start

function signInPage() {
  $("shown").focus();
  $("sign-out")?.addEventListener("click", async () => {
    await ask("/sign-out", {});
    location.reload();
  });
  $("sign-in").addEventListener("submit", async (event) => {
    event.preventDefault();
    $("problem").textContent = "";
    try {
      await ask("/sign-in", { shown: $("shown").value });
      location.assign("/");
    } catch (error) {
      $("problem").textContent = say(error.status === 429 ? "too_often" : error.status === 403 ? "wrong_token" : "no_server");
      $("shown").select();
    }
  });
}

function helpPage() {
  let waiting = null;
  const own = () => Object.fromEntries(Object.entries(Keys.of).filter(([action, key]) => DEFAULT_KEYS[action] !== key));
  const paint = () => {
    const rows = Object.keys(DEFAULT_KEYS).map((action) => {
      const fixed = action === "dash";
      const button = make("button", { type: "button", disabled: fixed, textContent: keyName(Keys.of[action]) });
      button.setAttribute("aria-label", `${Keys.label(action)}: ${keyName(Keys.of[action])}`);
      button.onclick = () => {
        waiting = action;
        button.textContent = say("press_key");
      };
      return make("tr", {}, make("td", { textContent: Keys.label(action) }), make("td", {}, button));
    });
    $("keys").replaceChildren(...rows);
  };
  document.addEventListener("keydown", (event) => {
    if (waiting === null || composes(event)) return;
    const name = Keys.name(event);
    if (FIXED_KEYS.test(event.key) && event.key !== "Escape" && !event.altKey) return;
    event.preventDefault();
    const taken = Keys.actions.get(name);
    $("problem").textContent = taken && taken !== waiting ? say("key_taken", Keys.label(taken)) : "";
    if (event.key !== "Escape" && (!taken || taken === waiting)) Keys.save({ ...own(), [waiting]: name });
    waiting = null;
    paint();
  });
  $("reset-keys").onclick = () => {
    Keys.save({});
    paint();
  };
  paint();
}

$("language").addEventListener("click", () => {
  document.cookie = `gikocr-language=${chinese ? "en" : "zh"}; path=/; max-age=31536000; samesite=strict`;
  location.reload();
});

const outbox = boot.person && boot.page !== "sign_in" ? new Outbox() : null;
const start = { review: () => new ReviewPage(outbox), sheet: () => new SheetPage(outbox), form: () => new FormPage(outbox), sign_in: signInPage, help: helpPage };
start[boot.page]?.();
