/** Codes in a whole log line: where each format has them. */

/** A code that stands in a line, and where it was found there. */
export type LineCode = { readonly text: string; readonly because: string };

/** Longest line that is looked through. */
const MAX_LINE = 8_192;
/** Deepest and widest part of a JSON line that is looked into. */
const MAX_DEPTH = 4;
const MAX_KEYS = 200;

const HAPROXY = /(\S+)?\s([CSPLRIDUKcs-][RQCHDLT-](?:[NIDVEOU-][NIUPRD-])?)\s\d+\/\d+\/\d+\/\d+\/\+?\d+\s\d+\/\d+/;
const STARTS_WITH_DATE = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d/;
const W3C_STATUS = /\s([1-5]\d\d) (\d{1,3}) (-?\d{1,20})(?=\s|$)/;
const IIS_NATIVE = /, ([1-5]\d\d), (\d{1,20}), [A-Z]+, /;
const ALB = /^(?:https?|h2|grpcs?|wss?) \d{4}-\d\d-\d\dT/;
const ENVOY = /" (\d{1,3}) ((?:[A-Z]{2,6},)*[A-Z]{2,6}) /;
const ACCESS_STATUS = /" (\d{3}) (?:\d+|-)(?:\s|$)/;

/** Codes of a line, the most telling first; empty when the line is of no known shape. */
export function codesInLine(line: string): readonly LineCode[] {
  const text = line.slice(0, MAX_LINE).trim();
  if (text.startsWith('{')) return codesInJson(line.trim());
  const found =
    fromHaproxy(text) ??
    fromTrace(text) ??
    fromEvent(text) ??
    fromPage(text) ??
    fromWindows(text) ??
    fromAlb(text) ??
    fromEnvoy(text);
  if (found !== undefined) return found;
  const status = ACCESS_STATUS.exec(text)?.[1];
  return status === undefined ? [] : [{ text: status, because: 'the status behind the request' }];
}

function fromHaproxy(text: string): readonly LineCode[] | undefined {
  const state = HAPROXY.exec(text)?.[2];
  if (state === undefined) return undefined;
  const isUnassigned = state.startsWith('SC') && text.includes('<NOSRV>');
  const error = /\b(?:bc_err|be)=(\d+)\//.exec(text)?.[1];
  return [
    { text: isUnassigned ? 'SC <NOSRV>' : state, because: 'the termination state of the line' },
    ...(error === undefined || error === '0'
      ? []
      : [{ text: `bc_err=${error}`, because: 'the connection error of the line' }]),
  ];
}

// A trace of WinHTTP: the error under the one of WinHTTP tells the phase, whatever function the line names.
const MAPPED = /ERROR_WINHTTP_FROM_WIN32 mapped \([^)]{0,80}\) (\d{1,5}) to \(\w{1,80}\) (\d{1,5})/;

function fromTrace(text: string): readonly LineCode[] | undefined {
  const mapped = MAPPED.exec(text);
  if (mapped === null) return undefined;
  return [
    { text: `sc-win32-status=${mapped[1]}`, because: 'the error under it: it tells the phase' },
    { text: mapped[2] ?? '', because: 'what WinHTTP made of it' },
  ];
}

function fromEvent(text: string): readonly LineCode[] | undefined {
  const id = /<EventID[^>]{0,80}>(\d{1,5})</.exec(text)?.[1];
  const binary = /<Binary>\s*([0-9a-f]{8})\s*</i.exec(text)?.[1];
  const codes = [
    ...(id === undefined ? [] : [{ text: `event ${id}`, because: 'EventID of the event' }]),
    ...(binary === undefined ? [] : [{ text: binary, because: 'Binary of the event, lowest byte first' }]),
  ];
  return codes.length === 0 ? undefined : codes;
}

/** The title of a detailed page of IIS, and the error code in its table. */
function fromPage(text: string): readonly LineCode[] | undefined {
  const status = /(?:HTTP|Detailed) Error (?:- )?(\d{3}\.\d{1,3})\b/.exec(text)?.[1];
  if (status === undefined) return undefined;
  const hresult = /\b0x[89a-f][0-9a-f]{7}\b/i.exec(text)?.[0];
  const code = hresult === undefined ? status : `${status}/${hresult}`;
  return [{ text: code, because: 'the page’s own words' }];
}

function fromWindows(text: string): readonly LineCode[] | undefined {
  const native = IIS_NATIVE.exec(text);
  if (native !== null)
    return [
      { text: `sc-win32-status=${native[2]}`, because: 'the Windows error of the line' },
      { text: native[1] ?? '', because: 'the status of the line' },
    ];
  if (!STARTS_WITH_DATE.test(text)) return undefined;
  const status = W3C_STATUS.exec(text);
  if (status !== null)
    return [
      {
        text: `${status[1]}.${status[2]}.${status[3]}`,
        because: 'sc-status, sc-substatus and sc-win32-status of the line',
      },
    ];
  const reason = reasonIn(text);
  return reason === undefined ? undefined : [{ text: reason, because: 's-reason of the HTTPERR line' }];
}

// Columns of HTTPERR before the reason: date, time, two addresses and ports, version, method and URL.
const COLUMNS_BEFORE_REASON = 9;
const REASON =
  /^(?:[A-Z][A-Za-z]+(?:_[A-Za-z/]+)+|[A-Z][a-z]+[A-Z][A-Za-z]+|N\/[AI]|Disabled|Forbidden|Header|Hostname|Internal|Number|Precondition|URL|Verb|Version_N\/S|Invalid_CR\/LF)$/;

function reasonIn(text: string): string | undefined {
  return text
    .split(/\s+/)
    .slice(COLUMNS_BEFORE_REASON)
    .find((word) => REASON.test(word));
}

function fromAlb(text: string): readonly LineCode[] | undefined {
  if (!ALB.test(text)) return undefined;
  const [, , , , target, , , , status, targetStatus] = text.split(' ');
  if (status === undefined) return undefined;
  const reason = /"((?:Lambda|Auth|Invalid)[A-Za-z]+)"/.exec(text)?.[1];
  const made = targetStatus === '-' ? 'no target answered' : 'the target answered it';
  return [
    ...(reason === undefined ? [] : [{ text: reason, because: 'error_reason of the line' }]),
    { text: status, because: `elb_status_code of the line; target ${target}, ${made}` },
  ];
}

function fromEnvoy(text: string): readonly LineCode[] | undefined {
  const found = ENVOY.exec(text);
  if (found === null) return undefined;
  return (found[2] ?? '').split(',').map((flag) => ({ text: flag, because: 'response flag of the line' }));
}

// Keys whose values are codes, in the JSON of Envoy, Caddy, Traefik, Azure, Google Cloud and our own.
const CODE_KEYS =
  /^(?:error_info(?:_s)?|errorInfo|statusDetails|response_flags|responseFlags|response_code_details|responseCodeDetails|termination_state|error|msg|upstream_transport_failure_reason)$/;
const STATUS_KEYS = /^(?:status|httpStatus(?:_d)?|DownstreamStatus|response_code|responseCode|elb_status_code)$/;

function codesInJson(text: string): readonly LineCode[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not JSON after all, or cut off: the line is looked through as words.
    return [];
  }
  const codes: LineCode[] = [];
  const statuses: LineCode[] = [];
  let seen = 0;
  const visit = (node: unknown, depth: number): void => {
    if (typeof node !== 'object' || node === null || depth > MAX_DEPTH) return;
    for (const [key, inner] of Object.entries(node)) {
      seen += 1;
      if (seen > MAX_KEYS) return;
      const isText = typeof inner === 'string' || typeof inner === 'number';
      if (isText && String(inner) !== '' && CODE_KEYS.test(key))
        codes.push({ text: String(inner), because: `“${key}” of the line` });
      else if (isText && STATUS_KEYS.test(key)) statuses.push({ text: String(inner), because: `“${key}” of the line` });
      else visit(inner, depth + 1);
    }
  };
  visit(value, 0);
  return [...codes, ...statuses];
}
