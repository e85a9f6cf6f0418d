/** Rows of a `lines` exhibit, read for any writer: who said it, where it stands, why it decides. */
import type { Exhibit, Finding, LinesRow } from '../model/finding.ts';
import { isoTime, NO_VALUE } from './format.ts';

export type LineGroup = {
  /** `gateway`, `web1`. */
  readonly who: string;
  readonly isGateway: boolean;
  readonly lines: readonly { readonly place: string; readonly text: string }[];
};

/** Lines of one host that follow each other are one group; the gateway's come first, whatever their order. */
export function groupLines({ lines }: LinesRow): readonly LineGroup[] {
  const groups: { who: string; isGateway: boolean; lines: { place: string; text: string }[] }[] = [];
  for (const { source, text } of lines) {
    // A source is said as `web1, logs/web1/u_ex110718.log, line 6`.
    const end = source.indexOf(', ');
    const who = end < 0 ? source : source.slice(0, end);
    const line = { place: end < 0 ? '' : source.slice(end + 2), text };
    const group = groups.find((one) => one.who === who);
    if (group === undefined) groups.push({ who, isGateway: who === 'gateway', lines: [line] });
    else group.lines.push(line);
  }
  return [...groups.filter(({ isGateway }) => isGateway), ...groups.filter(({ isGateway }) => !isGateway)];
}

/** `2011-07-18 16:50:20.111 UTC`. */
export function lineTime({ atUs }: LinesRow): string {
  const iso = isoTime(atUs);
  return iso === undefined ? NO_VALUE : `${iso.slice(0, 10)} ${iso.slice(11, 23)} UTC`;
}

/** Why the row of the table applies, as a sentence. */
export function reasonSentence({ because }: LinesRow): string {
  const text = because.trim();
  if (text === '') return '';
  return `${text[0]?.toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}

export function linesOf({ exhibits }: Finding): readonly (Exhibit & { readonly kind: 'lines' })[] {
  return exhibits.filter((exhibit) => exhibit.kind === 'lines');
}
