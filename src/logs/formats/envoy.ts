/** Envoy's access log: its default text, Istio's, and JSON. */
import { emptyRow, type LineReader, type LogFormat } from '../format.ts';
import { headLines, shareOf } from './clf-shares.ts';
import {
  type EnvoyFields,
  envoyDurationUs,
  envoyJsonEntry,
  envoySpelling,
  envoyStatus,
  envoyTime,
  isEnvoyJson,
} from './envoy-json.ts';
import { createEnvoyScan, envoyTextEntry } from './envoy-text.ts';
import { createIsoReader, type WrittenTime } from './json-time.ts';
import { createFields, jsonObjectIn, parseJsonObject } from './json-value.ts';

const OPEN_BRACE = 123;

/** What explaining a 5xx needs beyond the default format, by the operators' names. */
const WANTED_DETAILS = ['%RESPONSE_CODE_DETAILS%', '%UPSTREAM_TRANSPORT_FAILURE_REASON%'];
const ATTEMPTS = '%UPSTREAM_REQUEST_ATTEMPT_COUNT%';

function openEnvoy(): LineReader {
  const row = emptyRow();
  const { places, scan } = createEnvoyScan();
  const fieldsOf = createFields(envoySpelling);
  const readTime = createIsoReader();
  const line: { buffer: Buffer; end: number } = { buffer: Buffer.alloc(0), end: 0 };
  let json: { readonly fields: EnvoyFields; readonly time: WrittenTime } | undefined;
  const seen = { details: false, attempts: false };

  const readJson = (buffer: Buffer, start: number, end: number): boolean => {
    const object = jsonObjectIn(buffer, start, end);
    if (object === undefined) return false;
    const fields = fieldsOf(object);
    const time = envoyTime(fields, readTime);
    if (time === undefined || !isEnvoyJson(fields)) return false;
    json = { fields, time };
    row.atUs = time.atUs;
    row.status = envoyStatus(fields) ?? -1;
    row.durationUs = envoyDurationUs(fields) ?? -1;
    if (fields.has('response_code_details')) seen.details = true;
    if (fields.has('upstream_request_attempt_count')) seen.attempts = true;
    return true;
  };
  return {
    row,
    read(buffer, start, end) {
      json = undefined;
      let from = start;
      while (from < end && (buffer[from] as number) <= 32) from++;
      if (from >= end) return 'blank';
      if (buffer[from] === OPEN_BRACE) return readJson(buffer, from, end) ? 'entry' : 'bad';
      if (!scan(buffer, from, end)) return 'bad';
      row.atUs = places.time.atUs;
      // A line of a TCP proxy has no request, and a code that says nothing.
      row.status = buffer[places.requestStart] === 45 ? -1 : places.status;
      row.durationUs = places.durationMs < 0 ? -1 : places.durationMs * 1_000;
      if (places.numbers > places.flagsEnd + 1) seen.details = true;
      line.buffer = buffer;
      line.end = end;
      return 'entry';
    },
    entry: () =>
      json === undefined ? envoyTextEntry(line.buffer, line.end, places) : envoyJsonEntry(json.fields, json.time),
    missing: () => [...(seen.details ? [] : WANTED_DETAILS), ...(seen.attempts ? [] : [ATTEMPTS])],
  };
}

/**
 * Envoy's default text format, Istio's (with details behind the flags), and JSON with the usual keys. Times mark the start of a request;
 * they and durations are ms. Code 0 is a client that left before the answer began. Flags are kept as logged, `-` too.
 */
export const envoy: LogFormat = {
  id: 'envoy',
  title: 'Envoy or Istio access log',
  stamp: 'start',
  // Envoy writes its buffer out every 10 s (--file-flush-interval-msec) or at 64 kB; two more for a busy disk.
  flushGuardUs: 12_000_000,
  recognise(head) {
    const lines = headLines(head);
    const { scan } = createEnvoyScan();
    const fieldsOf = createFields(envoySpelling);
    const fits = shareOf(lines, (line) => {
      if (line.trimStart().startsWith('{')) {
        const object = parseJsonObject(line);
        return object !== undefined && isEnvoyJson(fieldsOf(object));
      }
      const bytes = Buffer.from(line, 'latin1');
      return scan(bytes, 0, bytes.length);
    });
    // A container's output has lines of other programs' starting up between.
    return fits < 0.5 ? 0.9 * fits : 0.95 * Math.max(0.9, fits);
  },
  reading: { unit: 'lines', open: openEnvoy },
};
