/** Puts together what the thread, the machine and the recording tell of the probe itself. */
import type { MachineFacts } from '../model/instrument.ts';
import type { ProbeQuality } from '../model/recording.ts';
import type { RecordedTraffic } from '../recording/recorder.ts';
import type { ThreadQuality } from '../traffic/protocol.ts';

/** Every exchange that was launched is recorded, or a login; otherwise the books do not balance. */
export function probeQuality(
  { arrivals, starvation, collector, launched, blankUs, blankAfterUs, reuse, threads, ...thread }: ThreadQuality,
  traffic: Pick<RecordedTraffic, 'quality' | 'instrument' | 'exchangeCount'>,
  loginCount: number,
  machine: MachineFacts,
  achievedRateRatio: number,
): ProbeQuality {
  return {
    ...thread,
    ...traffic.quality,
    portShortages: thread.portShortages,
    achievedRateRatio,
    instrument: {
      ...traffic.instrument,
      books: { launched, recorded: traffic.exchangeCount + loginCount },
      machine,
      ...(arrivals === undefined ? {} : { arrivals }),
      ...(starvation === undefined ? {} : { starvation }),
      ...(collector === undefined ? {} : { collector }),
      ...(blankUs === undefined ? {} : { blankUs }),
      ...(threads === undefined ? {} : { threads }),
      ...(blankAfterUs === undefined ? {} : { blankAfterUs }),
      ...(reuse === undefined ? {} : { reuse }),
    },
  };
}
