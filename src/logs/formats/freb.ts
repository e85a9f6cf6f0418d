import type { LogEntry } from '../../model/log.ts';
import type { DocumentReader, LogFormat } from '../format.ts';
import { frebEvent } from './iis-freb-event.ts';
import { createFrebTrace, type FrebTrace } from './iis-freb-trace.ts';
import { createBadPlaces } from './xml-bad-places.ts';
import { createXmlPieces, type XmlPiece } from './xml-pieces.ts';
import { readXml } from './xml-tree.ts';

/** Failed Request Tracing of IIS (`fr000001.xml`): one request, step by step. Times are UTC. */
export const freb: LogFormat = {
  id: 'freb',
  title: 'IIS Failed Request Tracing',
  stamp: 'end',
  // A trace is written as one file when its request has ended; the rest is room for a busy disk.
  flushGuardUs: 5_000_000,
  recognise: (head) => {
    const text = head.replaceAll('\0', '');
    if (!/^(?:[^<]{0,8})(?:<[?!][^>]*>\s*)*(?:<\w+>\s*)?<failedRequest[\s>]/.test(text)) return 0;
    return text.includes('schemas.microsoft.com/win/2006/06/iis/freb') ? 1 : 0.9;
  },
  reading: { unit: 'document', open: openReader },
};

function openReader(): DocumentReader {
  const pieces = createXmlPieces('Event', 'failedRequest');
  const bad = createBadPlaces();
  let trace: FrebTrace | undefined;
  let startOffset = 0;

  const finish = (): LogEntry[] => {
    const entry = trace?.entry();
    trace = undefined;
    if (entry === undefined) bad.add(startOffset, 'a request without any event that tells a time');
    return entry === undefined ? [] : [entry];
  };
  const read = (piece: XmlPiece): LogEntry[] => {
    if (piece.kind === 'torn') bad.add(piece.offset, 'cut off');
    else if (piece.kind === 'record') {
      const event = trace === undefined ? undefined : frebEvent(piece.text);
      if (event === undefined) bad.add(piece.offset, 'an event without name or time, or outside a request');
      else trace?.add(event);
    } else if (piece.kind === 'close') return trace === undefined ? [] : finish();
    else {
      if (trace !== undefined) bad.add(startOffset, 'a request without an end');
      // Written as an empty element, a request has no events and so no time.
      const tag = piece.text.endsWith('/>') ? piece.text : `${piece.text.slice(0, -1)}/>`;
      trace = createFrebTrace(readXml(tag)?.attributes ?? {});
      startOffset = piece.offset;
      if (piece.text.endsWith('/>')) return finish();
    }
    return [];
  };

  return {
    push: (text) => pieces.push(text).flatMap(read),
    end: () => pieces.end().flatMap(read),
    bad: bad.places,
    badCount: bad.count,
  };
}
