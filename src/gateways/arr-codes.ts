import type { AnswerFacts } from '../model/exchange.ts';
import { bodyStart } from './answer.ts';
import { readNumber } from './codes/number-forms.ts';
import { winhttpMeaning } from './codes/winhttp.ts';

export type IisCodes = { readonly substatus?: number; readonly code?: string; readonly meaning?: string };

// Substatus codes that ARR shares with other modules: these meanings hold only where the page names ARR's module.
const ARR_SUBSTATUS: Readonly<Record<string, string>> = {
  '502.2': 'ARR could not map the request',
  '502.3': 'ARR could not forward the request',
  '502.4': 'ARR has no server to send to',
  '502.5': 'ARR failed on a WebSocket',
  '502.6': 'ARR failed while forwarding the request',
  '502.7': 'ARR failed while executing the request',
};

const FOOTER = /IIS70Error=(\d+),(\d+),(0x[0-9a-f]+),(\d+)/i;
const TITLE = /IIS(?: [\d.]+)? Detailed Error - (\d{3})\.(\d+) - /;
const ANCM_TITLE = /<title>\s*HTTP Error (\d{3})\.(\d+) - /;
const ERROR_CODE_ROW = /<th>Error Code<\/th>\s*<td>(?:&nbsp;|\s)*(0x[0-9a-f]+)/i;
const MODULE_ROW = /<th>Module<\/th>\s*<td>(?:&nbsp;|\s)*([\w ]+?)\s*<\/td>/i;

/** Module that a detailed page of IIS names as the one that failed. */
export function failedModule(answer: AnswerFacts): string | undefined {
  return MODULE_ROW.exec(bodyStart(answer))?.[1];
}

export function isArrModule(module: string | undefined): boolean {
  return module === 'ApplicationRequestRouting';
}

/** Win32 number of an HRESULT, as text; the HRESULT itself when it is of another kind; undefined for success. */
export function codeOfHresult(hresult: string): string | undefined {
  const [number] = readNumber(hresult);
  if (number === undefined || number.value === 0n) return undefined;
  return number.win32 === undefined ? hresult.toLowerCase() : String(number.win32);
}

/**
 * Substatus and error code out of a detailed page of IIS: the footer where it was kept (it is the same in every language and stands at
 * the end of the page), else the title and the table. A page for another status than the answer's is not believed.
 */
export function iisCodes(answer: AnswerFacts): IisCodes | undefined {
  const body = bodyStart(answer);
  const footer = FOOTER.exec(body);
  const title = TITLE.exec(body) ?? ANCM_TITLE.exec(body);
  const status = Number(footer?.[1] ?? title?.[1]);
  if (status !== answer.status) return undefined;
  const substatus = Number(footer?.[2] ?? title?.[2]);
  const hresult = footer?.[3] ?? ERROR_CODE_ROW.exec(body)?.[1];
  const code = hresult === undefined ? undefined : codeOfHresult(hresult);
  const meaning = meaningOf(`${status}.${substatus}`, code, failedModule(answer));
  return { substatus, ...(code === undefined ? {} : { code }), ...(meaning === undefined ? {} : { meaning }) };
}

function meaningOf(key: string, code: string | undefined, module: string | undefined): string | undefined {
  const winhttp = code === undefined ? undefined : winhttpText(Number(code));
  const substatus = isArrModule(module) ? ARR_SUBSTATUS[key] : undefined;
  const meanings = [substatus, winhttp].filter((part) => part !== undefined);
  return meanings.length === 0 ? undefined : meanings.join('; ');
}

function winhttpText(code: number): string | undefined {
  const known = winhttpMeaning(code);
  if (known === undefined) return undefined;
  const { name, meaning } = known;
  return `${name}: ${meaning.charAt(0).toLowerCase()}${meaning.slice(1).replace(/\.$/, '')}`;
}
