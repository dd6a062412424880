// Spreads through up to fifty layers. Its values: [activation][rule][signal or gradient], a letter for each layer, which
// says by how many hundredths of a decimal logarithm it differs from the one before; gradients from the last layer on.
movingFigure("initializer_depth", (figure, spreads) => {
  const svg = figure.find(".id-bars");
  const named = (name) => figure.find(`[name=${name}]`).selectedOptions[0].textContent;
  const power = (e) => (e ? "10" + [...String(e)].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("") : "1");

  function written(log) {
    const e = Math.floor(log);
    return e >= -3 && e <= 3 ? String(+(10 ** log).toPrecision(2)) : `${(10 ** (log - e)).toFixed(1)}·${power(e)}`;
  }

  function show() {
    const { rule, activation, watch, depth } = figure.values;
    let sum = 0;
    const all = [...spreads[activation][rule][watch]].map((c) => (sum += c.charCodeAt(0) - 0x500));
    const hundredths = (watch ? all.reverse() : all).slice(0, depth);
    const logs = hundredths.map((h) => (h - watch * hundredths[depth - 1]) / 100);
    const largest = Math.max(...logs.map(Math.abs));
    const scale = [1, 2, 4, 8, 16, 32, 64].find((s) => s >= largest), step = 290 / depth;
    const text = (x, y, words) => draw("text", { x, y }, svg, words);
    svg.replaceChildren();
    for (const [y, e] of [[20, scale], [95, 0], [170, -scale]]) {
      draw("path", { d: `M44 ${y}H336` }, svg);
      text(22, y, power(e));
    }
    const group = draw("g", {}, svg);
    logs.forEach((v, i) => draw("rect", {
      x: 45 + step * (i + .1), y: 95 - Math.max(v, 0) * 75 / scale, width: .8 * step, height: Math.abs(v) * 75 / scale,
    }, group));
    text(45 + step / 2, 190, 1);
    text(190, 190, depth > 1 ? "layer" : "");
    if (depth > 1) text(335 - Math.max(step / 2, 8), 190, depth);
    const what = watch ? `gradient at layer 1, for 1 at layer ${depth}` : `signal after layer ${depth}, for 1 at the input`;
    const sentence = `${named("activation")}, ${named("rule")}: the ${what}: ${written(logs[watch ? 0 : depth - 1])}.`;
    if (depth === 1) return figure.say(`${sentence}\nOne layer: give it more.`);
    const each = 10 ** ((logs[0] - logs[depth - 1]) * (watch ? 1 : -1) / (depth - 1));
    const verdict = each < .97 ? "It fades." : each > 1.03 ? "It grows." : "It stays.";
    figure.say(`${sentence}\nFrom layer to layer times ${each.toFixed(2)} on average. ${verdict}`);
  }

  figure.changed(show);
  show();
});
