import type { Terminal } from '../../src/cli/command.ts'
import { systemClock } from '../../src/core/clock.ts'

/** A terminal that keeps what is written to it. */
export function recording(): Terminal & { readonly written: { out: string; error: string } } {
  const written = { out: '', error: '' }
  return {
    written,
    out: (text) => void (written.out += text),
    error: (text) => void (written.error += text),
    hasColors: false,
    clock: systemClock,
  }
}
