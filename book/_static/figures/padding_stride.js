// One axis with its padding: every window, its output, and what no window sees. The page holds the first state.
movingFigure("padding_stride", (figure) => {
  const cell = 24, origin = 97, rows = 66, out = 268; // as padding_stride.py draws it
  const stage = figure.find(".moving-stage"), group = figure.find("svg g");
  let n, f, s, guess, cells, before, windows, size, lost, chosen = 0, furthest = 0;

  function plan() { // what follows from the sliders
    let padding;
    ({ n, f, s, padding, guess } = figure.values);
    let after;
    if (padding === 3) { // same
      windows = Math.ceil(n / s);
      const reach = (windows - 1) * s + f, total = Math.max(reach - n, 0);
      [before, after] = [Math.floor(total / 2), Math.ceil(total / 2)];
      size = `⌈${n} / ${s}⌉ = ${count(windows, "output")}. They reach over (${windows} − 1)·${s} + ${f} = ${reach}: `
        + `zeros before ${before}, after ${after}.`;
    } else {
      [before, after] = padding === 4 ? [f - 1, 0] : [padding, padding];
      const room = n + before + after - f;
      windows = room < 0 ? 0 : Math.floor(room / s) + 1;
      const sum = `(${n} + ${padding === 4 ? f - 1 : `2·${before}`} − ${f})`;
      size = room < 0 ? `${sum.slice(1, -1)} is below 0: the kernel has no place, and Keras refuses it.`
        : `⌊${sum} / ${s}⌋ + 1 = ⌊${room} / ${s}⌋ + 1 = ${count(windows, "output")}.`;
    }
    cells = [...Array(before).fill(0), ...Array.from({ length: n }, (_, i) => i + 1), ...Array(after).fill(0)];
    lost = cells.map((_, i) => i % s >= f || i >= (windows - 1) * s + f);
  }

  function count(number, name) { return `${number} ${name}${number === 1 ? "" : "s"}`; }

  function show() {
    const told = !guess || furthest >= windows - 1; // who predicts sees only what was visited
    const left = origin - before * cell, step = Math.min(32, 176 / windows), at = chosen * s;
    group.replaceChildren();
    cells.forEach((value, i) => {
      const x = left + i * cell, now = windows && i >= at && i < at + f ? " ps-now" : "";
      draw("rect", { class: (value ? "ps-pixel" : "ps-zero") + now, x, y: 18, width: cell, height: 28 }, group);
      draw("text", { x: x + cell / 2, y: 32.5 }, group, value);
      const [a, b] = [x + 3, x + cell - 3];
      if (told && lost[i]) draw("path", { class: "ps-lost", d: `M${a} 43L${b} 21M${a} 21L${b} 43` }, group);
    });
    for (let k = 0; k <= (guess ? furthest : windows - 1) && k < windows; k++) {
      const x = left + k * s * cell, middle = x + f * cell / 2, now = k === chosen ? " ps-now" : "";
      draw("rect", { class: "ps-window" + now, x: x + 1, y: rows + k * step, width: f * cell - 2, height: 0.7 * step, rx: 3 }, group);
      draw("rect", { class: "ps-out" + now, x: middle - 12, y: out, width: 24, height: 28 }, group);
      draw("text", { class: now && "here", x: middle, y: out + 14.5 }, group, sum(k));
    }
    const pixels = cells.filter((value, i) => value && lost[i]), zeros = cells.filter((value, i) => !value && lost[i]).length;
    const parts = [pixels.length && `pixel${pixels.length > 1 ? "s" : ""} ${pixels.join(", ")}`, zeros && count(zeros, "zero")].filter(Boolean);
    const now = cells.slice(at, at + f).join(" + ");
    const here = windows ? `Output ${chosen} of ${told ? `0 to ${windows - 1}` : "?"}: ${now} = ${sum(chosen)}` : "No output.";
    figure.say(told ? `${size}\nSeen by no window: ${parts.join(" and ") || "nothing"}.\n${here}`
      : `How many outputs? What is left over?\nPredict, then Step until the last one.\n${here}`);
    stage.ariaValueMax = told ? Math.max(windows, 1) : furthest + 2;
    figure.stand(stage, chosen, windows ? `output ${chosen}` : "no output");
  }

  function sum(k) { return cells.slice(k * s, k * s + f).reduce((a, b) => a + b, 0); }

  function go(k) {
    chosen = clamp(k, 0, Math.max(windows - 1, 0));
    furthest = Math.max(furthest, chosen);
    show();
  }

  function restart() { chosen = furthest = 0; plan(); show(); }

  function next() {
    go(chosen < windows - 1 ? chosen + 1 : 0);
    return chosen >= windows - 1;
  }

  const stop = figure.player(next, restart);
  const to = (k) => { stop(); go(k); };
  figure.along(stage, () => chosen, () => windows - 1, to);
  figure.drag(stage, (x) => to(Math.round(((x - origin) / cell + before - f / 2) / s)));
  figure.changed(() => { stop(); restart(); });
  restart();
});
