/** Whose a pattern is, by its own text. */
import type { LogFormatId } from '../model/log.ts';

/** The formats that a pattern may be of; varnishncsa took over the signs of Apache. Empty: it has no field of any. */
export function formatsOfPattern(pattern: string): readonly LogFormatId[] {
  if (/^\s*LogFormat\s/i.test(pattern)) return ['apache'];
  if (/^\s*log_format\s/.test(pattern) || /\$\{?[a-z]/.test(pattern)) return ['nginx'];
  return /%[<>]*(?:\{[^}]+\})?[A-Za-z]/.test(pattern) ? ['apache', 'varnish'] : [];
}
