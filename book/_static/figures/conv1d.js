// A kernel slides along a sentence. The page holds the first state; this draws all others, output by output. Values:
// [sentences of [word, praises, denies], [[name, rows, bias], …]].
movingFigure("conv1d", (figure, [sentences, kernels]) => {
  const cell = 34, tall = 38, top = 50, out = 160; // as conv1d.py draws it
  const stage = figure.find(".moving-stage"), group = figure.find("svg g");
  let words, rows, bias, before, after, left, outputs, seen, chosen;

  const name = (i) => (words[i] ? words[i][0] : "0");
  const number = (i, d) => (words[i] ? words[i][d + 1] : 0);
  const reads = (t) => rows.map((_, a) => name(t + a - before)).join(" ");

  function plan() { // what follows from the three choices
    const { sentence, kernel, padding } = figure.values;
    words = sentences[sentence];
    [, rows, bias] = kernels[kernel];
    const zeros = padding ? rows.length - 1 : 0; // valid, same, causal
    before = padding === 1 ? Math.floor(zeros / 2) : zeros;
    left = 1 + cell * (padding === 2 ? 2 : 1);
    after = zeros - before;
    outputs = Array.from({ length: words.length + zeros - rows.length + 1 }, (_, t) =>
      rows.reduce((sum, ws, a) => ws.reduce((s, w, d) => s + w * number(t + a - before, d), sum), bias));
    seen = new Set();
    go(0);
  }

  function go(t) {
    chosen = clamp(t, 0, outputs.length - 1);
    seen.add(chosen);
    const visited = [...seen].sort((a, b) => a - b), whole = seen.size === outputs.length;
    const best = visited.find((u) => outputs[u] === Math.max(...visited.map((v) => outputs[v])));
    group.replaceChildren();
    for (let i = -before; i < words.length + after; i++) {
      const x = left + i * cell;
      if (words[i]) draw("text", { class: "co-word", x: x + cell / 2, y: 35 }, group, name(i));
      for (let d = 0; d < 2; d++) {
        const y = top + d * tall;
        draw("rect", { class: words[i] ? "co-cell" : "co-zero", x, y, width: cell, height: tall }, group);
        draw("text", { x: x + cell / 2, y: y + 15 }, group, write(number(i, d)));
      }
    }
    const at = left + (chosen - before) * cell;
    draw("rect", { class: "co-kernel", x: at, y: top, width: rows.length * cell, height: 2 * tall, rx: 3 }, group);
    rows.forEach((ws, a) => ws.forEach((w, d) =>
      draw("text", { class: "co-weight", x: at + (a + 1) * cell - 3, y: top + d * tall + 31 }, group, `×${write(w)}`)));
    outputs.forEach((value, u) => {
      const x = left + u * cell;
      draw("rect", { class: "co-out" + (u === chosen ? " co-now" : ""), x, y: out, width: cell, height: 32 }, group);
      if (seen.has(u)) draw("text", { class: u === best ? "here" : "", x: x + cell / 2, y: out + 16 }, group, write(value));
    });
    const middle = left + (best + .5) * cell;
    draw("path", { class: "co-max", d: `M${middle} ${out + 35}l6 9h-12z` }, group);
    draw("text", { class: "co-most", x: middle, y: out + 55 }, group, "max");

    const terms = rows.flatMap((ws, a) => ws.map((w, d) => `${write(number(chosen + a - before, d))}×${factor(w)}`));
    figure.say(`Output ${chosen} of 0 to ${outputs.length - 1} reads “${reads(chosen)}”:\n${terms.join(" + ")}`
      + `${bias ? `, plus the bias ${write(bias)}` : ""} = ${write(outputs[chosen])}\n`
      + `${whole ? "Global maximum" : "Largest so far"}: ${write(outputs[best])}, from “${reads(best)}”.`);
    stage.ariaValueMax = outputs.length;
    figure.stand(stage, chosen, `output ${chosen}, ${reads(chosen)}`);
  }

  function next() {
    go(chosen < outputs.length - 1 ? chosen + 1 : 0);
    return chosen === outputs.length - 1;
  }

  const stop = figure.player(next, plan);
  const to = (t) => { stop(); go(t); };
  figure.along(stage, () => chosen, () => outputs.length - 1, to);
  figure.drag(stage, (x) => to(Math.round((x - left) / cell + before - rows.length / 2)));
  figure.changed(() => { stop(); plan(); });
  plan();
});
