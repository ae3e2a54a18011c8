import { styleText } from 'node:util'
import type { USAGE_EXIT } from '../args.ts'
import type { Terminal } from '../command.ts'

/** The checks, in this order. */
export type Check =
  | 'configuration'
  | 'connection'
  | 'discovery'
  | 'clock'
  | 'token_endpoint'
  | 'client_authentication'
  | 'revocation_endpoint'
  | 'offline_access'
  | 'prompt'
  | 'provider_switch'
  | 'redis'

/** `open`: the doctor could not find out. */
export type Verdict = 'fine' | 'warning' | 'problem' | 'open'

/** The result of one check. It holds no secret, and no unchecked text of a server. */
export interface DoctorFinding {
  readonly check: Check
  readonly verdict: Verdict
  readonly says: string
  /** What the user can do. */
  readonly fix?: string
}

/** Makes the findings of one check. */
export function findings(check: Check) {
  return (verdict: Verdict, says: string, fix?: string): DoctorFinding => ({
    check,
    verdict,
    says,
    ...(fix !== undefined && { fix }),
  })
}

export function isProblem({ verdict }: DoctorFinding): boolean {
  return verdict === 'problem'
}

/** Returns a server's text if it is safe to print: one short line of visible ASCII. */
export function printable(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\x21-\x7e]{1,200}$/.test(value) ? value : undefined
}

export const EXIT = {
  /** Nothing is wrong; there may be warnings. */
  fine: 0,
  /** Something is wrong. */
  problem: 1,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT] | typeof USAGE_EXIT

const MARKS = {
  fine: ['✓', 'green'],
  warning: ['!', 'yellow'],
  problem: ['✗', 'red'],
  open: ['?', 'cyan'],
} as const satisfies Record<Verdict, readonly [string, Parameters<typeof styleText>[0]]>

const CHECK_WIDTH = 21

/** Prints the findings, for people or for programs, without any of the secrets. */
export function report(
  found: readonly DoctorFinding[],
  exitCode: ExitCode,
  { isJson, secrets }: { readonly isJson: boolean; readonly secrets: readonly string[] },
  { out, hasColors }: Terminal,
): void {
  const shown = found.map((finding) => redacted(finding, secrets))
  if (isJson) return out(`${JSON.stringify({ exitCode, findings: shown }, undefined, 2)}\n`)
  for (const { check, verdict, says, fix } of shown) {
    const [mark, color] = MARKS[verdict]
    const marked = hasColors ? styleText(color, mark) : mark
    out(`${marked} ${check.padEnd(CHECK_WIDTH)} ${says}\n`)
    if (fix !== undefined) out(`${' '.repeat(CHECK_WIDTH + 3)}${fix}\n`)
  }
  const count = (verdict: Verdict, noun: string): string => {
    const { length } = shown.filter((each) => each.verdict === verdict)
    return `${length} ${noun}${length === 1 ? '' : 's'}`
  }
  const open = count('open', 'open question')
  out(`\n${count('problem', 'problem')}, ${count('warning', 'warning')}, ${open}\n`)
}

/** Hides known secrets, also in texts that a server sent. */
function redacted(
  { check, verdict, says, fix }: DoctorFinding,
  secrets: readonly string[],
): DoctorFinding {
  const hidden = (text: string): string =>
    secrets
      .filter((secret) => secret.length > 3)
      .reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), text)
  return { check, verdict, says: hidden(says), ...(fix !== undefined && { fix: hidden(fix) }) }
}
