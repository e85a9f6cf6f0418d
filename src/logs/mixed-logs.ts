/** Logs in which a program's messages stand between its requests, as containers write both to one stream. */
import type { LineReader, LogFormat } from './format.ts';
import type { SourceResult } from './reading/read-source.ts';
import type { FileGroup, Group } from './source-group.ts';

/** Access logs that have a log of messages of another format beside them. */
const ACCESS_FORMATS: readonly string[] = ['nginx', 'apache', 'combined'];
const MESSAGE_FORMATS: readonly string[] = ['nginx-error', 'apache-error'];
/** Of the first lines that are no requests: most of them are messages of that format. */
const LEAST_CERTAINTY = 0.5;

/** The messages of logs whose lines are not all requests, to be read from the same files. Standard input cannot be read twice. */
export function messagesAmong(groups: readonly Group[], formats: readonly LogFormat[]): readonly FileGroup[] {
  const found = groups.flatMap((group): Omit<FileGroup, 'index'>[] => {
    if (!ACCESS_FORMATS.includes(group.format.id) || group.files.some(({ input }) => input.kind === 'stdin')) return [];
    const strange = group.results.flatMap(({ bad }) => bad.first.map(({ text }) => text)).join('\n');
    const messages = formats.find(
      (format) => MESSAGE_FORMATS.includes(format.id) && format.recognise(strange) > LEAST_CERTAINTY,
    );
    if (strange === '' || messages === undefined) return [];
    const { role, member, roleBecause, files } = group;
    return [
      {
        role,
        ...(member === undefined ? {} : { member }),
        ...(roleBecause === undefined ? {} : { roleBecause }),
        format: between(messages, group.format),
        files: files.map((file) => ({ ...file, formatOptions: timeZoneOf(file.formatOptions) })),
      },
    ];
  });
  return found.map((group, at) => ({ ...group, index: groups.length + at }));
}

/** A pattern is that of the requests. */
function timeZoneOf({ timeZone }: { readonly timeZone?: string }): { readonly timeZone?: string } {
  return timeZone === undefined ? {} : { timeZone };
}

/** The format of the messages, to which the lines of requests are as good as blank. */
function between(messages: LogFormat, requests: LogFormat): LogFormat {
  const { reading } = messages;
  const other = requests.reading;
  if (reading.unit !== 'lines' || other.unit !== 'lines') return messages;
  return {
    ...messages,
    reading: {
      unit: 'lines',
      open: (options): LineReader => {
        const own = reading.open(options);
        const passed = other.open(options);
        return {
          ...own,
          read: (buffer, start, end) => {
            const kind = own.read(buffer, start, end);
            return kind === 'bad' && passed.read(buffer, start, end) === 'entry' ? 'blank' : kind;
          },
        };
      },
    },
  };
}

/** Every line counts where it was understood: the requests without the messages that were read beside them. */
export function withoutMessages(requests: Group, messages: Group): readonly [requests: Group, messages: Group] {
  const entriesOf = (at: number): number => messages.results[at]?.entries ?? 0;
  return [
    {
      ...requests,
      results: requests.results.map((result, at): SourceResult => {
        const count = Math.max(0, result.bad.count - entriesOf(at));
        return {
          ...result,
          lines: result.lines - (result.bad.count - count),
          bad: { count, first: count === 0 ? [] : result.bad.first.filter(({ text }) => !isMessage(text, messages)) },
        };
      }),
    },
    {
      ...messages,
      results: messages.results.map((result) => ({ ...result, lines: result.lines - result.blanks, blanks: 0 })),
    },
  ];
}

function isMessage(text: string, { format }: Group): boolean {
  return format.recognise(text) > LEAST_CERTAINTY;
}
