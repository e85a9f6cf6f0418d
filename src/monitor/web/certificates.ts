/** Certificates as the last handshakes showed them, the one that ends first on top. */
import { table } from '../../report/html-parts.ts';
import type { Markup } from '../../report/markup.ts';
import type { CertificateState } from '../feed.ts';
import { rowName } from './farm.ts';

const DAY_US = 86_400_000_000;

export function certificateTable(certificates: readonly CertificateState[], nowAtUs: number): Markup {
  const columns = [{ title: 'Route' }, { title: 'Certificate' }, { title: 'Issuer' }, { title: 'Ends' }];
  const cells = certificates
    .toSorted((a, b) => a.validToAtUs - b.validToAtUs)
    .map(({ route, subject, issuer, validToAtUs }) => [rowName(route), subject, issuer, endText(validToAtUs, nowAtUs)]);
  return table('As the last handshakes showed them', columns, cells);
}

function endText(validToAtUs: number, nowAtUs: number): string {
  if (!Number.isFinite(validToAtUs)) return 'not known';
  const date = new Date(validToAtUs / 1_000).toISOString().slice(0, 10);
  const days = Math.trunc((validToAtUs - nowAtUs) / DAY_US);
  if (validToAtUs <= nowAtUs) return `${date}, ended`;
  return `${date}, in ${days === 0 ? 'less than a day' : days === 1 ? '1 day' : `${days} days`}`;
}
