/** Cuts `, client: …, server: …, request: "…" …` off a message of nginx. */

// In the order in which nginx writes them (ngx_http_log_error_handler). Values in quotes come from clients, as they are: they may hold the
// same words.
const KEYS: readonly { readonly name: string; readonly isQuoted: boolean }[] = [
  { name: 'resolver', isQuoted: false },
  { name: 'client', isQuoted: false },
  { name: 'server', isQuoted: false },
  { name: 'request', isQuoted: true },
  { name: 'subrequest', isQuoted: true },
  { name: 'upstream', isQuoted: true },
  { name: 'host', isQuoted: true },
  { name: 'referrer', isQuoted: true },
];
const MARK = /, (resolver|client|server|request|subrequest|upstream|host|referrer): /g;
/** Byte counts of the stream module, which stand last. */
const BYTES = /, bytes from\/to client:(\d+\/\d+)(?:, bytes from\/to upstream:(\d+\/\d+))?$/;

/** Most marks that are looked at, from the right: an honest line has eight. */
const MAX_MARKS = 48;

type Mark = { readonly at: number; readonly valueAt: number; readonly rank: number };

export type ErrorTail = { readonly message: string; readonly fields: ReadonlyMap<string, string> };

/**
 * Of all ways to read keys in nginx's order up to the end of the line the one with the most keys; of several such ways the one whose keys
 * stand further right, because what is further left is inside a value that a client sent.
 */
export function cutErrorTail(text: string): ErrorTail {
  const bytes = BYTES.exec(text.slice(-200));
  const end = text.length - (bytes?.[0].length ?? 0);
  const marks = [...text.slice(0, end).matchAll(MARK)].slice(-MAX_MARKS).map(markOf);
  const next: number[] = [];
  const length: number[] = [];
  for (let i = marks.length - 1; i >= 0; i--) {
    length[i] = isValue(text, marks[i] as Mark, end) ? 1 : 0;
    next[i] = marks.length;
    for (let j = marks.length - 1; j > i; j--) {
      const follows = (marks[j] as Mark).rank > (marks[i] as Mark).rank && (length[j] as number) > 0;
      if (!follows || !isValue(text, marks[i] as Mark, (marks[j] as Mark).at)) continue;
      if ((length[j] as number) + 1 <= (length[i] as number)) continue;
      length[i] = (length[j] as number) + 1;
      next[i] = j;
    }
  }
  let first = -1;
  for (let i = 0; i < marks.length; i++)
    if ((length[i] as number) > 0 && (first < 0 || (length[i] as number) >= (length[first] as number))) first = i;
  const fields = new Map<string, string>();
  for (let i = first; i >= 0 && i < marks.length; i = next[i] as number) {
    const { rank, valueAt } = marks[i] as Mark;
    const stop = (next[i] as number) < marks.length ? (marks[next[i] as number] as Mark).at : end;
    const { name, isQuoted } = KEYS[rank] as (typeof KEYS)[number];
    fields.set(name, isQuoted ? text.slice(valueAt + 1, stop - 1) : text.slice(valueAt, stop));
  }
  if (bytes?.[1] !== undefined) fields.set('bytes from/to client', bytes[1]);
  if (bytes?.[2] !== undefined) fields.set('bytes from/to upstream', bytes[2]);
  return { message: text.slice(0, first < 0 ? end : (marks[first] as Mark).at), fields };
}

function markOf(found: RegExpExecArray): Mark {
  return {
    at: found.index,
    valueAt: found.index + found[0].length,
    rank: KEYS.findIndex(({ name }) => name === found[1]),
  };
}

function isValue(text: string, { valueAt, rank }: Mark, end: number): boolean {
  if (KEYS[rank]?.isQuoted === true) return end - valueAt >= 2 && text[valueAt] === '"' && text[end - 1] === '"';
  // Addresses and names: no comma, no quote. The name of a server may be empty.
  return end >= valueAt && end - valueAt <= 512 && !/[",]/.test(text.slice(valueAt, end));
}
