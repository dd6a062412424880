// A kernel slides over an image. The page already holds every grid, drawn for the first place; this moves the window and
// rewrites the numbers. Its values: [input, [[name, kernel, divisor], …], bias].
movingFigure("slide_kernel", (figure, [input, kernels, bias]) => {
  const [kh, kw] = [kernels[0][1].length, kernels[0][1][0].length];
  const [rows, columns] = [input.length - kh + 1, input[0].length - kw + 1];
  const frame = figure.find(".moving-window"), mapped = figure.find(".of-map");
  const map = figure.all(".of-map text");
  let kernel, divisor, place = 0;

  function at(r, c) {
    let total = 0;
    const lines = kernel.map((ws, i) => ws.map((w, j) => {
      total += w * input[r + i][c + j];
      return `${write(input[r + i][c + j])}×${factor(w)}`;
    }).join(" + "));
    let end = `= ${write(total)}`;
    if (divisor > 1) end += `, divided by ${divisor} = ${write(total /= divisor)}`;
    if (bias) end += `, plus the bias ${write(bias)} = ${write(total + bias)}`;
    return [`Row ${r}, column ${c}:\n${lines.join("\n+ ")}\n${end}`, write(total + bias)];
  }

  function go(row, column) {
    place = row * columns + column;
    const [words, value] = at(row, column);
    frame.style.transform = `translate(${column * 44}px, ${row * 44}px)`;
    figure.say(words);
    map.forEach((text, i) => text.classList.toggle("here", i === place));
    map[place].textContent = value;
    map[place].classList.add("seen");
    stand(row, column);
    mapped.ariaLabel = "Feature map: " + map.map((text, i) =>
      (i && i % columns === 0 ? "; " : " ") + (text.classList.contains("seen") ? text.textContent : "blank")).join("");
  }

  function start() { // with the chosen kernel, from the first place
    const { kernel: chosen = 0, flip } = figure.values;
    let entries;
    [, entries, divisor] = kernels[chosen];
    kernel = flip ? entries.map((ws) => [...ws].reverse()).reverse() : entries;
    const flat = kernel.flat().map(write);
    figure.all(".of-kernel text").forEach((text, i) => { text.textContent = flat[i]; });
    figure.all(".moving-window text").forEach((text, i) => { text.textContent = `×${flat[i]}`; });
    figure.find(".of-kernel").ariaLabel = "Kernel: " + kernel.map((ws) => ws.map(write).join(" ")).join("; ");
    map.forEach((text) => { text.textContent = ""; text.classList.remove("seen"); });
    go(0, 0);
  }

  function next() { // in reading order; from the last place back to the first
    const to = (place + 1) % (rows * columns);
    go(Math.floor(to / columns), to % columns);
    return to === rows * columns - 1;
  }

  const stop = figure.player(next, start);
  const stand = figure.window(figure.find(".moving-stage"), [rows, columns], [kh, kw], (r, c) => { stop(); go(r, c); });
  figure.changed(() => { stop(); start(); });
  start();
});
