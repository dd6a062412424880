// Eight numbers under dropout. Its values: [the numbers, the first mask]. Every other mask is drawn here, from a seed,
// so that the figure tells everybody the same story.
movingFigure("dropout", (figure, [x, first]) => {
  const cells = (name) => figure.all(`.dr-${name} text`);
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  let seed, totals, count, mask;

  function random() { // mulberry32
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  const scale = () => (figure.values.scaled ? 1 : 1 / (1 - figure.values.rate));

  function meet(next) { // one more mask
    mask = next;
    count += 1;
    totals = totals.map((t, i) => t + x[i] * mask[i] * scale());
  }
  const drawn = () => x.map(() => (random() >= figure.values.rate ? 1 : 0));

  function show() {
    const { rate, scaled, predict } = figure.values;
    const kept = predict ? x.map(() => 1) : mask;
    const by = predict ? (scaled === 1 ? 1 - rate : 1) : scale();
    const y = x.map((v, i) => v * kept[i] * by);
    const put = (name, numbers) => cells(name).forEach((cell, i) => { cell.textContent = write(numbers[i]); });
    put("m", kept);
    put("y", y);
    put("mean", totals.map((t) => t / count));
    for (const name of ["x", "y"]) cells(name).forEach((cell, i) => cell.classList.toggle("dr-off", !kept[i]));
    const masks = `Over ${count} mask${count > 1 ? "s" : ""} the mean sum of y is ${write(sum(totals) / count)}.`;
    const one = write(1 - rate);
    const head = predict
      ? `Predicting: no mask, ${scaled === 1 ? `each number times 1 − ${write(rate)} = ${one}` : "nothing scaled"}.`
      : `Training, mask ${count}: ${sum(mask)} of ${x.length} kept, ` +
        (scaled ? "as they are." : `each times 1/(1 − ${write(rate)}) = ${write(scale())}.`);
    figure.say(`${head}\nThe sum of y is ${write(sum(y))}; that of x is ${write(sum(x))}. ${masks}`);
  }

  function start() { // half dropped: with the mask of the still picture
    [seed, count, totals] = [7, 0, x.map(() => 0)];
    meet(figure.values.rate === 0.5 ? first : drawn());
    show();
  }

  figure.button("New mask").onclick = () => { meet(drawn()); show(); };
  figure.button("100 masks").onclick = () => { for (let i = 0; i < 100; i++) meet(drawn()); show(); };
  figure.button("Start again").onclick = start;
  figure.changed((name) => (name === "predict" ? show() : start()));
  start();
});
