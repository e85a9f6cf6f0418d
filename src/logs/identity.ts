/** The probe's own id in logged text. */

// As traffic sends it: `gateprobe/<version> (run=<8 hex>; id=<16 hex>)`. IIS writes blanks as `+`, JSON and Apache escape nothing of it.
// The version has an end, so that a line full of `gateprobe/` costs no more than its length.
const PROBE = /gateprobe\/[^\s(]{1,64}[ +]\(run=([0-9a-f]{8});[ +]id=([0-9a-f]{16})\)/;
// Ids of zeros are invalid (W3C Trace Context 3.2.2.3, 3.2.2.4); taken as ids they would join requests that have nothing in common.
const TRACE_PARENT = /\b00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}\b/;

/** What every line with a request of the probe contains, for a search over bytes before anything is parsed. */
export const PROBE_MARKER = 'gateprobe/';

/** 16 hex digits of the request, out of a logged User-Agent or any text that holds it; undefined: not from the probe. */
export function probeIdIn(text: string): string | undefined {
  return PROBE.exec(text)?.[2];
}

/** Trace and span id of a logged `traceparent`. */
export function traceIn(text: string): { readonly trace: string; readonly span: string } | undefined {
  const match = TRACE_PARENT.exec(text);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { trace: match[1], span: match[2] };
}
