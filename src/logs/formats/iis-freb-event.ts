/** One event of a trace of a failed request (FREB). */
import { childOf, readXml, systemTime, type XmlNode } from './xml-tree.ts';

export type FrebEvent = {
  /** `MODULE_SET_RESPONSE_ERROR_STATUS`; events have no number of their own. */
  readonly name: string;
  readonly atUs: number;
  readonly data: Readonly<Record<string, string>>;
  /** What IIS wrote beside the numbers, in its own language: `EXECUTE_REQUEST_HANDLER`, `… (0x80072ee2)`. */
  readonly described: Readonly<Record<string, string>>;
};

/** Undefined when the text is no event with a name and a time. */
export function frebEvent(text: string): FrebEvent | undefined {
  const event = readXml(text);
  const system = childOf(event, 'System');
  const time = systemTime(childOf(system, 'TimeCreated')?.attributes['SystemTime'] ?? '');
  const rendering = childOf(event, 'RenderingInfo');
  const name = childOf(rendering, 'Opcode')?.text.trim() ?? '';
  if (time === undefined || name === '') return undefined;
  return {
    name,
    atUs: time.atUs,
    data: named(childOf(event, 'EventData'), 'Name'),
    described: named(rendering, 'Data'),
  };
}

function named(parent: XmlNode | undefined, attribute: string): Record<string, string> {
  const result: Record<string, string> = {};
  for (const { attributes, text } of parent?.children ?? []) {
    const name = attributes[attribute];
    if (name !== undefined) result[name] = text;
  }
  return result;
}

/** Lines of `Name: value`, names in lower case; the first one of each name. */
export function headersIn(text: string): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const line of text.split(/\r?\n/, 500)) {
    const match = /^\s*([\w-]+):\s?(.*)$/.exec(line);
    const name = match?.[1]?.toLowerCase();
    if (name !== undefined && headers[name] === undefined) headers[name] = (match?.[2] ?? '').trim();
  }
  return headers;
}

const SECRET_HEADER =
  /^([ \t]*(?:set-)?(?:cookie2?|authorization|proxy-authorization|x-arr-clientcert)[ \t]*:[ \t]*)[^\r\n]+/gim;
/** Values longer than this are bodies and buffers; nobody reads them in a step. */
const MAX_VALUE = 4_000;

/** Data of an event as they may be kept: without its context id, cut, and without credentials in headers. */
export function keptData({ name, data }: FrebEvent): Readonly<Record<string, string>> {
  const isSecret =
    name === 'GENERAL_SET_REQUEST_HEADER' && /cookie|authorization|clientcert/i.test(data['HeaderName'] ?? '');
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(data)) {
    if (key === 'ContextId') continue;
    const isHidden = isSecret && key === 'HeaderValue' && value !== '';
    kept[key] = isHidden ? '***' : value.slice(0, MAX_VALUE).replace(SECRET_HEADER, '$1***');
  }
  return kept;
}

/** Stages of a request by number, as microsoft/perfview's parser of IIS events names them. */
const NOTIFICATIONS: Readonly<Record<string, string>> = {
  1: 'BEGIN_REQUEST',
  2: 'AUTHENTICATE_REQUEST',
  4: 'AUTHORIZE_REQUEST',
  8: 'RESOLVE_REQUEST_CACHE',
  16: 'MAP_REQUEST_HANDLER',
  32: 'ACQUIRE_REQUEST_STATE',
  64: 'PRE_EXECUTE_REQUEST_HANDLER',
  128: 'EXECUTE_REQUEST_HANDLER',
  256: 'RELEASE_REQUEST_STATE',
  512: 'UPDATE_REQUEST_CACHE',
  1024: 'LOG_REQUEST',
  2048: 'END_REQUEST',
  536870912: 'SEND_RESPONSE',
};

/** Stage in which an event happened: in the words of the file, else by its number, else verbatim. */
export function notificationOf({ data, described }: FrebEvent): string | undefined {
  const number = data['Notification'];
  return described['Notification'] ?? (number === undefined ? undefined : (NOTIFICATIONS[number] ?? number));
}
