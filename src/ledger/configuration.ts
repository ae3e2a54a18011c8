/** What parts one ledger from another. */
export interface Naming {
  /**
   * A secret of the processes that share the ledger: no reader of the store may know it. Default:
   * none, which is enough for tokens that cannot be guessed.
   */
  readonly pepper?: string | undefined
  /** Parts ledgers that share a store. Default `'default'`. */
  readonly ledger?: string | undefined
}

/** 128 bits in hexadecimal (`openssl rand -hex 16`). What is shorter is a password: guessable. */
const PEPPER_MIN_LENGTH = 32

/** @throws {TypeError} For a pepper too short to keep a secret, or a ledger without name. */
export function checkNaming({ pepper, ledger }: Naming): void {
  if (pepper !== undefined && pepper.length < PEPPER_MIN_LENGTH) {
    throw new TypeError(
      `pepper must be at least ${PEPPER_MIN_LENGTH} random characters (openssl rand -hex 16), ` +
        'or left out: an empty environment variable is no pepper.',
    )
  }
  if (ledger === '') throw new TypeError('ledger must be a name, or left out.')
}
