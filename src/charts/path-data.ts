/** Path data written short: whole tenths of a pixel, each step absolute or relative, whichever takes fewer characters. */

/** A tenth of a pixel is finer than any screen shows. */
const PER_PX = 10;
const TOKEN = /([A-Za-z])|-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?/g;

type Step = { readonly command: 'M' | 'L' | 'Z'; readonly x: number; readonly y: number };
type Spelling = readonly [command: string, ...tenths: number[]];

/** The same line to a tenth of a pixel; undefined where it holds other commands than M, L, H, V and Z. */
export function shortPath(d: string): string | undefined {
  const steps = readSteps(d);
  return steps === undefined ? undefined : writeSteps(steps);
}

/** Absolute places in px. */
function readSteps(d: string): readonly Step[] | undefined {
  const steps: Step[] = [];
  let command = '';
  let numbers: number[] = [];
  let at = { x: 0, y: 0 };
  let start = at;
  for (const [text, letter] of d.matchAll(TOKEN)) {
    if (letter !== undefined) {
      if (!/[MLHVZ]/i.test(letter) || numbers.length > 0) return undefined;
      command = letter;
      if (!/z/i.test(letter)) continue;
      steps.push({ command: 'Z', ...start });
      at = start;
      continue;
    }
    numbers.push(Number(text));
    if (numbers.length < (/[HV]/i.test(command) ? 1 : 2)) continue;
    at = placeAfter(command, numbers, at);
    const isMove = /m/i.test(command);
    steps.push({ command: isMove ? 'M' : 'L', ...at });
    if (isMove) start = at;
    // Further pairs after a move are lines.
    if (isMove) command = command === 'M' ? 'L' : 'l';
    numbers = [];
  }
  return numbers.length > 0 ? undefined : steps;
}

type Place = { readonly x: number; readonly y: number };

function placeAfter(command: string, [first = 0, second = 0]: readonly number[], at: Place): Place {
  const origin = command === command.toLowerCase() ? at : { x: 0, y: 0 };
  if (/h/i.test(command)) return { x: origin.x + first, y: at.y };
  if (/v/i.test(command)) return { x: at.x, y: origin.y + first };
  return { x: origin.x + first, y: origin.y + second };
}

function writeSteps(steps: readonly Step[]): string {
  let text = '';
  let last = '';
  let [fromX, fromY] = [0, 0];
  for (const [index, { command, x: px, y: py }] of steps.entries()) {
    const [x, y] = [Math.round(px * PER_PX), Math.round(py * PER_PX)];
    const stays = command === 'L' && x === fromX && y === fromY;
    // A line without length is a dot where it stands alone, and nothing within a longer one.
    if (stays && steps[index - 1]?.command !== 'M') continue;
    const spelled = spellings(command, x, y, fromX, fromY).map((one) => ({ command: one[0], text: spell(one, last) }));
    const best = spelled.reduce((least, one) => (one.text.length < least.text.length ? one : least));
    text += best.text;
    last = best.command === 'M' ? 'L' : best.command === 'm' ? 'l' : best.command;
    [fromX, fromY] = [x, y];
  }
  return text;
}

function spellings(command: Step['command'], x: number, y: number, fromX: number, fromY: number): readonly Spelling[] {
  const [dx, dy] = [x - fromX, y - fromY];
  if (command === 'Z') return [['Z']];
  if (command === 'M') {
    return [
      ['M', x, y],
      ['m', dx, dy],
    ];
  }
  const across: Spelling[] = [
    ['h', dx],
    ['H', x],
  ];
  const along: Spelling[] = [
    ['v', dy],
    ['V', y],
  ];
  const slanted: Spelling[] = [
    ['l', dx, dy],
    ['L', x, y],
  ];
  return dy === 0 ? across : dx === 0 ? along : slanted;
}

/** A letter is left out where the same one is meant again, a space where a minus parts the numbers. */
function spell([command, ...tenths]: Spelling, last: string): string {
  const isRepeated = command === last && command !== 'Z';
  let text = isRepeated ? '' : command;
  for (const [index, value] of tenths.entries()) {
    const number = String(value / PER_PX).replace(/^(-?)0\./, '$1.');
    const isParted = number.startsWith('-') || (index === 0 && !isRepeated);
    text += isParted ? number : ` ${number}`;
  }
  return text;
}
