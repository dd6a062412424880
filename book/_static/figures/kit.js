// What every moving figure needs. A figure's own script says movingFigure("its_name", (figure, values) => { … }).
const write = (x) => String(Math.round(x * 100) / 100).replace("-", "−");
const factor = (w) => (w < 0 ? `(${write(w)})` : write(w));
const clamp = (x, low, high) => Math.min(Math.max(x, low), high);

// Make or change an SVG element: draw("rect", { x: 1, class: "a" }, parent), or draw(element, { x: 2 }).
function draw(element, attributes, parent, text) {
  if (typeof element === "string") element = document.createElementNS("http://www.w3.org/2000/svg", element);
  for (const name in attributes) element.setAttribute(name, attributes[name]);
  if (text !== undefined) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}

class Figure {
  constructor(root) {
    this.root = root;
    this.words = this.find(".moving-words");
  }

  find(selector) { return this.root.querySelector(selector); }
  all(selector) { return [...this.root.querySelectorAll(selector)]; }
  button(name) { return this.all("button").find((button) => button.textContent === name); }

  // The state in words; read aloud when it changes.
  say(words) { if (this.words.textContent !== words) this.words.textContent = words; }

  // What the named controls stand at: numbers for sliders and choices, true or false for switches.
  get values() {
    return Object.fromEntries(this.all("[name]").map((c) => [c.name, c.type === "checkbox" ? c.checked : +c.value]));
  }

  // Move a slider; the number beside it follows, even one that the slider has no place for.
  slide(range, value) {
    range.value = value;
    range.nextElementSibling.textContent = write(value);
  }

  // Call when a control is moved.
  changed(call) {
    const tell = () => this.all("input[type=range]").forEach((range) => this.slide(range, +range.value));
    for (const control of this.all("[name]")) control.oninput = () => { tell(); call(control.name); };
    tell();
  }

  // The buttons Play, Step and Reset. next() goes one further, from the last place to the first, and says whether it
  // stands at the last place now; reset() goes back to the beginning. Returns the function that stops the playing.
  player(next, reset, pause = 1000) {
    const play = this.button("Play");
    let timer = 0;
    const stop = () => {
      clearInterval(timer);
      timer = 0;
      play.textContent = "Play";
      this.words.ariaLive = "polite";
    };
    play.onclick = () => {
      if (timer) return stop();
      this.words.ariaLive = "off"; // nobody could listen that fast
      play.textContent = "Pause";
      reset();
      timer = setInterval(() => { if (next()) stop(); }, pause);
    };
    this.button("Step").onclick = () => { stop(); next(); };
    this.button("Reset").onclick = () => { stop(); reset(); };
    return stop;
  }

  // A stage says where it stands: place counts from 0.
  stand(stage, place, text) {
    stage.ariaValueNow = place + 1;
    stage.ariaValueText = text;
  }

  // Keys on an element: { ArrowUp: () => …, … }.
  keys(element, moves) {
    element.onkeydown = (event) => {
      if (!(event.key in moves)) return;
      event.preventDefault();
      moves[event.key]();
    };
  }

  // A stage whose places stand in a row: go(place), where place() is the present one and last() the last one.
  along(stage, place, last, go) {
    const [back, on] = [() => go(place() - 1), () => go(place() + 1)];
    const ends = { Home: () => go(0), End: () => go(last()) };
    this.keys(stage, { ArrowLeft: back, ArrowDown: back, ArrowRight: on, ArrowUp: on, ...ends });
  }

  // Mouse and touch on an element: move(x, y, first) with the place inside its SVG, in the SVG's own units.
  drag(element, move, end = () => {}) {
    const svg = element.querySelector("svg") || element;
    let held = false;
    const tell = (event, first) => {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      move(point.x, point.y, first);
    };
    element.onpointerdown = (event) => {
      held = true;
      element.setPointerCapture(event.pointerId);
      tell(event, true);
    };
    element.onpointermove = (event) => { if (held) tell(event, false); };
    element.onpointerup = element.onpointercancel = () => { if (held) { held = false; end(); } };
  }

  // A window of so many cells that is moved over a grid, by mouse, touch, arrow keys, Home and End. go(row, column) is
  // called with a place that exists. Returns how to tell where the window stands now.
  window(stage, [rows, columns], [height, width], go, cell = 44) {
    let row = 0, column = 0, grip;
    const to = (r, c) => go(clamp(r, 0, rows - 1), clamp(c, 0, columns - 1));
    this.keys(stage, {
      ArrowUp: () => to(row - 1, column), ArrowDown: () => to(row + 1, column), ArrowLeft: () => to(row, column - 1),
      ArrowRight: () => to(row, column + 1), Home: () => to(0, 0), End: () => to(rows - 1, columns - 1),
    });
    this.drag(stage, (x, y, first) => {
      [y, x] = [y / cell, x / cell];
      if (first) {
        const inside = y >= row && y < row + height && x >= column && x < column + width;
        grip = inside ? [y - row, x - column] : [height / 2, width / 2];
      }
      to(Math.round(y - grip[0]), Math.round(x - grip[1]));
    });
    return (r, c) => {
      [row, column] = [r, c];
      this.stand(stage, r * columns + c, `row ${r}, column ${c}`);
    };
  }
}

function movingFigure(name, start) {
  for (const root of document.querySelectorAll(`.moving[data-name="${name}"]`)) {
    start(new Figure(root), JSON.parse(root.dataset.values));
  }
}
