// The figure "slide the kernel". The page already holds every grid, drawn for the first place; this moves the window,
// and rewrites the numbers. Its data: [input, [[name, kernel, divisor], …], bias].
for (const figure of document.querySelectorAll(".slide-kernel")) {
  const find = (selector) => figure.querySelector(selector);
  const texts = (selector) => [...figure.querySelectorAll(`${selector} text`)];
  const [input, kernels, bias] = JSON.parse(figure.dataset.figure);
  const [kh, kw] = [kernels[0][1].length, kernels[0][1][0].length];
  const [rows, columns] = [input.length - kh + 1, input[0].length - kw + 1];
  const cell = 44;
  const stage = find(".sk-stage"), svg = find(".sk-input"), frame = find(".sk-window"), sum = find(".sk-sum");
  const [play, step, reset] = figure.querySelectorAll("button");
  const choice = find("select"), flip = find("input");
  const map = texts(".sk-map g");
  let kernel, divisor, row = 0, column = 0, timer = 0;

  const write = (x) => String(Math.round(x * 100) / 100).replace("-", "−");
  const weight = (w) => (w < 0 ? `(${write(w)})` : write(w));
  const clamp = (x, n) => Math.min(Math.max(x, 0), n - 1);

  function at(r, c) {
    let total = 0;
    const lines = kernel.map((ws, i) => ws.map((w, j) => {
      total += w * input[r + i][c + j];
      return `${write(input[r + i][c + j])}×${weight(w)}`;
    }).join(" + "));
    let end = `= ${write(total)}`;
    if (divisor > 1) end += `, divided by ${divisor} = ${write(total /= divisor)}`;
    if (bias) end += `, plus the bias ${write(bias)} = ${write(total + bias)}`;
    return [`Row ${r}, column ${c}:\n${lines.join("\n+ ")}\n${end}`, write(total + bias)];
  }

  function go(r, c) {
    [row, column] = [clamp(r, rows), clamp(c, columns)];
    const place = row * columns + column;
    const [words, value] = at(row, column);
    frame.style.transform = `translate(${column * cell}px, ${row * cell}px)`;
    if (sum.textContent !== words) sum.textContent = words;
    map.forEach((text, i) => text.classList.toggle("here", i === place));
    map[place].textContent = value;
    map[place].classList.add("seen");
    stage.ariaValueNow = place + 1;
    stage.ariaValueText = `row ${row}, column ${column}`;
    find(".sk-map").ariaLabel = "Feature map: " + map.map((text, i) =>
      (i && i % columns === 0 ? "; " : " ") + (text.classList.contains("seen") ? text.textContent : "blank")).join("");
  }

  function start() { // with the chosen kernel, from the first place
    let entries;
    [, entries, divisor] = kernels[choice ? choice.selectedIndex : 0];
    kernel = flip.checked ? entries.map((ws) => [...ws].reverse()).reverse() : entries;
    const flat = kernel.flat().map(write);
    texts(".sk-kernel").forEach((text, i) => { text.textContent = flat[i]; });
    texts(".sk-window").forEach((text, i) => { text.textContent = `×${flat[i]}`; });
    find(".sk-kernel").ariaLabel = "Kernel: " + kernel.map((ws) => ws.map(write).join(" ")).join("; ");
    map.forEach((text) => { text.textContent = ""; text.classList.remove("seen"); });
    go(0, 0);
  }

  function next() { // in reading order; from the last place back to the first
    const place = (row * columns + column + 1) % (rows * columns);
    go(Math.floor(place / columns), place % columns);
    return place;
  }

  function pause() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
    sum.ariaLive = "polite";
  }

  play.onclick = () => {
    if (timer) return pause();
    sum.ariaLive = "off"; // nobody could listen that fast
    play.textContent = "Pause";
    start();
    timer = setInterval(() => { if (next() === rows * columns - 1) pause(); }, 1000);
  };
  step.onclick = () => { pause(); next(); };
  reset.onclick = () => { pause(); start(); };
  flip.onchange = () => { pause(); start(); };
  if (choice) choice.onchange = flip.onchange;

  stage.onkeydown = (event) => {
    const moves = {
      ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1], Home: [0, 0], End: [rows - 1, columns - 1],
    };
    if (!(event.key in moves)) return;
    event.preventDefault();
    pause();
    go(...moves[event.key]);
  };

  let grip = null; // where inside the window it is held, in cells
  const cells = (event) => {
    const box = svg.getBoundingClientRect();
    return [(event.clientY - box.top) / box.height * input.length, (event.clientX - box.left) / box.width * input[0].length];
  };
  stage.onpointerdown = (event) => {
    pause();
    const [y, x] = cells(event);
    const inside = y >= row && y < row + kh && x >= column && x < column + kw;
    grip = inside ? [y - row, x - column] : [kh / 2, kw / 2];
    stage.setPointerCapture(event.pointerId);
    stage.onpointermove(event);
  };
  stage.onpointermove = (event) => {
    if (!grip) return;
    const [y, x] = cells(event);
    const [r, c] = [clamp(Math.round(y - grip[0]), rows), clamp(Math.round(x - grip[1]), columns)];
    if (r !== row || c !== column) go(r, c);
  };
  stage.onpointerup = stage.onpointercancel = () => { grip = null; };

  start();
}
