// Pooling by windows of 2 × 2, and the gradient's way back. Its value: the four rows of the input.
movingFigure("pooling", (figure, original) => {
  const cell = 44, small = 36, stage = figure.find(".moving-stage");
  const [inputs, sums] = [".po-in", ".po-back"].map((grid) => figure.all(`${grid} > g:first-of-type text`));
  const [outputs, comings] = figure.all(".po-cells"), rings = figure.find(".po-rings");
  const frame = figure.find(".po-frame"), mark = figure.find(".po-pixel");
  let pixels = original.flat(), chosen = 0, at = 0, shown = Infinity; // how many windows are done; Infinity: all

  function windows() {
    const { stride, coming } = figure.values, s = 2 - stride, n = 4 - s; // n windows along each axis
    return Array.from({ length: n * n }, (_, i) => {
      const corner = Math.floor(i / n) * s * 4 + (i % n) * s;
      const places = [0, 1, 4, 5].map((step) => corner + step), held = places.map((place) => pixels[place]);
      const best = Math.max(...held), sum = held.reduce((x, y) => x + y);
      return { corner, places, held, best, sum, winner: places[held.indexOf(best)], grad: coming ? 1 : i + 1 };
    });
  }

  function board(group, numbers) { // redrawn, since the stride changes its size
    const n = Math.sqrt(numbers.length), side = n * small;
    group.replaceChildren();
    group.setAttribute("transform", `translate(${(3 - n) * small / 2} ${(3 - n) * small / 2})`);
    draw("rect", { width: side, height: side, rx: 3 }, group);
    for (let i = 1; i < n; i++) draw("path", { d: `M0 ${i * small}H${side}M${i * small} 0V${side}` }, group);
    numbers.forEach((x, i) => draw("text",
      { x: (i % n + 0.5) * small, y: (Math.floor(i / n) + 0.5) * small, class: i === at ? "here" : "" }, group, x));
  }

  function render() {
    const all = windows(), mean = figure.values.reduce, back = Array(16).fill(0), won = Array(16).fill(0);
    all.slice(0, shown).forEach(({ places, winner, grad }) => {
      if (mean) places.forEach((place) => { back[place] += grad / 4; });
      else [back[winner], won[winner]] = [back[winner] + grad, won[winner] + 1];
    });
    const spot = (place) => [place % 4 * cell, Math.floor(place / 4) * cell];
    rings.replaceChildren();
    won.forEach((times, place) => {
      const [x, y] = spot(place);
      if (times) draw("circle", { cx: x + 22, cy: y + 22, r: 16 }, rings);
      if (times > 1) draw("text", { x: x + 37, y: y + 38 }, rings, `×${times}`);
    });
    const { corner, held, best, sum, winner, grad } = all[at];
    const [[x, y], [left, top]] = [spot(corner), spot(chosen)];
    draw(frame, { x, y });
    draw(mark, { x: left + 4, y: top + 4 });
    inputs.forEach((text, i) => { text.textContent = write(pixels[i]); });
    sums.forEach((text, i) => { text.textContent = write(back[i]); text.classList.toggle("po-got", back[i] > 0); });
    board(outputs, all.map((w, i) => (i < shown ? write(mean ? w.sum / 4 : w.best) : "")));
    board(comings, all.map((w) => write(w.grad)));
    const ties = held.filter((number) => number === best).length;
    const now = shown < all.length ? "so far" : "in all";
    figure.say(`Window ${at + 1} of ${all.length} holds ${held.map(write).join(", ")}. ` + (mean
      ? `The mean is ${write(sum)} / 4 = ${write(sum / 4)}.\n`
        + `The gradient ${grad} is shared: each pixel gets ${grad} / 4 = ${write(grad / 4)}.`
      : `The largest is ${write(best)}${ties > 1 ? ` (${ties} times, the first wins)` : ""}.\n`
        + `The gradient ${grad} goes to it, whole. That pixel has ${write(back[winner])} ${now}.`));
    figure.stand(stage, chosen, `row ${Math.floor(chosen / 4)}, column ${chosen % 4}: ${write(pixels[chosen])}`);
  }

  function next() {
    const last = windows().length;
    at = shown < last ? shown : 0;
    shown = at + 1;
    render();
    return shown === last;
  }

  const stop = figure.player(next, () => { [at, shown] = [0, 1]; render(); });
  const all = () => { stop(); [at, shown] = [0, Infinity]; };

  function choose(place) { // and speak of the first window that holds it
    if (shown !== Infinity || place !== chosen) all();
    chosen = place;
    at = windows().findIndex(({ places }) => places.includes(place));
    render();
  }

  function change(by) {
    pixels[chosen] = clamp(pixels[chosen] + by, -9, 9);
    choose(chosen);
  }

  figure.button("Reset").onclick = () => { all(); pixels = original.flat(); chosen = 0; render(); };
  figure.button("Pixel − 1").onclick = () => change(-1);
  figure.button("Pixel + 1").onclick = () => change(1);
  figure.changed(() => { all(); render(); });
  const go = (rows, columns) => () => choose(
    clamp(Math.floor(chosen / 4) + rows, 0, 3) * 4 + clamp(chosen % 4 + columns, 0, 3));
  figure.keys(stage, {
    ArrowUp: go(-1, 0), ArrowDown: go(1, 0), ArrowLeft: go(0, -1), ArrowRight: go(0, 1), Home: go(-3, -3), End: go(3, 3),
    "+": () => change(1), "=": () => change(1), "-": () => change(-1), "−": () => change(-1),
  });
  figure.drag(stage, (x, y) => choose(clamp(Math.floor(y / cell), 0, 3) * 4 + clamp(Math.floor(x / cell), 0, 3)));
  render();
});
