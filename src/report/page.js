// What a page can do where scripts may run: values under the pointer, filters, copying. Without it everything is there to read.
(() => {
  /** Fewer rows are read at a glance. */
  const LEAST_ROWS = 9;

  for (const chart of document.querySelectorAll('.chart[data-plots]')) readValues(chart);
  for (const body of document.querySelectorAll('.exhibit-body')) addZoom(body);
  for (const pre of document.querySelectorAll('pre')) addCopy(pre, 'Copy', () => pre.innerText);
  for (const exhibit of document.querySelectorAll('.exhibit-exchanges')) addIdCopy(exhibit);
  for (const numbers of document.querySelectorAll('.chart ~ details .scroll')) addTableCopy(numbers);
  addFindingFilter();
  for (const id of ['coverage', 'untested', 'experiments', 'runs']) addRowFilter(document.getElementById(id));
  for (const exhibit of document.querySelectorAll('.exhibit-exchanges, .exhibit-table')) addRowFilter(exhibit);
  openTarget();
  window.addEventListener('hashchange', openTarget);
  openForPrint();

  // ---- values of points

  /** The nearest point under the pointer; by keyboard left and right along a series, up and down to another. */
  function readValues(chart) {
    const svg = chart.querySelector('svg');
    // What both sizes of a chart have in common stands at the first.
    const { names } = chart.parentElement.querySelector('[data-names]')?.dataset ?? {};
    if (svg === null || names === undefined) return;
    const [plots, namesByPlot] = [JSON.parse(chart.dataset.plots), JSON.parse(names)];
    const series = plots.areas.flatMap((area, index) =>
      namesByPlot[index].flatMap((name) => seriesIn(svg, area, name)),
    );
    if (series.length === 0) return;
    const parts = ['hover-line', 'hover-line', 'hover-dot', 'hover-label'].map((name) => make('div', name));
    const said = make('p', 'offscreen');
    said.setAttribute('role', 'status');
    for (const part of parts) part.setAttribute('aria-hidden', 'true');
    chart.append(...parts);
    chart.after(said);
    const hide = () => {
      for (const part of parts) part.hidden = true;
    };
    hide();
    let at = { one: series[0], index: -1 };
    const show = (one, index) => {
      at = { one, index };
      const text = readingOf(one, index, plots);
      mark(svg, parts, one, one.points[index], text);
      return text;
    };
    chart.addEventListener('pointerleave', hide);
    chart.addEventListener('pointermove', (event) => {
      const box = svg.getBoundingClientRect();
      const scale = box.width / svg.viewBox.baseVal.width;
      const found = nearest(series, (event.clientX - box.left) / scale, (event.clientY - box.top) / scale);
      if (found === undefined) hide();
      else show(found.one, found.index);
    });
    chart.tabIndex = 0;
    chart.addEventListener('blur', hide);
    chart.addEventListener('keydown', (event) => {
      const next = event.key === 'Escape' ? hide() : afterKey(event, series, at);
      if (next === undefined) return;
      event.preventDefault();
      said.textContent = show(next.one, next.index);
      parts[2].scrollIntoView({ block: 'nearest', inline: 'nearest' });
    });
  }

  /** Points of a series inside its plot, in pixels of the image and in the order of x. */
  function seriesIn(svg, area, [label, colour, form]) {
    const [left, top, width, height] = area;
    const points = [...svg.querySelectorAll(`path[stroke="${colour}"]`)]
      .filter((path) => formOf(path, form) === form)
      .flatMap((path) => pointsOf(path.getAttribute('d'), form === 'block' && path.getAttribute('stroke-width') / 2))
      .filter(([x, y]) => x >= left - 1 && x <= left + width + 1 && y >= top - 1 && y <= top + height + 1)
      .sort((a, b) => a[0] - b[0]);
    return points.length === 0 ? [] : [{ label, area, points }];
  }

  function formOf(path, wanted) {
    if (wanted === 'block') return 'block';
    const cap = path.getAttribute('stroke-linecap');
    if (/h0/.test(path.getAttribute('d'))) return cap === 'square' ? 'square' : 'dot';
    const dash = parseFloat(path.getAttribute('stroke-dasharray'));
    if (!dash) return 'line';
    return dash > 1.5 * (parseFloat(path.getAttribute('stroke-width')) || 1) ? 'dashed' : 'dotted';
  }

  /** Every place that a path of moves and lines comes to; of fields, which are thick lines, the middle and half of both sizes. */
  function pointsOf(d, halfHeight) {
    const points = [];
    let [x, y, command] = [0, 0, ''];
    const tokens = d.match(/[a-z]|-?\d*\.?\d+/gi) ?? [];
    while (tokens.length > 0) {
      if (/[a-z]/i.test(tokens[0])) command = tokens.shift();
      if (/z/i.test(command)) continue;
      const isRelative = command === command.toLowerCase();
      const [fromX, fromY] = isRelative ? [x, y] : [0, 0];
      const before = x;
      if (!/v/i.test(command)) x = fromX + Number(tokens.shift());
      if (!/h/i.test(command)) y = fromY + Number(tokens.shift());
      if (halfHeight && !/m/i.test(command)) points.push([(before + x) / 2, y, (x - before) / 2, halfHeight]);
      if (!halfHeight && !(command === 'h' && x === before)) points.push([x, y]);
      if (/m/i.test(command)) command = isRelative ? 'l' : 'L';
    }
    return points;
  }

  function nearest(series, x, y) {
    let found;
    let least = Infinity;
    for (const one of series) {
      const [left, top, width, height] = one.area;
      if (x < left || x > left + width || y < top || y > top + height) continue;
      one.points.forEach(([px, py], index) => {
        const far = (px - x) ** 2 + (py - y) ** 2;
        if (far < least) [least, found] = [far, { one, index }];
      });
    }
    return found;
  }

  function afterKey({ key, shiftKey }, series, at) {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[key];
    const turn = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (step === undefined && turn === undefined) return undefined;
    if (turn !== undefined) {
      const one = series[(series.indexOf(at.one) + turn + series.length) % series.length];
      const [x] = at.one.points[Math.max(0, at.index)];
      const far = one.points.map(([px]) => Math.abs(px - x));
      return { one, index: far.indexOf(Math.min(...far)) };
    }
    const index = at.index + step * (shiftKey ? 10 : 1);
    return { one: at.one, index: Math.min(at.one.points.length - 1, Math.max(0, index)) };
  }

  function mark(svg, [across, up, dot, label], one, [x, y], text) {
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    const [left, top, width, height] = one.area;
    label.textContent = text;
    for (const part of [across, up, dot, label]) part.hidden = false;
    place(across, left * scale, y * scale, width * scale, 1);
    place(up, x * scale, top * scale, 1, height * scale);
    place(dot, x * scale - 5, y * scale - 5, 10, 10);
    const isRight = x > left + width / 2;
    const labelLeft = x * scale + (isRight ? -10 - label.offsetWidth : 10);
    label.style.left = `${Math.max(0, labelLeft)}px`;
    label.style.top = `${Math.max(0, y * scale - 32)}px`;
  }

  function readingOf({ label, area, points }, index, plots) {
    const [left, top, width, height, x0, x1, y0, y1] = area;
    const [x, y, halfWidth, halfHeight] = points[index];
    // A field is told from edge to edge, and those no finer than a pixel.
    const grain = halfWidth === undefined ? 0.1 : 1;
    const atX = (px) => positionText(x0 + ((px - left) / width) * (x1 - x0), (grain * (x1 - x0)) / width, plots.x);
    const atY = (py) => positionText(y1 - ((py - top) / height) * (y1 - y0), (grain * (y1 - y0)) / height, plots.y);
    const span = (at, from, to) => (halfWidth === undefined ? at((from + to) / 2) : `${at(from)} to ${at(to)}`);
    const [w, h] = [halfWidth ?? 0, halfHeight ?? 0];
    return `${label === '' ? '' : `${label}: `}${span(atX, x - w, x + w)}, ${span(atY, y + h, y - h)}`;
  }

  function place(part, left, top, width, height) {
    Object.assign(part.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
  }

  /** The other way round than `charts/scale.ts`. Images are exact to a tenth of a pixel: no more digits are told than that has. */
  function positionText(position, grain, [kind, unit]) {
    if (kind === 'percentile') return `p${Number((100 * (1 - 10 ** -position)).toPrecision(4))}`;
    if (kind === 'log') return withUnit(Number((10 ** position).toPrecision(grain < 0.002 ? 3 : 2)), unit);
    const step = 10 ** Math.ceil(Math.log10(grain));
    return withUnit(Math.round(position / step) * step, unit);
  }

  function withUnit(value, unit) {
    switch (unit) {
      case 'us':
        return duration(value);
      case 'ratio':
        return `${digits(value * 100)} %`;
      case 'perSec':
        return `${digits(value)}/s`;
      case 'bytes':
        return Math.abs(value) < 1000 ? `${digits(value)} B` : `${digits(value / 1000)} kB`;
      default:
        return digits(value);
    }
  }

  function duration(us) {
    const size = Math.abs(us);
    if (size < 1e3) return `${digits(us)} µs`;
    if (size < 1e6) return `${digits(us / 1e3)} ms`;
    return size < 12e7 ? `${digits(us / 1e6)} s` : `${digits(us / 6e7)} min`;
  }

  function digits(value) {
    return Number(value.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 6 });
  }

  // ---- zoom

  /** A picture twice or four times as large, in a box that scrolls: what lies close together comes apart, text stays sharp. */
  function addZoom(body) {
    const charts = [...body.querySelectorAll('.chart')];
    const last = charts.at(-1);
    if (last === undefined) return;
    const bar = make('p', 'zoom');
    const [smaller, larger] = ['Smaller', 'Larger'].map(makeButton);
    for (const button of [smaller, larger])
      button.setAttribute('aria-describedby', last.getAttribute('aria-labelledby'));
    let scale = 1;
    const zoom = (factor) => {
      scale = Math.min(4, Math.max(1, scale * factor));
      for (const chart of charts) {
        chart.classList.toggle('chart-twice', scale === 2);
        chart.classList.toggle('chart-fourfold', scale === 4);
        if (scale > 1) chart.tabIndex = 0;
      }
      smaller.disabled = scale === 1;
      larger.disabled = scale === 4;
    };
    smaller.addEventListener('click', () => zoom(1 / 2));
    larger.addEventListener('click', () => zoom(2));
    zoom(1);
    bar.append(smaller, larger);
    last.parentElement.insertBefore(bar, body.querySelector('.chart ~ details'));
  }

  // ---- copying

  function addCopy(neighbour, title, textOf) {
    const button = makeButton(title);
    button.addEventListener('click', async () => {
      const done = await copy(textOf());
      button.textContent = done ? 'Copied' : 'Not allowed here: select and copy';
      setTimeout(() => {
        button.textContent = title;
      }, 2500);
    });
    neighbour.after(button);
  }

  function addIdCopy(exhibit) {
    const ids = [...exhibit.querySelectorAll('tbody th code')].map((code) => code.textContent);
    const last = exhibit.querySelector('.exhibit-body');
    if (ids.length > 1 && last !== null) addCopy(last, `Copy ${ids.length} request ids`, () => ids.join('\n'));
  }

  /** As spreadsheets take it. */
  function addTableCopy(scroll) {
    const cells = (row) => [...row.cells].map((cell) => cell.innerText.replaceAll(/\s+/g, ' ').trim());
    const rows = () => [...scroll.querySelectorAll('tr')].map((row) => cells(row).join('\t'));
    addCopy(scroll, 'Copy numbers', () => rows().join('\n'));
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // From disk, or in a frame that may not: the old way.
      return copyBySelection(text);
    }
  }

  function copyBySelection(text) {
    const area = make('textarea', 'offscreen');
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }

  // ---- filters

  function addFindingFilter() {
    const cards = [...document.querySelectorAll('#findings > .finding')];
    const lead = document.querySelector('#findings > .section-title');
    if (cards.length < 3 || lead === null) return;
    addFilter(lead, 'Filter findings', cards);
  }

  function addRowFilter(part) {
    if (part === null) return;
    const rows = [...part.querySelectorAll('.scroll tbody tr')];
    const first = part.querySelector('.scroll, details');
    if (rows.length < LEAST_ROWS || first === null) return;
    const anchor = make('div', 'filter-place');
    first.before(anchor);
    addFilter(anchor, 'Filter rows', rows, part);
  }

  /** What does not contain all words is hidden; folds are opened as long as there is a filter. */
  function addFilter(after, title, items, part) {
    const label = make('label', 'filter');
    const input = document.createElement('input');
    const count = make('span', 'filter-count');
    input.type = 'search';
    count.setAttribute('role', 'status');
    label.append(`${title} `, input, ' ', count);
    after.after(label);
    const folds = part === undefined ? [] : [...part.querySelectorAll('details')];
    const wasOpen = new Map(folds.map((fold) => [fold, fold.open]));
    const texts = items.map((item) => item.textContent.toLowerCase());
    input.addEventListener('input', () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      items.forEach((item, index) => {
        item.hidden = !words.every((word) => texts[index].includes(word));
        if (!item.hidden) shown++;
      });
      for (const fold of folds) fold.open = words.length > 0 || wasOpen.get(fold);
      count.textContent = words.length === 0 ? '' : `${shown} of ${items.length}`;
    });
  }

  // ---- folds

  /** A link into a fold opens it. */
  function openTarget() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let fold = target?.closest('details'); fold; fold = fold.parentElement?.closest('details')) fold.open = true;
  }

  /** Paper has no folds; browsers that do not open them by the style sheet get them opened here. */
  function openForPrint() {
    let closed = [];
    window.addEventListener('beforeprint', () => {
      closed = [...document.querySelectorAll('details:not([open])')];
      for (const fold of closed) fold.open = true;
    });
    window.addEventListener('afterprint', () => {
      for (const fold of closed) fold.open = false;
    });
  }

  function makeButton(title) {
    const button = make('button', 'copy');
    button.type = 'button';
    button.textContent = title;
    return button;
  }

  function make(name, className) {
    const element = document.createElement(name);
    element.className = className;
    return element;
  }
})();
