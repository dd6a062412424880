// A small LeNet reads what is drawn. Values: [weights as letters, scales, strokes, first].
movingFigure("draw_digit", (figure, [letters, scales, ready, first]) => {
  const N = 28, pad = figure.find(".da-pad"), svg = pad.querySelector("svg"), floor = Math.floor;
  let from = 0, pixels, last, pen = [14, 14], down = false;
  const [k1, b1, k3, b3, kernel, bias] = [150, 6, 1800, 12, 1920, 10].map((count, i) =>
    [...letters.slice(from, from += count)].map((letter) => (letter.charCodeAt() - 83) * scales[i]));
  const [drawing, maps] = figure.all("canvas").map((canvas) => canvas.getContext("2d"));
  const spot = (at, side, channels) => [floor(at / side / channels), floor(at / channels) % side, at % channels];
  function convolve(x, side, channels, kernel, bias) {
    const out = [], filters = bias.length;
    for (let at = 0; at < (side - 4) ** 2 * filters; at++) {
      const [i, j, f] = spot(at, side - 4, filters);
      let sum = bias[f];
      for (let a = 0; a < 5; a++) for (let b = 0; b < 5; b++) for (let c = 0; c < channels; c++)
        sum += x[((i + a) * side + j + b) * channels + c] * kernel[((a * 5 + b) * channels + c) * filters + f];
      out.push(Math.max(0, sum));
    }
    return out;
  }
  function pool(x, side, channels) {
    const out = Array(x.length / 4).fill(0);
    x.forEach((value, at) => {
      const [i, j, c] = spot(at, side, channels), to = (floor(i / 2) * side / 2 + floor(j / 2)) * channels + c;
      out[to] = Math.max(out[to], value);
    });
    return out;
  }
  function show(screen, x, side, channels, top, times) {
    const most = Math.max(...x) || 1;
    x.forEach((value, at) => {
      const [i, j, c] = spot(at, side, channels);
      screen.globalAlpha = value / most;
      screen.fillRect(26 * (c % 6) + times * j, top + 26 * floor(c / 6) + times * i, times, times);
    });
  }
  function line([ax, ay], [bx, by]) {
    const [dx, dy] = [bx - ax, by - ay];
    pixels = pixels.map((ink, at) => {
      const [x, y] = [at % N + .5 - ax, floor(at / N) + .5 - ay];
      const along = clamp((x * dx + y * dy) / (dx * dx + dy * dy || 1), 0, 1);
      return Math.max(ink, floor(255 * clamp(1.8 - Math.hypot(x - along * dx, y - along * dy), 0, 1) + .5));
    });
  }
  function read() {
    const sum = (of) => pixels.reduce((total, ink, at) => total + ink * of(at), 0), mass = sum(() => 1);
    const x = sum((at) => at % N + .5) / mass, y = sum((at) => floor(at / N) + .5) / mass;
    const [rows, columns] = [y, x].map((mean) => (figure.values.centre && mass ? floor(15 - mean) : 0));
    const input = pixels.map((_, at) => {
      const [i, j] = [floor(at / N) - rows, at % N - columns];
      return j >= 0 && j < N ? (pixels[i * N + j] || 0) / 255 : 0;
    });
    const c1 = convolve(input, N, 1, k1, b1), s2 = pool(c1, 24, 6), c3 = convolve(s2, 12, 6, k3, b3), s4 = pool(c3, 8, 12);
    const odds = bias.map((start, k) => Math.exp(s4.reduce((total, value, i) => total + value * kernel[i * 10 + k], start)));
    const shares = odds.map((odd) => 100 * odd / odds.reduce((a, b) => a + b)), told = (k) => `${shares[k].toFixed(1)} %`;
    const [a, b] = [...odds.keys()].sort((a, b) => odds[b] - odds[a]);

    drawing.reset();
    drawing.fillStyle = "#fff";
    show(drawing, pixels, N, 1, 0, 1);
    maps.reset();
    maps.fillStyle = "#a0f5ff";
    [[c1, 24, 6, 12, 1], [s2, 12, 6, 48, 2], [c3, 8, 12, 84, 3], [s4, 4, 12, 146, 6]].forEach((layer) => show(maps, ...layer));
    figure.all(".da-bars li").forEach((bar, k) => {
      bar.className = k === a ? "here" : "";
      bar.style.setProperty("--p", shares[k]);
      bar.lastChild.textContent = told(k);
    });
    draw(svg.children[1], { cx: x || -9, cy: y || -9 });
    const most = Math.max(...c1), [i, j, k] = spot(c1.indexOf(most), 24, 6);
    figure.say(`${mass ? "M" : "Nothing is drawn, and yet: m"}ost likely a ${a}, ${told(a)}; then ${b}, ${told(b)}.\n`
      + `Moved: rows ${write(rows)}, columns ${write(columns)}. Kernel ${k} answers strongest: ${most.toFixed(2)} at row ${i}, column ${j}.`);
  }
  function start(strokes) {
    pixels = Array(N * N).fill(0);
    for (const stroke of strokes.split(" ")) {
      const points = (stroke.match(/../g) || []).map((two) => [...two].map((letter) => parseInt(letter, 36)));
      points.forEach((to, i) => line(points[i - 1] || to, to));
    }
    read();
  }
  ready.forEach((strokes, digit) => { figure.button(`${digit}`).onclick = () => start(strokes); });
  figure.button("Clear").onclick = () => start("");
  figure.changed(read);

  figure.drag(pad, (x, y, begin) => {
    figure.words.ariaLive = "off";
    line(begin ? [x, y] : last, last = [x, y]);
    read();
  }, () => { figure.words.ariaLive = "polite"; });
  function go(dx, dy) {
    const to = [clamp(pen[0] + dx, 0, N - 1), clamp(pen[1] + dy, 0, N - 1)];
    if (down) { line(pen.map((x) => x + .5), to.map((x) => x + .5)); read(); }
    pen = to;
    draw(svg.lastChild, { transform: `translate(${to})`, class: down ? "down" : "" });
    figure.stand(pad, to[1] * N + to[0], `row ${to[1]}, column ${to[0]}${down ? ", pen down" : ""}`);
  }
  figure.keys(pad, {
    ArrowLeft: () => go(-1, 0), ArrowRight: () => go(1, 0), ArrowUp: () => go(0, -1), ArrowDown: () => go(0, 1),
    " ": () => { down = !down; go(0, 0); },
  });
  start(ready[first]);
});
