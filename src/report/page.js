// What a page can do where scripts may run: values under the pointer, filters, copying. Without it everything is there to read.
(() => {
  /** Fewer rows are read at a glance. */
  const LEAST_ROWS = 9;

  for (const chart of document.querySelectorAll('.chart[data-plots]')) readValues(chart);
  for (const pre of document.querySelectorAll('pre')) addCopy(pre, 'Copy', () => pre.innerText);
  for (const exhibit of document.querySelectorAll('.exhibit-exchanges')) addIdCopy(exhibit);
  addFindingFilter();
  for (const id of ['coverage', 'untested', 'experiments', 'runs']) addRowFilter(document.getElementById(id));
  for (const exhibit of document.querySelectorAll('.exhibit-exchanges, .exhibit-table')) addRowFilter(exhibit);
  openTarget();
  window.addEventListener('hashchange', openTarget);
  openForPrint();

  // ---- values under the pointer

  function readValues(chart) {
    const svg = chart.querySelector('svg');
    const plots = parsePlots(chart.dataset.plots);
    if (svg === null || plots === undefined) return;
    const across = make('div', 'hover-line');
    const up = make('div', 'hover-line');
    const label = make('div', 'hover-label');
    for (const part of [across, up, label]) {
      part.hidden = true;
      part.setAttribute('aria-hidden', 'true');
      chart.append(part);
    }
    const hide = () => {
      for (const part of [across, up, label]) part.hidden = true;
    };
    chart.addEventListener('pointerleave', hide);
    chart.addEventListener('pointermove', (event) => {
      const box = svg.getBoundingClientRect();
      const scale = box.width / svg.viewBox.baseVal.width;
      const x = (event.clientX - box.left) / scale;
      const y = (event.clientY - box.top) / scale;
      const plot = plots.areas.find(([left, top, width, height]) => {
        return x >= left && x <= left + width && y >= top && y <= top + height;
      });
      if (plot === undefined) return hide();
      const [left, top, width, height, x0, x1, y0, y1] = plot;
      const atX = x0 + ((x - left) / width) * (x1 - x0);
      const atY = y1 - ((y - top) / height) * (y1 - y0);
      label.textContent = `${readingOf(atX, plots.x)}, ${readingOf(atY, plots.y)}`;
      for (const part of [across, up, label]) part.hidden = false;
      place(across, left * scale, y * scale, width * scale, 1);
      place(up, x * scale, top * scale, 1, height * scale);
      const isRight = x > left + width / 2;
      const labelLeft = x * scale + (isRight ? -8 - label.offsetWidth : 8);
      label.style.left = `${Math.max(0, labelLeft)}px`;
      label.style.top = `${Math.max(0, y * scale - 30)}px`;
    });
  }

  function parsePlots(text) {
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  }

  function place(part, left, top, width, height) {
    Object.assign(part.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
  }

  /** The other way round than `charts/scale.ts`. */
  function readingOf(position, [kind, unit]) {
    if (kind === 'percentile') return `p${Number((100 * (1 - 10 ** -position)).toPrecision(4))}`;
    return withUnit(kind === 'log' ? 10 ** position : position, unit);
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

  // ---- copying

  function addCopy(neighbour, title, textOf) {
    const button = make('button', 'copy');
    button.type = 'button';
    button.textContent = title;
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

  function make(name, className) {
    const element = document.createElement(name);
    element.className = className;
    return element;
  }
})();
