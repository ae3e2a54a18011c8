/** Something that travels through the chart and is nobody's business there: it prints nothing. */
export class Opaque<T> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  static open<T>(opaque: Opaque<T>): T {
    return opaque.#value
  }

  toJSON(): string {
    return '[opaque]'
  }
}
