// How the receptive field grows: layers are added, and the input pixels that one number depends on are drawn. Its
// values: [[[name, kernel, stride, dilation], …], the numbers of the first layers].
movingFigure("receptive_field", (figure, [kinds, first]) => {
  const most = 5, pixels = 65, pitch = 5.2, middle = 170, bottom = 244, storey = 44; // as receptive_field.py draws it
  const group = figure.find("svg g");
  let stack = first.map((kind) => kinds[kind]);

  function routes() { // from the output down to the input: how many routes lead to each unit
    const levels = [[1]], steps = [1];
    for (const [, , stride] of stack) steps.push(steps.at(-1) * stride);
    for (const [, kernel, stride, dilation] of [...stack].reverse()) {
      const below = Array((levels[0].length - 1) * stride + (kernel - 1) * dilation + 1).fill(0);
      levels[0].forEach((ways, i) => { for (let a = 0; a < kernel; a++) below[i * stride + a * dilation] += ways; });
      levels.unshift(below);
    }
    return [levels, steps];
  }

  function show() {
    const [levels, steps] = routes(), { guess } = figure.values, field = levels[0].length;
    const half = levels.map((ways, level) => (ways.length - 1) * steps[level] * pitch / 2);
    group.replaceChildren();
    levels.forEach((ways, level) => {
      const y = bottom - level * storey;
      if (level && !guess) {
        const [below, here] = [half[level - 1], half[level]];
        draw("path", { class: "rf-cone", d: `M${middle - below} ${y + storey}L${middle - here} ${y}H${middle + here}L${middle + below} ${y + storey}Z` }, group);
      }
      draw("text", { class: "rf-name", x: 1, y: y - 16 }, group, level ? `${level}: ${stack[level - 1][0]}` : "input");
    });
    levels.forEach((ways, level) => ways.forEach((many, i) => {
      const x = middle + (i - (ways.length - 1) / 2) * steps[level] * pitch, top = level === stack.length;
      if (!many || (guess && !top)) return;
      if (level) draw("circle", { class: "rf-unit", cx: x, cy: bottom - level * storey, r: top ? 4 : 2.4 }, group);
      else draw("rect", { class: "rf-ways", x: x - 2, y: bottom + 12, width: 4, height: 44 * many / Math.max(...ways) }, group);
    }));
    const left = middle - (pixels + 1 - field % 2) * pitch / 2; // an even field lies between two pixels
    let lines = `M0 ${bottom - 6}H340M0 ${bottom + 6}H340`;
    for (let k = 0; k <= pixels; k++) lines += `M${left + k * pitch} ${bottom - 6}v12`;
    draw("path", { class: "rf-axis", d: lines }, group);
    if (!guess) levels[0].forEach((many, i) => many && draw("rect", { class: "rf-seen", x: middle + (i - field / 2) * pitch, y: bottom - 6, width: pitch, height: 12 }, group));
    figure.say(words(levels, steps, guess));
  }

  function count(number, name) { return `${number} ${name}${number === 1 ? "" : "s"}`; }

  function words([ways], steps, guess) {
    if (!stack.length) return "No layer yet: the number is a pixel and sees 1 pixel.";
    if (guess) return `${stack.map(([name], i) => `${i + 1}: ${name}`).join("; ")}.\nHow many pixels does the number on top see?`;
    const sizes = stack.map(([, kernel, , dilation]) => (kernel - 1) * dilation);
    const [, kernel, , dilation] = stack.at(-1), seen = ways.filter(Boolean).length;
    const wide = ways.length > pixels ? ` The picture shows ${pixels}.` : "";
    return `Receptive field: ${["1", ...sizes.map((size, i) => `${size}·${steps[i]}`)].join(" + ")} = ${ways.length} pixels.${wide}\n`
      + `Layer ${stack.length} adds (${kernel} − 1)${dilation > 1 ? `·${dilation}` : ""} = ${count(sizes.at(-1), "step")} of `
      + `${count(steps.at(-2), "pixel")} (the strides below it, multiplied).\n`
      + (seen === ways.length ? "Every one of them is seen." : `Only ${seen} of them are seen: there are holes.`);
  }

  for (const kind of kinds) {
    figure.button(`Add ${kind[0]}`).onclick = () => {
      if (stack.length === most) return figure.say("There is room for five layers: remove one first.");
      stack.push(kind);
      show();
    };
  }
  figure.button("Remove").onclick = () => { stack.pop(); show(); };
  figure.button("Clear").onclick = () => { stack = []; show(); };
  figure.changed(show);
  show();
});
