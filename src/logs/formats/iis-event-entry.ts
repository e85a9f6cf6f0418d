/** One Windows event as an entry. */
import type { LogEntry } from '../../model/log.ts';
import { errorNumberOfBinary, hexOf, plainWin32 } from './iis-codes.ts';
import { eventMeaning, shortProvider, unnamedOrder } from './iis-event-meaning.ts';
import { given } from './w3c-entry.ts';
import { childOf, readXml, systemTime, type XmlNode } from './xml-tree.ts';

type Datum = { readonly name: string; readonly value: string };

const LEVELS: Readonly<Record<string, string>> = {
  1: 'critical',
  2: 'error',
  3: 'warning',
  4: 'information',
  5: 'verbose',
};
/** A report shows a sentence or two; a stack trace stays readable. */
const MAX_MESSAGE = 2_000;
const MAX_VALUE = 500;
/** Far more parameters than any event has. */
const MAX_DATA = 100;

/** Undefined when the text is no event with a provider, a number and a time. */
export function eventEntry(text: string): LogEntry | undefined {
  const event = readXml(text);
  const system = childOf(event, 'System');
  const provider = childOf(system, 'Provider')?.attributes['Name'] ?? '';
  const id = childOf(system, 'EventID')?.text.trim() ?? '';
  const time = systemTime(childOf(system, 'TimeCreated')?.attributes['SystemTime'] ?? '');
  if (event === undefined || provider === '' || !/^\d{1,10}$/.test(id) || time === undefined) return undefined;
  const code = `${shortProvider(provider).slice(0, MAX_VALUE)}/${id}`;
  const data = dataOf(event);
  const program = programOf(code, data);
  const who = { ...processOf(code, data), ...program.process };
  const extra: Record<string, string> = { provider: provider.slice(0, MAX_VALUE), eventId: id, ...program.extra };
  const channel = childOf(system, 'Channel')?.text.trim() ?? '';
  if (channel !== '') extra['channel'] = channel.slice(0, MAX_VALUE);
  const error = errorOf(event, code, data);
  if (error !== undefined) extra['win32'] = hexOf(error);
  return {
    format: 'windows-events',
    kind: 'event',
    ...time,
    stamp: 'moment',
    code,
    ...given('level', LEVELS[childOf(system, 'Level')?.text.trim() ?? '']),
    ...given('message', messageOf(event, code, data, { ...who, ...program.extra })),
    ...given('win32', error === undefined ? undefined : plainWin32(error)),
    ...given('hostName', childOf(system, 'Computer')?.text.trim().slice(0, MAX_VALUE)),
    ids: {},
    ...who,
    extra,
  };
}

/** Parameters in their order: of `EventData`, or the leaves of `UserData`. */
function dataOf(event: XmlNode): readonly Datum[] {
  const eventData = childOf(event, 'EventData')?.children.filter(({ name }) => name === 'Data');
  if (eventData !== undefined && eventData.length > 0)
    return eventData
      .slice(0, MAX_DATA)
      .map(({ attributes, text }) => ({ name: attributes['Name'] ?? '', value: text.trim() }));
  const leaves = (childOf(event, 'UserData')?.children ?? []).flatMap((node) => node.children);
  return leaves.slice(0, MAX_DATA).map(({ name, text }) => ({ name, value: text.trim() }));
}

function namedValue(data: readonly Datum[], names: RegExp): string | undefined {
  const value = data.find(({ name }) => names.test(name))?.value;
  return value === undefined || value === '' ? undefined : value;
}

type Who = { readonly pool?: string; readonly processId?: number };

/** By the names of the parameters, else by their order; a process id that is no number says that the order is another one. */
function processOf(code: string, data: readonly Datum[]): Who {
  const isNamed = data.some(({ name }) => name !== '');
  const order = isNamed ? [] : unnamedOrder(code);
  const at = (part: 'pool' | 'pid'): string | undefined => {
    const index = order.indexOf(part);
    return index < 0 ? undefined : data[index]?.value;
  };
  const pidText = isNamed ? namedValue(data, /^process_?id$/i) : at('pid');
  const processId = numberOf(pidText);
  if (order.includes('pid') && processId === undefined) return {};
  const pool = isNamed ? namedValue(data, /^app_?pool(?:_?(?:id|name))?$/i) : at('pool');
  return { ...given('pool', pool === '' ? undefined : pool?.slice(0, MAX_VALUE)), ...given('processId', processId) };
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  return /^0x[0-9a-f]{1,8}$/i.test(text) ? Number.parseInt(text, 16) : undefined;
}

type Program = { readonly extra: Readonly<Record<string, string>>; readonly process: Who };
const NO_PROGRAM: Program = { extra: {}, process: {} };

/** The program that failed, where the event is about one. */
function programOf(code: string, data: readonly Datum[]): Program {
  if (code === 'Application Error/1000') return crashOf(data);
  if (code === '.NET Runtime/1026') {
    const text = data[0]?.value ?? '';
    return extras({
      exe: /^Application: (.+)$/m.exec(text)?.[1],
      exception: /^Exception Info: (\S+)/m.exec(text)?.[1],
    });
  }
  // P1 of the report: the sixth parameter behind bucket, type, name, response and cabinet.
  if (code === 'WER/1001') return extras({ problem: data[2]?.value, exe: namedValue(data, /^P1$/) ?? data[5]?.value });
  if (code === 'ASP.NET/1309' && /\.exe$/i.test(data[15]?.value ?? '')) {
    const { extra } = extras({ exe: data[15]?.value, exception: data[17]?.value });
    return { extra, process: given('processId', numberOf(data[14]?.value)) };
  }
  if (code.startsWith('SCM/')) return extras({ service: data[0]?.value });
  return NO_PROGRAM;
}

/** Named since Windows 10 20H1, before in a fixed order; the process id is written in hex, with or without 0x. */
function crashOf(data: readonly Datum[]): Program {
  const field = (names: RegExp, index: number): string | undefined =>
    data.some(({ name }) => name !== '') ? namedValue(data, names) : data[index]?.value;
  const pid = field(/^ProcessId$/i, 8) ?? '';
  const { extra } = extras({
    exe: field(/^AppName$/i, 0),
    module: field(/^ModuleName$/i, 3),
    exceptionCode: field(/^ExceptionCode$/i, 6),
    pid,
  });
  const isHex = /^(?:0x)?[0-9a-f]{1,8}$/i.test(pid);
  return { extra, process: isHex ? { processId: Number.parseInt(pid, 16) } : {} };
}

function extras(found: Readonly<Record<string, string | undefined>>): Program {
  const known = Object.entries(found).filter((pair): pair is [string, string] => (pair[1] ?? '') !== '');
  const extra = Object.fromEntries(known.map(([name, value]) => [name, value.trim().slice(0, MAX_VALUE)]));
  return { extra, process: {} };
}

/** HRESULT in the event's binary part, or in the text of the ASP.NET Core Module. */
function errorOf(event: XmlNode, code: string, data: readonly Datum[]): number | undefined {
  if (code.startsWith('ANCM/')) {
    const hex = /ErrorCode = '0x([0-9a-f]{8})/i.exec(data[0]?.value ?? '')?.[1];
    return hex === undefined ? undefined : Number.parseInt(hex, 16);
  }
  const number = errorNumberOfBinary(childOf(childOf(event, 'EventData'), 'Binary')?.text ?? '');
  // Other providers put anything there: only what is an HRESULT for certain is taken from them.
  const isError = number !== undefined && number !== 0 && (code.startsWith('WAS/') || plainWin32(number) !== number);
  return isError ? number : undefined;
}

function messageOf(event: XmlNode, code: string, data: readonly Datum[], facts: object): string | undefined {
  const meaning = eventMeaning(code);
  if (meaning === undefined) {
    const rendered = childOf(childOf(event, 'RenderingInfo'), 'Message')?.text.trim() ?? '';
    const joined = data.map(({ name, value }) => (name === '' ? value : `${name}=${value}`)).join('; ');
    const message = (rendered === '' ? joined : rendered).slice(0, MAX_MESSAGE);
    return message === '' ? undefined : message;
  }
  const isTold = Object.keys(facts).length > 0;
  const details = isTold
    ? Object.entries(facts)
        .filter(([name]) => name !== 'pid')
        .map(([name, value]) => `${WORDS[name] ?? name} ${String(value)}`)
    : data.map(({ value }) => value).filter((value) => value !== '');
  return (details.length === 0 ? meaning : `${meaning}: ${details.join(', ')}`).slice(0, MAX_MESSAGE);
}

const WORDS: Readonly<Record<string, string>> = {
  processId: 'process',
  exe: 'program',
  exceptionCode: 'exception',
};
