/** Every log format with texts of its own to mutate. */
import { readdirSync, readFileSync } from 'node:fs';
import { LOG_FORMATS } from '../../src/catalog.ts';
import type { FormatOptions, LogFormat } from '../../src/logs/format.ts';
import type { LogFormatId } from '../../src/model/log.ts';
import { createRandom } from '../../src/model/random.ts';
import { FUZZ_PIECES, fuzzLines } from './fuzz-lines.ts';

const FIXTURES = new URL('../fixtures/', import.meta.url);
const CLF = '192.0.2.7 - - [20/Nov/2026:17:41:42 +0000] "GET /a?b HTTP/1.1" 502 157 "-" "x"';

type Sample = { readonly files?: readonly string[]; readonly text?: string; readonly options?: FormatOptions };

function directive(file: string, pattern: RegExp): string {
  return pattern.exec(readFileSync(new URL(file, FIXTURES), 'utf8'))?.[0] ?? '';
}

/** With the pattern of the lab where the format has one, and as it is guessed. */
const SAMPLES: Readonly<Record<LogFormatId, readonly Sample[]>> = {
  'iis-w3c': [{ files: ['logs/iis/w3c-advanced.log', 'logs/iis/w3c-blocks.log', 'logs/iis/seed-timeout/arr.log'] }],
  'iis-native': [{ files: ['logs/iis/native.log'] }],
  httperr: [{ files: ['logs/iis/httperr-layouts.log'] }],
  freb: [{ files: ['logs/iis/freb-rerouted.xml'] }],
  'windows-events': [{ files: ['logs/iis/events-rooted.xml'] }],
  nginx: [
    {
      files: ['gateway-lab/raw/nginx-access.log'],
      options: { pattern: directive('gateway-lab/conf/nginx.conf', /log_format[^;]*;/) },
    },
    { text: `${CLF} rt=0.001 urt="0.001, -" ua="10.0.0.1:80, -" us="502, -" conn=1/2 msec=1795196502.135` },
  ],
  'nginx-error': [{ files: ['gateway-lab/raw/nginx-error.log'] }],
  haproxy: [{ files: ['gateway-lab/raw/haproxy.log'] }],
  apache: [
    {
      files: ['gateway-lab/raw/apache-access.log'],
      options: { pattern: directive('gateway-lab/conf/apache.conf', /^LogFormat.*$/m) },
    },
    { text: `${CLF} D=5 X=+ L=- w=http://10.0.0.1:80 ps=502 notes="a" b=1795196502135316 e=1795196502135321` },
  ],
  'apache-error': [{ files: ['gateway-lab/raw/apache-error.log'] }],
  combined: [{ text: `${CLF}\na.example:80 ${CLF}` }],
  envoy: [{ files: ['logs/envoy/default.log', 'logs/envoy/istio.log', 'logs/envoy/json.log'] }],
  caddy: [{ files: ['logs/caddy/mixed.jsonl', 'logs/caddy/encoders.jsonl', 'gateway-lab/raw/caddy-access.jsonl'] }],
  traefik: [{ files: ['logs/traefik/clf.log', 'logs/traefik/json.log'] }],
  varnish: [{ files: ['logs/varnish/ncsa-default.log'] }],
  varnishlog: [{ files: ['logs/varnish/varnishlog.txt'] }],
  'aws-alb': [{ files: ['logs/aws-alb/access.log'] }],
  'azure-application-gateway': [
    {
      files: readdirSync(new URL('logs/azure-application-gateway/', FIXTURES)).map(
        (name) => `logs/azure-application-gateway/${name}`,
      ),
    },
  ],
  gcp: [{ files: ['logs/gcp/array.json', 'logs/gcp/lines.jsonl'] }],
};

/**
 * Mutates `lines` lines of a format, of all its samples together, and reads them: nothing may throw, and no entry may be absurd.
 * `linesPerReader`: how long one reader is kept.
 */
export function fuzzFormat(format: LogFormat, lines: number, seed: number, linesPerReader?: number): void {
  const samples = SAMPLES[format.id];
  for (const [index, { files = [], text = '', options = {} }] of samples.entries()) {
    const own = Math.ceil(lines / samples.length);
    const texts = [
      ...files.map((file) => readFileSync(new URL(file, FIXTURES), 'utf8')),
      ...(text === '' ? [] : [text]),
    ];
    if (format.reading.unit === 'lines')
      fuzzLines(format, texts.join('\n'), options, seed + index, own, linesPerReader);
    else for (const one of texts) fuzzText(format, one, Math.ceil(own / texts.length), seed + index);
  }
}

/** Texts of documents, mutated in a few places each, until they had so many lines. */
function fuzzText(format: LogFormat, text: string, lines: number, seed: number): void {
  if (format.reading.unit !== 'document') throw new Error(`${format.id} is made of lines`);
  const random = createRandom(seed);
  const upTo = (limit: number): number => Math.floor(random.next() * limit);
  // A document of one line counts as its records would, were they written line by line.
  const perText = Math.max(text.split('\n').length, text.split('},{').length);
  for (let done = 0; done < lines; done += perText) {
    let mutated = text;
    for (let changes = 1 + upTo(6); changes > 0; changes--) {
      const at = upTo(mutated.length);
      const piece = random.next() < 0.5 ? (FUZZ_PIECES[upTo(FUZZ_PIECES.length)] ?? '') : '';
      mutated = mutated.slice(0, at) + piece + mutated.slice(at + upTo(random.next() < 0.2 ? 200 : 3));
    }
    try {
      const reader = format.reading.open({});
      const entries = [];
      for (let at = 0; at < mutated.length; ) {
        const end = at + 1 + upTo(2_000);
        entries.push(...reader.push(mutated.slice(at, end)));
        at = end;
      }
      for (const { atUs, durationUs = 0 } of [...entries, ...reader.end()])
        if (!Number.isSafeInteger(atUs) || !(Number.isSafeInteger(durationUs) && durationUs >= 0))
          throw new Error(`an entry at ${atUs} of ${durationUs}`);
      if (reader.bad().length > 20) throw new Error('too many bad places are kept');
    } catch (error) {
      throw new Error(`${format.id}, seed ${seed}, line ${done}: ${JSON.stringify(mutated)}\n${String(error)}`, {
        cause: error,
      });
    }
  }
}

/** Throws where there is none. */
export function formatNamed(id: string): LogFormat {
  const found = LOG_FORMATS.find((format) => format.id === id);
  if (found === undefined) throw new Error(`no format ${id}; there are ${LOG_FORMATS.map((one) => one.id).join(', ')}`);
  return found;
}
