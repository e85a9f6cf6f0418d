import type { LogEntry } from '../../model/log.ts';
import type { DocumentReader, LogFormat } from '../format.ts';
import { eventEntry } from './iis-event-entry.ts';
import { createBadPlaces } from './xml-bad-places.ts';
import { createXmlPieces, type XmlPiece } from './xml-pieces.ts';

/** Windows events as XML, from `wevtutil /f:xml`, Event Viewer or `ToXml()`: with a root element, without one, or in one line. */
export const windowsEvents: LogFormat = {
  id: 'windows-events',
  title: 'Windows event log (XML)',
  stamp: 'moment',
  // Events reach the log within seconds, but WAS itself tells a crash late: 13 s in the one real pair that we know.
  flushGuardUs: 30_000_000,
  recognise: (head) => {
    const text = head.replaceAll('\0', '');
    if (text.includes('<failedRequest')) return 0;
    if (!/^[^<]{0,8}(?:<[?!][^>]*>\s*)*(?:<Events?\b|<[\w:]+[^>]*>\s*<Event[\s>])/.test(text)) return 0;
    if (text.includes('schemas.microsoft.com/win/2004/08/events/event')) return 1;
    return /<System>[\s\S]*<Provider\b/.test(text) ? 0.8 : 0;
  },
  reading: { unit: 'document', open: openReader },
};

function openReader(): DocumentReader {
  const pieces = createXmlPieces('Event');
  const bad = createBadPlaces();
  const read = ({ kind, text, offset }: XmlPiece): LogEntry[] => {
    const entry = kind === 'record' ? eventEntry(text) : undefined;
    if (entry === undefined) bad.add(offset, kind === 'torn' ? 'cut off' : 'an event without provider, number or time');
    return entry === undefined ? [] : [entry];
  };
  return {
    push: (text) => pieces.push(text).flatMap(read),
    end: () => pieces.end().flatMap(read),
    bad: bad.places,
    badCount: bad.count,
  };
}
