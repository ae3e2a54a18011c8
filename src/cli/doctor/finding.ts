import { styleText } from 'node:util'
import type { Terminal } from '../command.ts'

/** What is looked at, in this order. */
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
  | 'spend'

/** `open`: it could not be found out from here. */
export type Verdict = 'fine' | 'warning' | 'problem' | 'open'

/** One thing that was looked at. Nothing in it is a secret, or text of a server's unchecked. */
export interface Finding {
  readonly check: Check
  readonly verdict: Verdict
  readonly says: string
  /** What to do about it. */
  readonly fix?: string
}

/** Makes the findings of one check. */
export function findings(check: Check) {
  return (verdict: Verdict, says: string, fix?: string): Finding => ({
    check,
    verdict,
    says,
    ...(fix !== undefined && { fix }),
  })
}

export function isProblem({ verdict }: Finding): boolean {
  return verdict === 'problem'
}

/** Text of a server's that may be printed: one short line of visible ASCII, as an address is. */
export function printable(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\x21-\x7e]{1,200}$/.test(value) ? value : undefined
}

/** What the command ends with. */
export const EXIT = {
  /** Nothing is wrong; there may be warnings. */
  fine: 0,
  /** Something is wrong. */
  problem: 1,
  /** The command line cannot be carried out; no token of the caller's was sent. */
  misused: 2,
  /** `--spend`: the refresh token may be spent, and its successor is not in the file. */
  lost: 3,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const MARKS = {
  fine: ['✓', 'green'],
  warning: ['!', 'yellow'],
  problem: ['✗', 'red'],
  open: ['?', 'cyan'],
} as const satisfies Record<Verdict, readonly [string, Parameters<typeof styleText>[0]]>

const CHECK_WIDTH = 21

/** Prints what was found, for people or for programs, without any of the secrets. */
export function report(
  found: readonly Finding[],
  exitCode: ExitCode,
  { isJson, secrets }: { readonly isJson: boolean; readonly secrets: readonly string[] },
  { out, hasColors }: Terminal,
): void {
  const shown = found.map((finding) => discreet(finding, secrets))
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

/** Nothing that is known to be a secret is printed, whoever wrote it into a text. */
function discreet({ check, verdict, says, fix }: Finding, secrets: readonly string[]): Finding {
  const hidden = (text: string): string =>
    secrets
      .filter((secret) => secret.length > 3)
      .reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), text)
  return { check, verdict, says: hidden(says), ...(fix !== undefined && { fix: hidden(fix) }) }
}
