import type { ApacheRow } from './apache-proxy.ts';
import { APACHE_PROXY } from './apache-proxy.ts';
import { APACHE_BY_TEXT, APACHE_SERVER } from './apache-server.ts';
import type { CodeMeaning, CodeRow, MessagePattern } from './code.ts';
import { codeTable, messageTable } from './code.ts';

const ERROR_WORDS: Readonly<Record<string, string>> = {
  '111': 'Connection refused',
  '70007': 'The timeout specified has expired',
  '70007|110': 'The timeout specified has expired',
  '113|101': 'No route to host',
  '104': 'Connection reset by peer',
  '104|70014': 'Connection reset by peer',
  '70008|104': 'Partial results are valid but processing is incomplete',
  '20014': 'Internal error',
  '70014': 'End of file found',
};

export type ApacheMeaning = { readonly errors: RegExp | undefined; readonly meaning: CodeMeaning };

const BY_NUMBER = new Map<string, ApacheMeaning[]>();
for (const row of [...APACHE_PROXY, ...APACHE_SERVER, ...APACHE_BY_TEXT]) {
  const [ah, errors] = row;
  const isText = errors !== undefined && !/^\d/.test(errors);
  const pattern = errors === undefined ? undefined : isText ? new RegExp(errors) : new RegExp(`\\((?:${errors})\\)`);
  const [meaning] = codeTable('apache', [codeRow(row)]);
  if (meaning === undefined) continue;
  BY_NUMBER.set(ah, [...(BY_NUMBER.get(ah) ?? []), { errors: pattern, meaning }]);
}

function codeRow([ah, errors, outcome, text, meaning, sure, inALog]: ApacheRow): CodeRow {
  const number = errors === undefined || !/^\d/.test(errors) ? undefined : errors.split('|')[0];
  const code = errors === undefined ? ah : number === undefined ? `${ah}: ${text}` : `(${number}) ${ah}`;
  const when = number === undefined ? undefined : `The line begins (${number})${ERROR_WORDS[errors ?? ''] ?? ''}`;
  return [
    code,
    outcome,
    meaning,
    {
      name: text,
      ...(sure === undefined ? {} : { sure }),
      ...(inALog === undefined ? {} : { inALog }),
      ...(when === undefined ? {} : { when }),
    },
  ];
}

export function apacheMeanings(): readonly CodeMeaning[] {
  return [...BY_NUMBER.values()].flat().map(({ meaning }) => meaning);
}

/** All meanings of an AH number; with the text that it stands in, only those that fit the system error in it. */
export function apacheNumber(ah: string, text: string): readonly CodeMeaning[] {
  const all = BY_NUMBER.get(ah.toUpperCase()) ?? [];
  const exact = all.filter(({ errors }) => errors?.test(text) === true);
  if (exact.length > 0) return exact.map(({ meaning }) => meaning);
  // A text with more in it than the number, but none of the known errors: only the meaning that holds for any.
  const general = all.filter(({ errors }) => errors === undefined);
  return (/\((?:EAI )?\d+\)/.test(text) && general.length > 0 ? general : all).map(({ meaning }) => meaning);
}

// What OpenSSL says has no AH number; it stands beside AH02003 or AH01992.
const MESSAGES = messageTable(
  'apache',
  [
    [
      /SSL Library Error: .{0,120}certificate verify failed/,
      'SSL Library Error: error:0A000086:SSL routines::certificate verify failed',
      'tls/verify',
      'A certificate was not accepted; AH02276 or AH02411 beside it says why.',
    ],
    [
      /SSL Library Error: .{0,120}alert certificate required/,
      'SSL Library Error: error:0A00045C:SSL routines::tlsv13 alert certificate required (SSL alert number 116)',
      'tls/handshake',
      'The other side wants a client certificate.',
    ],
    [
      /SSL Library Error: /,
      'SSL Library Error: error:0A0000C1:SSL routines::no shared cipher',
      'tls/handshake',
      'TLS failed; the text behind it is OpenSSL’s.',
    ],
  ],
  'seen',
);

export function apacheMessages(): readonly MessagePattern[] {
  return MESSAGES;
}

export function apacheMessage(text: string): CodeMeaning | undefined {
  const ah = /\bAH\d{5}\b/.exec(text)?.[0];
  return ah === undefined ? undefined : apacheNumber(ah, text)[0];
}
