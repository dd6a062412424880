// Windows become rows, and rows go back to their windows. The page holds the picture for the first kernel; this draws it
// anew for every kernel and stride. Its values: [image, kernels].
movingFigure("im2col", (figure, [image, kernels]) => {
  const small = 26, n = image.length, flat = image.flat();
  const stage = figure.find(".moving-stage"), frame = figure.find(".moving-window"), svg = figure.find(".im-product");
  const pixels = figure.all(".im-image > g:first-of-type text"), times = figure.find(".im-times");
  const [title, other] = figure.all(".moving-panel > span"), arrow = figure.find(".moving-row > b"), forward = other.textContent;
  let weights, size, stride, places, rows, back, place, seen, stand;
  flat.forEach((_, i) => draw("text", { x: 44 * (i % n) + 39, y: 44 * Math.floor(i / n) + 9 }, times));

  function column(name, numbers, left, wide, height) { // a list of rows as cells
    const top = (height - numbers.length * small) / 2;
    draw("rect", { class: name, x: left, y: top, width: wide * numbers[0].length, height: small * numbers.length, rx: 3 }, svg);
    const group = draw("g", { class: name }, svg);
    return numbers.map((row, r) => row.map((x, c) =>
      draw("text", { x: left + wide * (c + .5), y: top + small * (r + .5) }, group, write(x))));
  }

  let cells, outputs, bar;
  function start() {
    const chosen = figure.values, kernel = kernels[chosen.kernel || 0];
    [weights, size, stride, back] = [kernel.flat(), kernel.length, chosen.stride + 1, chosen.back];
    places = Math.floor((n - size) / stride) + 1;
    rows = Array.from({ length: places ** 2 }, (_, p) => weights.map((_, i) =>
      (Math.floor(p / places) * stride + Math.floor(i / size)) * n + p % places * stride + i % size));
    const height = small * Math.max(rows.length, weights.length), width = small * weights.length + small + 72;
    svg.textContent = "";
    draw(svg, { viewBox: `-2 -2 ${width + 4} ${height + 4}`, width: width + 4, height: height + 4 });
    svg.classList.toggle("im-back", back);
    cells = column("im-rows", rows.map((row) => row.map((i) => flat[i])), 0, small, height);
    column("im-kernel", weights.map((w) => [w]), small * weights.length + 16, small, height);
    outputs = column("im-out", rows.map((row) => [total(row)]), small * weights.length + small + 32, 40, height);
    bar = draw("rect", { class: "im-bar", width: small * weights.length, height: small, rx: 3 }, svg);
    draw(frame.firstChild, { width: 44 * size, height: 44 * size });
    title.textContent = back ? "added up again" : "image";
    other.textContent = back ? "the rows go back" : forward;
    arrow.textContent = back ? "←" : "→";
    stage.ariaValueMax = rows.length;
    stand = figure.window(stage, [places, places], [size / stride, size / stride],
      (r, c) => { stop(); go(r * places + c); }, 44 * stride);
    seen = new Set();
    go(0);
  }

  const total = (row) => row.reduce((sum, i, j) => sum + flat[i] * weights[j], 0);

  function go(to) {
    place = to;
    seen.add(place);
    const [r, c] = [Math.floor(place / places), place % places];
    frame.style.transform = `translate(${c * stride * 44}px, ${r * stride * 44}px)`;
    draw(bar, { x: 0, y: cells[place][0].getAttribute("y") - small / 2 });
    stand(r, c);
    cells.forEach((row, p) => row.forEach((text) => {
      text.classList.toggle("here", p === place);
      text.classList.toggle("im-blank", !back && !seen.has(p));
      text.classList.toggle("im-done", back && p < place);
    }));
    outputs.forEach(([text], p) => {
      text.classList.toggle("here", p === place);
      text.classList.toggle("im-blank", !seen.has(p));
    });
    const count = flat.map((_, i) => (back ? rows.slice(0, place + 1).filter((row) => row.includes(i)).length : 1));
    pixels.forEach((text, i) => { text.textContent = write(count[i] * flat[i]); });
    [...times.children].forEach((text, i) => { text.textContent = back ? `${count[i]}·${write(flat[i])}` : ""; });
    const where = `its corner on row ${r * stride}, column ${c * stride}`;
    if (!back) {
      const terms = rows[place].map((i, j) => `${write(flat[i])}×${factor(weights[j])}`).join(" + ");
      return figure.say(`Window ${place}, ${where}, becomes row ${place} of the matrix.\n` +
        `Row ${place} times the kernel: ${terms} = ${write(total(rows[place]))}.`);
    }
    const most = count.lastIndexOf(Math.max(...count));
    figure.say(`Row ${place} is added to window ${place}, ${where}. Rows added: ${place + 1} of ${rows.length}.\n` +
      `How often each pixel was added: ${image.map((_, y) => count.slice(y * n, y * n + n).join(" ")).join("; ")}. ` +
      `Pixel ${flat[most]}: ${count[most]} times ${flat[most]} is ${count[most] * flat[most]}.`);
  }

  function next() {
    go((place + 1) % rows.length);
    return place === rows.length - 1;
  }

  const stop = figure.player(next, start);
  figure.changed(() => { stop(); start(); });
  start();
});
