/** Where the rows of a closed loop wait until the recording thread takes them. */
import { type AnswerRows, ROW_LENGTH } from '../model/answer-rows.ts';

export type RowCollector = {
  /** Where in `values` the next row begins; the row counts with that. Valid until the next call. */
  next(): number;
  readonly values: Float64Array;
  /** The place of a name, for `ROW.answeredBy`; -1 where there are too many names. */
  memberPlace(name: string): number;
  /** What has come since the last call; undefined when nothing has. Its values may be transferred. */
  take(): AnswerRows | undefined;
};

const FIRST_ROWS = 4_096;
/** More names than a farm has members: ids that differ on every answer. */
const MOST_MEMBERS = 1_024;

export function createRowCollector(
  about: Pick<AnswerRows, 'runId' | 'experimentId' | 'route' | 'requestName'>,
): RowCollector {
  let count = 0;
  let values = new Float64Array(FIRST_ROWS * ROW_LENGTH);
  const places = new Map<string, number>();
  return {
    next() {
      const place = count * ROW_LENGTH;
      if (place === values.length) {
        const larger = new Float64Array(2 * place);
        larger.set(values);
        values = larger;
      }
      count++;
      return place;
    },
    get values() {
      return values;
    },
    memberPlace(name) {
      let place = places.get(name);
      if (place === undefined) {
        if (places.size >= MOST_MEMBERS) return -1;
        place = places.size;
        places.set(name, place);
      }
      return place;
    },
    take() {
      if (count === 0) return undefined;
      const rows: AnswerRows = {
        ...about,
        count,
        values: values.slice(0, count * ROW_LENGTH),
        members: [...places.keys()],
      };
      count = 0;
      return rows;
    },
  };
}
