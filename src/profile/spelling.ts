/** Names beyond these are not looked at, so that a file full of mistakes is still answered at once. */
const MAX_CANDIDATES = 100;

/**
 * The candidate that was probably meant, or undefined. Damerau-Levenshtein distance (optimal string alignment): one
 * slip per three letters is still the same word, and so is its beginning (warn, warning).
 */
export function nearestWord(word: string, candidates: Iterable<string>): string | undefined {
  // A word this long is no slip of a key or a name.
  if (word.length > 64) return undefined;
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  let compared = 0;
  for (const candidate of candidates) {
    if (++compared > MAX_CANDIDATES) break;
    if (word.length >= 3 && candidate.toLowerCase().startsWith(word.toLowerCase()) && bestDistance > 1) {
      best = candidate;
      bestDistance = 1;
    }
    const allowed = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
    if (Math.abs(candidate.length - word.length) > allowed) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    // Two different letters are two different words ("s" is no slip of "p"); the same letters are needed somewhere.
    if (distance <= allowed && distance < Math.min(word.length, candidate.length) && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replace);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** Words that other tools use for the same thing. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  members: ['upstreams', 'upstream', 'backends', 'backend', 'servers', 'origins', 'nodes', 'targets', 'farm'],
  gateway: ['proxy', 'loadbalancer', 'balancer', 'frontend', 'controller', 'target'],
  experiments: ['tests', 'scenarios', 'phases', 'steps', 'stages'],
  requests: ['endpoints', 'paths', 'urls', 'scenario'],
  thresholds: ['slo', 'slos', 'assertions', 'criteria'],
  for: ['duration', 'time', 'length'],
  rate: ['rps', 'qps', 'ratepersec'],
  connections: ['concurrency', 'users', 'vus', 'clients'],
  url: ['address', 'uri', 'origin', 'endpoint'],
  path: ['url', 'uri'],
  host: ['hostname', 'hostheader', 'vhost'],
  sni: ['servername'],
  verify: ['rejectunauthorized', 'insecure', 'skipverify'],
  requestTimeout: ['timeout', 'responsetimeout'],
  maxRequests: ['requests'],
  maxInFlight: ['maxconnections', 'concurrency', 'maxconcurrency'],
  maxRate: ['rate', 'ratelimit'],
  files: ['file', 'path', 'paths'],
  expect: ['assert', 'check', 'checks', 'expected'],
  user: ['username', 'login'],
  status: ['statuses', 'code', 'codes'],
  includes: ['contains', 'include'],
  upTo: ['max', 'until', 'to'],
  mask: ['redact', 'hide'],
};

/** The known key that an unknown one probably stands for: a slip of the pen, or another tool's word for it. */
export function meantKey(key: string, known: readonly string[]): string | undefined {
  const plain = key.toLowerCase().replace(/[-_\s]/g, '');
  const sameLetters = known.find((name) => name.toLowerCase().replaceAll('-', '') === plain);
  return sameLetters ?? nearestWord(key, known) ?? known.find((name) => SYNONYMS[name]?.includes(plain));
}
