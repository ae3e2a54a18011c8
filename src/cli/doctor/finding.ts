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
