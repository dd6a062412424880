// AlexNet's layers to scale. The page holds conv1, chosen, and every square; here a square is empty until its layer is
// visited, so that the reader can guess. Values: [name, n, channels, window, step, padding, filters, places pooled].
movingFigure("alexnet", (figure, layers) => {
  const stage = figure.find(".moving-stage"), fields = figure.all(".moving-stage g");
  const [width, height, side] = [85, 128, 80];
  const whole = (x) => x.toLocaleString("en-US");
  let place = 0, seen;

  function count([, n, channels, f, s, p, filters], groups) { // places; numbers given out, parameters, multiplications
    const places = (n + 2 * p - f) / s + 1, weights = f * f * channels / groups * filters;
    return [places, [places * places * filters, weights + filters, places * places * weights]];
  }

  function all() {
    const { cards } = figure.values;
    return layers.map((layer) => count(layer, cards && "conv2 conv4 conv5".includes(layer[0]) ? 2 : 1));
  }

  function words(found) {
    const [name, n, channels, f, s, p, filters, pooled] = layers[place];
    const [places, numbers] = found[place];
    const part = (k) => `${(100 * numbers[k] / found.reduce((sum, row) => sum + row[1][k], 0)).toFixed(1)} % of all.`;
    const share = (k) => `${whole(numbers[k])}, ${part(k)}`, given = `${whole(numbers[0])} numbers, ${part(0)}`;
    const deep = numbers[1] - filters === f * f * channels * filters ? channels : channels / 2;
    const half = deep < channels ? `, each of which sees ${deep} channels` : "";
    if (f === 1) {
      const read = name === "fc6" ? "6 · 6 · 256 = 9,216" : whole(channels);
      return `${name} reads ${read} numbers with ${whole(filters)} units.\nEvery unit reads all of them: no places.\n`
        + `It gives out ${given}\nParameters: ${whole(channels)}·${whole(filters)} + ${whole(filters)} = ${share(1)}\n`
        + `Multiplications: ${whole(channels)}·${whole(filters)} = ${share(2)}`;
    }
    return `${name} reads ${n} × ${n} × ${channels}, with ${filters} filters of ${f} × ${f}, moved by ${s}${half}.\n`
      + `Places: (${n} + 2·${p} − ${f}) / ${s} + 1 = ${places}.\nIt gives out ${places} × ${places} × ${filters} = ${given}\n`
      + `Parameters: ${f}·${f}·${deep}·${filters} + ${filters} = ${share(1)}\n`
      + `Multiplications: ${places}·${places} · ${f}·${f}·${deep}·${filters} = ${share(2)}`
      + (pooled ? `\nA pooling, 3 × 3 moved by 2, leaves (${places} − 3) / 2 + 1 = ${pooled} places.` : "");
  }

  function show() {
    const found = all(), { what } = figure.values;
    const largest = Math.max(...found.map((row) => row[1][what]));
    fields.forEach((field, i) => {
      const value = found[i][1][what], length = side * Math.sqrt(value / largest);
      const [square, , number] = field.children;
      draw(square, { x: width * (i % 4 + 0.5) - length / 2, y: height * Math.floor(i / 4) + 62 - length / 2, width: length, height: length });
      field.classList.toggle("here", i === place);
      field.classList.toggle("al-hidden", !seen[i]);
      number.textContent = seen[i] ? whole(value) : "?";
    });
    figure.stand(stage, place, layers[place][0]);
    figure.say(words(found));
  }

  function go(to) {
    place = clamp(to, 0, 7);
    seen[place] = true;
    show();
  }

  function hide() {
    seen = layers.map((layer, i) => i === place);
    show();
  }

  figure.keys(stage, {
    ArrowLeft: () => go(place - 1), ArrowRight: () => go(place + 1), ArrowUp: () => go(place - (place > 3 ? 4 : 0)),
    ArrowDown: () => go(place + (place < 4 ? 4 : 0)), Home: () => go(0), End: () => go(7),
  });
  figure.drag(stage, (x, y) => go(clamp(Math.floor(x / width), 0, 3) + (y < height ? 0 : 4)));
  figure.button("Show all").onclick = () => { seen.fill(true); show(); };
  figure.button("Hide").onclick = hide;
  figure.changed((name) => (name === "what" ? hide() : show()));
  hide();
});
