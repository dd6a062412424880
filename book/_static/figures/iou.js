// Two boxes on squared paper. Its values: [truth, box], each top, left, bottom, right.
movingFigure("iou", (figure, [truth, first]) => {
  const cell = 32, paper = 10, stage = figure.find(".moving-stage");
  const shade = figure.find(".iu-shared"), mine = figure.find(".iu-mine");
  const [frame, grip, name] = mine.children, ranges = figure.all("input[type=range]");
  let box = [...first], hold;

  const put = (element, [top, left, bottom, right]) => draw(element,
    { x: left * cell, y: top * cell, width: Math.max(right - left, 0) * cell, height: Math.max(bottom - top, 0) * cell });

  function render() {
    const [top, left, bottom, right] = box, sides = [truth, box].map(([t, l, b, r]) => [b - t, r - l]);
    const both = box.map((edge, i) => Math[i < 2 ? "max" : "min"](edge, truth[i]));
    let [height, width] = [Math.max(both[2] - both[0], 0), Math.max(both[3] - both[1], 0)];
    if (!height || !width) height = width = 0;
    const [a, b] = sides.map(([h, w]) => h * w), shared = height * width, union = a + b - shared;
    const limit = [0.5, 0.75][figure.values.limit];
    put(shade, height ? both : [0, 0, 0, 0]);
    put(frame, box);
    draw(grip, { cx: right * cell, cy: bottom * cell });
    draw(name, { x: Math.min(left * cell + 28, paper * cell - 24), y: bottom < paper ? bottom * cell + 14 : bottom * cell - 14 });
    sides[1].forEach((side, i) => figure.slide(ranges[i], side));
    figure.say(`Truth ${sides[0].join(" × ")} = ${a}, yours ${sides[1].join(" × ")} = ${b}.\n`
      + `Intersection ${height} × ${width} = ${shared}, union ${a} + ${b} − ${shared} = ${union}.\n`
      + `IoU ${shared} / ${union} = ${write(shared / union)}. Found at ${limit}? ${shared >= limit * union ? "yes" : "no"}.`);
    figure.stand(stage, top * paper + left, `row ${top}, column ${left}, ${sides[1][0]} high, ${sides[1][1]} wide`);
  }

  function move(top, left) { // and stay on the paper
    const [height, width] = [box[2] - box[0], box[3] - box[1]];
    [top, left] = [clamp(top, 0, paper - height), clamp(left, 0, paper - width)];
    box = [top, left, top + height, left + width];
    render();
  }

  function size(height, width) { // from its corner at the top left, which gives way at the paper's end
    [height, width] = [clamp(height, 1, paper), clamp(width, 1, paper)];
    box = [box[0], box[1], box[0] + height, box[1] + width];
    move(box[0], box[1]);
  }

  const step = (rows, columns) => () => move(box[0] + rows, box[1] + columns);
  const grow = (by) => () => size(box[2] - box[0] + by, box[3] - box[1] + by);
  figure.keys(stage, {
    ArrowUp: step(-1, 0), ArrowDown: step(1, 0), ArrowLeft: step(0, -1), ArrowRight: step(0, 1),
    Home: () => move(0, 0), End: () => move(paper, paper), "+": grow(1), "=": grow(1), "-": grow(-1), "−": grow(-1),
  });
  figure.drag(stage, (x, y, start) => {
    [x, y] = [x / cell, y / cell];
    if (start) {
      const [top, left, bottom, right] = box, inside = y >= top && y < bottom && x >= left && x < right;
      const corner = Math.hypot(x - right, y - bottom) < 0.75;
      hold = corner ? null : inside ? [y - top, x - left] : [(bottom - top) / 2, (right - left) / 2];
    }
    if (hold) move(Math.round(y - hold[0]), Math.round(x - hold[1]));
    else size(Math.round(clamp(y, 0, paper)) - box[0], Math.round(clamp(x, 0, paper)) - box[1]);
  });
  figure.changed((name) => (name === "limit" ? render() : size(figure.values.height, figure.values.width)));
  const [t, l, b, r] = truth, half = Math.floor((b - t) / 2);
  const show = (edges) => () => { box = edges; render(); };
  figure.button("Half shared").onclick = show([t + half, l, b + half, r]);
  figure.button("Inside").onclick = show([t + 1, l + 1, b - 1, r - 1]);
  figure.button("Reset").onclick = show([...first]);
  render();
});
