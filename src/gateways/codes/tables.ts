/** All tables together, and the words that they are found by. */
import { apacheMeanings } from './apache.ts';
import { aspnetcoreModuleMeanings } from './aspnetcore-module.ts';
import { albMeanings, azureMeanings, cloudflareMeanings } from './clouds.ts';
import type { CodeMeaning, Vocabulary } from './code.ts';
import { envoyMeanings } from './envoy.ts';
import { gcpMeanings } from './gcp.ts';
import { traefikMeanings } from './go-proxies.ts';
import { haproxyPairs } from './haproxy.ts';
import { haproxyErrors } from './haproxy-errors.ts';
import { hresultMeanings } from './hresult.ts';
import { httpStatusMeanings } from './http-status.ts';
import { httperrMeanings } from './httperr.ts';
import { iisStatusMeanings } from './iis-status.ts';
import { messagePatterns } from './messages.ts';
import { systemErrorMeanings } from './system-errors.ts';
import { varnishMeanings } from './varnish.ts';
import { win32Meaning, win32Names } from './win32.ts';
import { windowsEventMeanings } from './windows-event.ts';
import { winhttpMeanings } from './winhttp.ts';
import { yarpMeanings } from './yarp.ts';

let tables: readonly CodeMeaning[] | undefined;

/** Every code of every table, without the plain Windows errors, of which there are thousands. Likelier readings of a word stand first. */
export function codeMeanings(): readonly CodeMeaning[] {
  tables ??= [
    ...httpStatusMeanings(),
    ...iisStatusMeanings(),
    ...aspnetcoreModuleMeanings(),
    ...winhttpMeanings(),
    ...hresultMeanings(),
    ...httperrMeanings(),
    ...windowsEventMeanings(),
    ...haproxyPairs(),
    ...haproxyErrors(),
    ...envoyMeanings(),
    ...apacheMeanings(),
    ...varnishMeanings(),
    ...yarpMeanings(),
    ...albMeanings(),
    ...azureMeanings(),
    ...gcpMeanings(),
    ...cloudflareMeanings(),
    ...traefikMeanings(),
    ...systemErrorMeanings(),
    ...messagePatterns().map(({ meaning }) => meaning),
  ];
  return tables;
}

/** Names that many codes share, and words that are too plain to stand for a code. */
const SHARED_NAMES = new Set([
  'statusdetails',
  'forwardererror',
  'response code details',
  'check_status',
  'backendclose',
  'actions_executed',
]);

let words: ReadonlyMap<string, readonly CodeMeaning[]> | undefined;

function wordIndex(): ReadonlyMap<string, readonly CodeMeaning[]> {
  if (words !== undefined) return words;
  const index = new Map<string, CodeMeaning[]>();
  for (const meaning of codeMeanings())
    for (const word of wordsOf(meaning)) {
      const found = index.get(word);
      if (found === undefined) index.set(word, [meaning]);
      else if (!found.includes(meaning)) found.push(meaning);
    }
  words = index;
  return words;
}

function wordsOf({ code, name, forms, vocabulary }: CodeMeaning): readonly string[] {
  const names = [name, ...forms.filter(({ text }) => /^[A-Z][A-Za-z_]{7,}$/.test(text)).map(({ text }) => text)];
  const own = names.filter((text) => text !== undefined).map((text) => text.toLowerCase());
  // ERROR_WINHTTP_TIMEOUT is also said without its first word.
  const short = vocabulary === 'winhttp' ? own.map((text) => text.replace(/^error_/, '')) : [];
  return [code.toLowerCase(), ...own, ...short].filter((text) => !SHARED_NAMES.has(text));
}

/** What a word means, in any case of letters: a code or a name. Windows errors by their names too. */
export function meaningsOfWord(word: string): readonly CodeMeaning[] {
  const key = word.toLowerCase();
  const found = wordIndex().get(key) ?? [];
  const windows = /^[a-z][a-z0-9_]{3,}$/.test(key) ? win32ByName(key) : undefined;
  return windows === undefined ? found : [...found, windows];
}

let codeByName: ReadonlyMap<string, number> | undefined;

function win32ByName(name: string): CodeMeaning | undefined {
  codeByName ??= new Map([...win32Names()].map(([code, text]) => [text.toLowerCase(), code]));
  const code = codeByName.get(name) ?? codeByName.get(`error_${name}`) ?? codeByName.get(`wsa${name}`);
  return code === undefined ? undefined : win32Meaning(code);
}

/** Texts that a mistyped one can be compared with. */
export function knownWords(): Iterable<string> {
  return wordIndex().keys();
}

export function meaningsIn(vocabulary: Vocabulary): readonly CodeMeaning[] {
  return codeMeanings().filter((meaning) => meaning.vocabulary === vocabulary);
}
