/** Messages: texts that are recognised by what they say, alone or in a whole log line. */
import { apacheMessage, apacheMessages } from './apache.ts';
import type { CodeMeaning, MessagePattern, Vocabulary } from './code.ts';
import { envoyMessages } from './envoy.ts';
import { caddyMessages, traefikMessages } from './go-proxies.ts';
import { haproxyMessages } from './haproxy.ts';
import { nginxMessages } from './nginx.ts';
import { nodeMessages } from './system-errors.ts';
import { varnishMessages } from './varnish.ts';

/** Longest text that is looked through; a log line with a whole header in it is longer than any message. */
const MAX_TEXT = 8_192;

const BY_VOCABULARY: Partial<Record<Vocabulary, () => readonly MessagePattern[]>> = {
  nginx: nginxMessages,
  apache: apacheMessages,
  haproxy: haproxyMessages,
  envoy: envoyMessages,
  varnish: varnishMessages,
  caddy: caddyMessages,
  traefik: traefikMessages,
  node: nodeMessages,
};

/** Line starts that name the product, so that its messages alone are tried. */
const SHAPES: readonly (readonly [RegExp, Vocabulary])[] = [
  [/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[\w+\] \d+#\d+: /, 'nginx'],
  [/^\[[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d(?:\.\d+)? \d{4}\] /, 'apache'],
  [/^[\s*-]*(?:\d+ )?-*\s*(?:FetchError|VCL_Error)\s/, 'varnish'],
  [/"logger":"http\./, 'caddy'],
  [/\bhaproxy(?:\[\d+\])?[: ]/, 'haproxy'],
];

/** Every message of every product. */
export function messagePatterns(): readonly MessagePattern[] {
  return Object.values(BY_VOCABULARY).flatMap((patterns) => patterns());
}

/**
 * What a message of this product means; the text may be the message alone or the whole line. Undefined: not one of those that are known.
 * The most exact of several that fit.
 */
export function matchMessage(vocabulary: Vocabulary, text: string): CodeMeaning | undefined {
  const start = text.slice(0, MAX_TEXT);
  if (vocabulary === 'apache') {
    const numbered = apacheMessage(start);
    if (numbered !== undefined) return numbered;
  }
  return BY_VOCABULARY[vocabulary]?.().find(({ pattern }) => pattern.test(start))?.meaning;
}

/** The product that a line’s own form names; undefined for a message alone and for other lines. */
export function productOf(line: string): Vocabulary | undefined {
  return SHAPES.find(([pattern]) => pattern.test(line.slice(0, MAX_TEXT)))?.[1];
}

/** What a text can mean in each product that has such a message; only one product where the line shows whose it is. */
export function messagesIn(text: string): readonly CodeMeaning[] {
  const shape = productOf(text);
  const vocabularies = shape === undefined ? (Object.keys(BY_VOCABULARY) as Vocabulary[]) : [shape];
  return vocabularies.map((vocabulary) => matchMessage(vocabulary, text)).filter((meaning) => meaning !== undefined);
}
