/** What must hold, whatever happens. `P1` to `S5` stand in docs/design.md and docs/security.md. */
export const INVARIANTS = {
  P1: 'At most one presentation of a refresh token is awaited at any time.',
  P2: 'A refresh token that is spent, or may be, is not presented again.',
  P3: 'A token set that was received is kept, or handed to its caller.',
  P4: 'Who comes late is served for a while, and is a replay after that.',
  P5: 'Only the server, a replay or a sign-out makes a grant revoked.',
  S1: 'Nothing that is written, logged, thrown or told shows a token.',
  S2: 'A replay ends the chain for everybody.',
  S3: 'After a sign-out nobody is handed a token.',
  S4: 'A refresh token is sent to its token endpoint, and to no other place.',
  S5: 'Whatever comes, a call ends in one of the five outcomes.',
  served: 'When nothing is wrong any more, whoever comes is served.',
  budget: 'Each call ends inside its time.',
  request: 'The server finds the refresh token where it looks for it.',
  success: 'A success is never thrown away.',
  expiry: 'The expiry of an access token is read as the server means it.',
  rotation: 'What the provider says of rotation is what the server does.',
  replay: 'What the provider says of presenting again is what the server does.',
  failures: 'What the provider says of an error is what became of the refresh token.',
  old_access_token: 'What the provider says of older access tokens is what the server does.',
} as const

export type Invariant = keyof typeof INVARIANTS

/** An invariant that does not hold, and what was seen of it. Holds no token. */
export class Violation extends Error {
  readonly invariant: Invariant

  constructor(invariant: Invariant, what: string) {
    super(what)
    this.invariant = invariant
  }
}
