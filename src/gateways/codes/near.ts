/** Codes that look like one that is not known. They are shown beside it, never put in its place. */
import type { CodeMeaning } from './code.ts';
import { iisStatusMeanings } from './iis-status.ts';
import { knownWords, meaningsIn, meaningsOfWord } from './tables.ts';
import { isReadInLogs, win32Meaning, win32Names } from './win32.ts';
import { winhttpMeaning, winhttpMeanings } from './winhttp.ts';

const MAX_SHOWN = 6;
/** Two slips of the finger at most: with three, nearly every code of five digits is near. */
const MAX_SLIPS = 2;
/** Longer texts are sentences: nobody mistypes one of these by two letters. */
const MAX_WORD = 64;
/** As many first letters make two words kin: `Lambda…`, `Timer_…`, `server_cert_…`. */
const MIN_KIN = 6;
// Those that ARR yields day by day; first among equals.
const USUAL = [12002, 12029, 12030, 12152, 12007, 12175, 12017];

/** Slips between two texts: letters put in, left out, changed, or swapped with their neighbour; at most `limit` + 1. */
export function slipsBetween(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const changed = (previous[j - 1] ?? 0) + (isSame ? 0 : 1);
      const shifted = Math.min(previous[j] ?? 0, row[j - 1] ?? 0) + 1;
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(changed, shifted, isSwap ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY));
    }
    if (Math.min(...row) > limit) return limit + 1;
    before = previous;
    previous = row;
  }
  return previous[b.length] ?? limit + 1;
}

type Candidate = { readonly meaning: CodeMeaning; readonly rank: number };

function best(candidates: readonly Candidate[]): readonly CodeMeaning[] {
  return [...candidates]
    .sort((a, b) => a.rank - b.rank)
    .map(({ meaning }) => meaning)
    .filter((meaning, i, all) => all.indexOf(meaning) === i)
    .slice(0, MAX_SHOWN);
}

/** Windows errors near a number: those of WinHTTP and those that are met in logs. */
export function nearNumber(value: number): readonly CodeMeaning[] {
  const text = String(value);
  const codes = [
    ...winhttpMeanings().map(({ code }) => Number(code)),
    ...[...win32Names().keys()].filter((code) => isReadInLogs(code) && code > 999),
  ];
  return best(
    codes.flatMap((code) => {
      const slips = slipsBetween(text, String(code), MAX_SLIPS);
      const meaning = winhttpMeaning(code) ?? win32Meaning(code);
      if (slips > MAX_SLIPS || meaning === undefined) return [];
      return [{ meaning, rank: slips - (USUAL.includes(code) ? 1.5 : 0) + (code > 12_000 && code < 12_200 ? 0 : 0.5) }];
    }),
  );
}

/** Substatuses of the same status, and the statuses that look like it. */
export function nearStatus(status: string, substatus: string | undefined): readonly CodeMeaning[] {
  const same = substatus === undefined ? [] : iisStatusMeanings().filter(({ code }) => code.startsWith(`${status}.`));
  const statuses = [...meaningsIn('http'), ...meaningsIn('cloudflare'), ...meaningsIn('aws-alb')];
  return best([
    ...same.map((meaning) => ({ meaning, rank: slipsBetween(meaning.code, `${status}.${substatus}`, 4) })),
    ...statuses.flatMap((meaning) => {
      const slips = /^\d{3}$/.test(meaning.code) ? slipsBetween(meaning.code, status, 1) : 2;
      return slips > 1 ? [] : [{ meaning, rank: 5 + slips + (meaning.makers === undefined ? 0.5 : 0) }];
    }),
  ]);
}

/** Words and names near a mistyped or shortened one. */
export function nearWord(word: string): readonly CodeMeaning[] {
  const key = word.toLowerCase();
  if (key.length < 2 || key.length > MAX_WORD) return [];
  const limit = key.length < 6 ? 1 : Math.min(4, Math.max(MAX_SLIPS, Math.floor(key.length / 4)));
  const candidates: Candidate[] = [];
  const windows = [...win32Names().values()].map((name) => name.toLowerCase());
  for (const known of [...knownWords(), ...windows]) {
    const slips = slipsBetween(key, known, limit);
    const isPart = key.length >= 4 && (known.startsWith(key) || known.endsWith(key));
    const isKin = key.length >= MIN_KIN && known.length <= MAX_WORD && known.startsWith(key.slice(0, MIN_KIN));
    if (slips > limit && !isPart && !isKin) continue;
    const rank = slips <= limit ? slips : isPart ? limit : limit + 1 + Math.abs(known.length - key.length);
    for (const meaning of meaningsOfWord(known)) candidates.push({ meaning, rank });
  }
  return best(candidates);
}
