/** Lists of `$upstream_…`: one element for each attempt at a member. */
import type { UpstreamTry } from '../../model/log.ts';
import { countOf, known } from './clf-request.ts';
import { textSecondsUs } from './clf-time.ts';

/**
 * Elements of a list: groups of internal redirects are joined by ` : `, attempts inside a group by `, `. Elements that nginx left empty
 * (a group in which no member was chosen) stay, because all lists of a line have the same shape.
 */
export function listElements(text: string): readonly string[] {
  return text.split(' : ').flatMap((group) => group.split(', '));
}

/** Variables that tell about attempts, by the field that they fill. */
const OF_TRY = {
  status: 'upstream_status',
  connect: 'upstream_connect_time',
  header: 'upstream_header_time',
  response: 'upstream_response_time',
  received: 'upstream_bytes_received',
} as const;

export type Upstream = {
  readonly tries?: readonly UpstreamTry[];
  /** Variables that could not be told to attempts, to be kept as they are. */
  readonly unused: readonly string[];
};

/**
 * Attempts in order. None when the address is `-` or empty; unknown without `upstream_addr`. A list of another length than that of the
 * addresses is not used.
 */
export function upstreamOf(values: ReadonlyMap<string, string>, addressText: string | undefined): Upstream {
  if (addressText === undefined) return { unused: Object.values(OF_TRY) };
  if (addressText === '-' || addressText.trim() === '') return { tries: [], unused: [] };
  const addresses = listElements(addressText);
  const unused: string[] = [];
  const columnOf = (name: string): readonly string[] => {
    const text = values.get(name);
    if (text === undefined) return [];
    const elements = listElements(text);
    if (elements.length === addresses.length) return elements;
    if (text !== '-') unused.push(name);
    return [];
  };
  const status = columnOf(OF_TRY.status);
  const connect = columnOf(OF_TRY.connect);
  const header = columnOf(OF_TRY.header);
  const response = columnOf(OF_TRY.response);
  const received = columnOf(OF_TRY.received);
  const tries = addresses.flatMap((address, at): readonly UpstreamTry[] => {
    const name = address.trim();
    if (name === '' || name === '-') return [];
    return [
      {
        address: name,
        ...known({
          status: countOf(status[at]),
          connectUs: textSecondsUs(connect[at] ?? ''),
          headerUs: textSecondsUs(header[at] ?? ''),
          responseUs: textSecondsUs(response[at] ?? ''),
          bytesReceived: countOf(received[at]),
        }),
      },
    ];
  });
  return { tries, unused };
}
