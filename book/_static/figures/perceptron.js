// A perceptron of two inputs: its line, the sums at the four points, and Rosenblatt's rule, a step at a time. Its values:
// [["AND", [wanted output of (0, 0), (0, 1), (1, 0), (1, 1)]], …].
movingFigure("perceptron", (figure, tasks) => {
  const points = [[0, 0], [0, 1], [1, 0], [1, 1]], names = ["w1", "w2", "b"];
  const said = ["w₁", "w₂", "b"];
  const sliders = names.map((name) => figure.find(`[name=${name}]`));
  const dots = figure.all("svg g"), rows = figure.all("tbody tr");
  let p = sliders.map((slider) => +slider.value); // may leave the sliders' range while it learns
  let step = 0, seen = new Set();

  const sum = ([x1, x2]) => p[0] * x1 + p[1] * x2 + p[2];
  const output = (point) => +(sum(point) > 0);
  const wanted = () => tasks[figure.values.task][1];
  const right = () => points.filter((point, i) => output(point) === wanted()[i]).length;
  const path = (corners) => corners.length
    ? "M" + corners.map(([x1, x2]) => `${32 + 120 * (x1 + .5)} ${1 + 120 * (1.5 - x2)}`).join("L") : "";

  function show() {
    const side = [], ends = [], corners = [[-.5, -.5], [1.5, -.5], [1.5, 1.5], [-.5, 1.5]];
    corners.forEach((from, i) => {
      const to = corners[(i + 1) % 4], [a, b] = [sum(from), sum(to)];
      if (a > 0) side.push(from);
      if (a > 0 !== b > 0) {
        const cut = from.map((x, axis) => x + (to[axis] - x) * a / (a - b));
        side.push(cut);
        ends.push(cut);
      }
    });
    draw(figure.find(".pe-side"), { d: side.length ? path(side) + "z" : "" });
    draw(figure.find(".pe-line"), { d: path(ends) });
    points.forEach(([x1, x2], i) => {
      const y = output([x1, x2]), t = wanted()[i];
      draw(dots[i], { class: (t ? "pe-one" : "pe-zero") + (y === t ? "" : " pe-wrong") });
      dots[i].lastChild.textContent = t;
      const [sums, got, verdict] = rows[i].querySelectorAll("td");
      const bias = `${p[2] < 0 ? "−" : "+"} ${write(Math.abs(p[2]))}`;
      sums.textContent = `${write(p[0])}×${x1} + ${factor(p[1])}×${x2} ${bias} = ${write(sum([x1, x2]))}`;
      got.textContent = y;
      verdict.textContent = `${t}, ${y === t ? "right" : "wrong"}`;
      rows[i].classList.toggle("pe-now", step > 0 && (step - 1) % 4 === i);
    });
    sliders.forEach((slider, i) => figure.slide(slider, p[i]));
  }

  function begin() { // after the reader changed something
    step = 0;
    seen = new Set();
    show();
    figure.say(`${tasks[figure.values.task][0]}: ${right()} of 4 points right.`);
  }

  figure.button("Learn").onclick = () => {
    const i = step++ % 4, x = [...points[i], 1], before = sum(points[i]), y = output(points[i]);
    const change = wanted()[i] - y;
    const again = !i && right() < 4 && seen.has(String(p));
    if (!i) seen.add(String(p));
    let words = `Step ${step}, point (${points[i].join(", ")}): the sum ${write(before)} gives ${y}`;
    if (change) {
      const moved = said.filter((name, axis) => x[axis]).join(", ").replace(/, b$/, " and b");
      words += `, wanted ${wanted()[i]}. ${change > 0 ? "Add 1 to" : "Take 1 from"} ${moved}.`;
      p = p.map((value, axis) => value + change * x[axis]);
    } else words += ", as wanted. Nothing changes.";
    show();
    words += right() < 4 ? ` Now ${right()} of 4 right.` : " Now all 4 are right: nothing will change any more.";
    if (again) words += " A round began with these weights before: it will go round for ever.";
    figure.say(words);
  };
  figure.button("Zeros").onclick = () => { p = [0, 0, 0]; begin(); };
  figure.changed((name) => {
    const axis = names.indexOf(name);
    if (axis >= 0) p[axis] = +sliders[axis].value;
    begin();
  });
});
