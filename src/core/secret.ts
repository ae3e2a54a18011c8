/**
 * A token inside the library. Prints its fingerprint (or nothing at all) wherever a value is
 * printed: template strings, `JSON.stringify`, `util.inspect`, inspection events, errors.
 */
export class Secret {
  readonly #value: string
  #fingerprint: string | undefined

  constructor(value: string) {
    this.#value = value
  }

  /** The token itself. Called where it leaves for the AS, the ledger's sealer or its owner. */
  expose(): string {
    return this.#value
  }

  equals(other: Secret | undefined): boolean {
    return other !== undefined && this.#value === other.#value
  }

  /** Names the secret for logs, by a keyed digest. The ledger makes it: it holds the key. */
  nameAs(fingerprint: string): void {
    this.#fingerprint = fingerprint
  }

  get fingerprint(): string | undefined {
    return this.#fingerprint
  }

  toString(): string {
    return this.#fingerprint === undefined ? '[secret]' : `[secret ${this.#fingerprint}]`
  }

  toJSON(): string {
    return this.toString()
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }
}

/**
 * Hides the fields of an object from all that prints, copies or serializes it. Code that knows a
 * field by name reads it as before.
 */
export function hidden<T extends object>(value: T): T {
  for (const field of Object.keys(value)) {
    Object.defineProperty(value, field, { enumerable: false })
  }
  return value
}
